//! The later parts of the program, each in a file of its own (`dev-tools/split`): what shows a run comes once the figures of the first
//! one are there, and the rest after that. What is missing is fetched when it is called, without a word here.

use js_sys::{Function, Promise, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

/// How many later parts there are.
pub(crate) const COUNT: u8 = 2;

/// One of the functions that the program's script offers for them.
fn offered(name: &str) -> Option<Function> {
    let parts = Reflect::get(&js_sys::global(), &"faaslabParts".into()).ok()?;
    Reflect::get(&parts, &name.into()).ok()?.dyn_into().ok()
}

/// Fetches a part for the page. Answers it, compiled; nothing if it cannot be had now.
pub(crate) async fn fetch(part: u8) -> Option<JsValue> {
    let fetched: Promise = offered("fetch")?.call1(&JsValue::NULL, &part.into()).ok()?.dyn_into().ok()?;
    JsFuture::from(fetched).await.ok().filter(JsValue::is_truthy)
}

/// Takes a part that the page has fetched.
pub(crate) fn take(part: u8, module: &JsValue) {
    if let Some(take) = offered("take") {
        let _ = take.call2(&JsValue::NULL, &part.into(), module);
    }
}
