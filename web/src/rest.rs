//! The rest of the program. What the first visit does not need is in a file of its own (`dev-tools/split`), which comes once the
//! first run is shown. Until then what is missing is fetched when it is called, without a word here.

use js_sys::{Function, Promise, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

/// One of the functions that the program's script offers for it.
fn offered(name: &str) -> Option<Function> {
    let rest = Reflect::get(&js_sys::global(), &"faaslabRest".into()).ok()?;
    Reflect::get(&rest, &name.into()).ok()?.dyn_into().ok()
}

/// Fetches the rest for the page. Answers it, compiled; nothing if it cannot be had now.
pub(crate) async fn fetch() -> Option<JsValue> {
    let fetched: Promise = offered("fetch")?.call0(&JsValue::NULL).ok()?.dyn_into().ok()?;
    JsFuture::from(fetched).await.ok().filter(JsValue::is_truthy)
}

/// Takes the rest that the page has fetched.
pub(crate) fn take(module: &JsValue) {
    if let Some(take) = offered("take") {
        let _ = take.call1(&JsValue::NULL, module);
    }
}
