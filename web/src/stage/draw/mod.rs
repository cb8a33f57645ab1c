//! The picture of the stage: what edits change as SVG elements that can be focused, what time changes on a canvas above.
//! What is drawn where is decided in core's `view`; here it only becomes elements and strokes.

mod canvas;
mod topology;

use faaslab_core::scenario::Scenario;
use faaslab_core::view::{Layout, Theme, statics, svg};
use yew::Html;

pub(crate) use canvas::{Painter, rgb, theme_of};
pub(crate) use topology::TopologySvg;

/// The topology of a scenario as a small picture. Its texts are escaped where it is made.
pub(crate) fn picture(scenario: &Scenario, (width, height): (f64, f64), dark: bool) -> Html {
    let layout = Layout::of(scenario);
    let items = statics::topology(scenario, &layout, &layout.fit(width, height));
    let theme = if dark { Theme::DARK } else { Theme::LIGHT };
    Html::from_html_unchecked(svg(&items, width, height, &theme).into())
}
