//! FaaSLab's page. One binary, two roles: the page, or, when there is no window, the worker that simulates.

mod app;
mod charts;
mod dialogs;
mod embed;
mod keys;
mod menu;
mod panels;
mod parts;
mod stage;
mod store;
mod theme;
mod worker;

use wasm_bindgen::JsCast;

fn main() {
    match js_sys::global().dyn_into::<web_sys::DedicatedWorkerGlobalScope>() {
        Ok(scope) => worker::host::start(scope),
        Err(_) => {
            yew::set_custom_panic_hook(Box::new(|info| store::persist::show_crash(&info.to_string())));
            // A root of its own: the screen for failures beside it must survive.
            let root = web_sys::window().and_then(|w| w.document()).and_then(|d| d.get_element_by_id("app"));
            if let Some(root) = root {
                yew::Renderer::<app::App>::with_root(root).render();
            }
        }
    }
}
