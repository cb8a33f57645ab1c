//! FaaSLab's page. One binary, two roles: the page, or, when there is no window, the worker that simulates.

mod app;
mod charts;
mod dialogs;
mod panels;
mod stage;
mod store;
mod worker;

use wasm_bindgen::JsCast;

fn main() {
    match js_sys::global().dyn_into::<web_sys::DedicatedWorkerGlobalScope>() {
        Ok(scope) => worker::host::start(scope),
        Err(_) => {
            yew::set_custom_panic_hook(Box::new(|info| store::persist::show_crash(&info.to_string())));
            yew::Renderer::<app::App>::new().render();
        }
    }
}
