//! The picture of the stage: what edits change as SVG elements that can be focused, what time changes on a canvas above.
//! What is drawn where is decided in core's `view`; here it only becomes elements and strokes.

mod canvas;
mod topology;

use faaslab_core::scenario::Scenario;
use faaslab_core::view::{Layout, Theme, statics, svg};
use yew::Html;

pub(crate) use canvas::{Painter, rgb, theme_of};
pub(crate) use topology::{TopologySvg, element_id};

/// The colours of the page.
pub(crate) fn page_theme() -> Theme {
    let root = web_sys::window().and_then(|w| w.document()).and_then(|d| d.document_element());
    root.map_or(Theme::LIGHT, |root| theme_of(&root))
}

/// The topology of a scenario as a small picture. Its texts are escaped where it is made.
pub(crate) fn picture(scenario: &Scenario, (width, height): (f64, f64), theme: &Theme) -> Html {
    let layout = Layout::of(scenario);
    let items = statics::topology(scenario, &layout, &layout.fit(width, height));
    Html::from_html_unchecked(svg(&items, width, height, theme).into())
}
