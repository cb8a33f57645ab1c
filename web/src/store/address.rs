//! The page's own address: where it leads, and how it is left.

use faaslab_core::scenario::Scenario;
use faaslab_core::share::{Address, AddressError, Arrival, PREFIX, encode};
use wasm_bindgen::JsValue;

use super::gallery;

/// The part of the address that only the page reads.
pub(crate) fn fragment() -> String {
    web_sys::window().and_then(|w| w.location().hash().ok()).unwrap_or_default()
}

/// The address without that part.
pub(crate) fn base() -> String {
    let href = web_sys::window().and_then(|w| w.location().href().ok()).unwrap_or_default();
    href.split('#').next().unwrap_or_default().to_owned()
}

/// The link that holds a whole experiment.
pub(crate) fn whole(scenario: &Scenario) -> String {
    format!("{}{PREFIX}{}", base(), encode(scenario))
}

/// What the address asks for.
pub(crate) fn here() -> Address {
    Address::parse(&fragment())
}

/// The scenario that an address leads to; nothing if it leads nowhere else than to what the page has.
pub(crate) fn open(address: &Address, shown: &Scenario) -> Option<Result<Arrival, AddressError>> {
    address.open(Some(shown), gallery::scenario)
}

/// Takes the part away that only the page reads.
pub(crate) fn leave() {
    if fragment().is_empty() {
        return;
    }
    if let Some(history) = web_sys::window().and_then(|w| w.history().ok()) {
        let _ = history.replace_state_with_url(&JsValue::NULL, "", Some(&base()));
    }
}
