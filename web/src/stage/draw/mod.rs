//! The picture of the stage: what edits change as SVG elements that can be focused, what time changes on a canvas above.
//! What is drawn where is decided in core's `view`; here it only becomes elements and strokes.

mod canvas;
mod topology;

pub(crate) use canvas::{Painter, theme_of};
pub(crate) use topology::TopologySvg;
