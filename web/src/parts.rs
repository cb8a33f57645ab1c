//! The later parts of the program, each in a file of its own (`dev-tools/split`): what shows a run comes once the figures of the first
//! one are there, and the rest after that. What is missing is fetched when it is called, without a word here.

use std::cell::RefCell;

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

thread_local! {
    /// The parts that a worker was given, for a worker of its own.
    static TAKEN: RefCell<Vec<(u8, JsValue)>> = const { RefCell::new(Vec::new()) };
}

/// Does something with each part that was taken.
pub(crate) fn each(mut act: impl FnMut(u8, &JsValue)) {
    TAKEN.with_borrow(|taken| taken.iter().for_each(|(part, module)| act(*part, module)));
}

/// Takes a part that the page has fetched.
pub(crate) fn take(part: u8, module: &JsValue) {
    TAKEN.with_borrow_mut(|taken| taken.push((part, module.clone())));
    if let Some(take) = offered("take") {
        let _ = take.call2(&JsValue::NULL, &part.into(), module);
    }
}
