//! What outlives the page: autosave, preferences, and the screen that is shown when the page itself fails.

use faaslab_core::edit::Document;
use faaslab_core::scenario::Scenario;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::Storage;

use super::{gallery, history};

const SCENARIO: &str = "faaslab.scenario";
const EARLIER: &str = "faaslab.earlier";
const THEME: &str = "faaslab.theme";
const FORK: &str = "faaslab.fork";
const AXIS: &str = "faaslab.axis.";

/// What all tabs of the page share.
fn storage() -> Option<Storage> {
    web_sys::window()?.local_storage().ok().flatten()
}

/// What this tab has alone, until it is closed: what is done in one tab does not change what another returns to.
fn own() -> Option<Storage> {
    web_sys::window()?.session_storage().ok().flatten()
}

/// Writes a text for all tabs. Fails in words when the browser has no room or forbids it.
fn write(key: &str, text: &str) -> Result<(), String> {
    let storage = storage().ok_or("This browser does not let the page save your work. Save it as a file before you leave.")?;
    let full = || "The browser has no room left to save your work. Save it as a file before you leave.".to_owned();
    if set_with_room(&storage, key, text) { Ok(()) } else { Err(full()) }
}

/// Writes a text, for which the oldest steps of the undo history give way. Answers whether there was room.
fn set_with_room(storage: &Storage, key: &str, text: &str) -> bool {
    while storage.set_item(key, text).is_err() {
        if !history::give_way(storage) {
            return false;
        }
    }
    true
}

/// Saves the scenario with its undo history. Answers how many of the oldest steps there was no room for; fails in words when the
/// browser has no room for the scenario or forbids it.
pub(crate) fn save(document: &Document) -> Result<usize, String> {
    let text = document.scenario().to_json();
    let here = own().is_some_and(|own| {
        history::keep(&own, document);
        set_with_room(&own, SCENARIO, &text)
    });
    // What is there from before would be taken for the last.
    if let Some(own) = own().filter(|_| !here) {
        let _ = own.remove_item(SCENARIO);
    }
    write(SCENARIO, &text)?;
    Ok(storage().map_or(0, |storage| history::keep(&storage, document)))
}

/// Remembers that the page shows a fork from this instant on, in seconds, or none: what is saved then has it in its timeline.
pub(crate) fn keep_fork(at_s: Option<f64>) {
    let Some(own) = own() else { return };
    let _ = match at_s {
        Some(at_s) => own.set_item(FORK, &at_s.to_string()),
        None => own.remove_item(FORK),
    };
}

/// The instant of the fork that this tab was left in, if what it saved has one.
pub(crate) fn fork() -> Option<f64> {
    let own = own().filter(|own| matches!(own.get_item(SCENARIO), Ok(Some(_))))?;
    own.get_item(FORK).ok().flatten()?.parse().ok()
}

/// The undo history that was saved with a scenario.
pub(crate) fn steps(scenario: &Scenario) -> history::Steps {
    let kept = [own(), storage()].into_iter().flatten().map(|storage| history::kept(&storage, scenario));
    kept.into_iter().find(|steps| *steps != history::Steps::default()).unwrap_or_default()
}

/// Keeps what is saved aside before a scenario of another origin is saved in its place, unless the gallery has it too or it is
/// kept already. Answers whether it was kept.
pub(crate) fn keep_earlier(next: &Scenario) -> Result<bool, String> {
    let read = |key| storage().and_then(|s| s.get_item(key).ok().flatten());
    let Some(text) = read(SCENARIO).filter(|text| read(EARLIER).as_ref() != Some(text)) else { return Ok(false) };
    let is_work = Scenario::from_json(&text).map_or(true, |saved| saved != *next && !gallery::has(&saved));
    if is_work {
        write(EARLIER, &text)?;
    }
    Ok(is_work)
}

/// What was kept aside last: its text, and the scenario that it is, or why it cannot be read.
pub(crate) fn earlier() -> Option<(String, Result<Scenario, String>)> {
    let text = storage()?.get_item(EARLIER).ok().flatten()?;
    let scenario = Scenario::from_json(&text).map_err(|e| e.to_string());
    Some((text, scenario))
}

/// The scenario that was saved last, in this tab if it saved any; an error if something is there that cannot be read.
pub(crate) fn saved() -> Option<Result<Scenario, String>> {
    let text = [own(), storage()].into_iter().flatten().find_map(|storage| storage.get_item(SCENARIO).ok().flatten())?;
    Some(Scenario::from_json(&text).map_err(|e| e.to_string()))
}

/// Whether the axis of a chart was chosen to be logarithmic; nothing if nobody chose.
pub(crate) fn axis(chart: &str) -> Option<bool> {
    let chosen = storage()?.get_item(&format!("{AXIS}{chart}")).ok().flatten()?;
    Some(chosen == "log")
}

/// Remembers it. A browser that keeps nothing asks again the next time.
pub(crate) fn set_axis(chart: &str, log: bool) {
    let _ = write(&format!("{AXIS}{chart}"), if log { "log" } else { "linear" });
}

/// The theme that was chosen, by its word.
pub(crate) fn theme() -> Option<String> {
    storage()?.get_item(THEME).ok().flatten()
}

/// Keeps the choice of a theme; nothing means as the system.
pub(crate) fn keep_theme(word: Option<&str>) {
    let Some(storage) = storage() else { return };
    // Where there is no room it holds until the page is left.
    let _ = match word {
        Some(word) => storage.set_item(THEME, word),
        None => storage.remove_item(THEME),
    };
}

/// Shows the static screen of index.html that says the page has failed. It stands outside of everything that can fail with it.
pub(crate) fn show_crash(why: &str) {
    let stopped = js_sys::Reflect::get(&js_sys::global(), &"faaslabStopped".into());
    if let Some(stopped) = stopped.ok().and_then(|s| s.dyn_into::<js_sys::Function>().ok()) {
        let _ = stopped.call1(&JsValue::NULL, &why.into());
    }
}

/// Gives a scenario to the person as a file of its name.
pub(crate) fn save_file(scenario: &Scenario) {
    let name = if scenario.title.is_empty() { "scenario".to_owned() } else { scenario.title.to_lowercase().replace(' ', "-") };
    download(&format!("{name}.json"), "application/json", &scenario.to_json());
}

/// Gives a text to the person as a file.
pub(crate) fn download(name: &str, kind: &str, text: &str) {
    download_blob(name, gloo::file::Blob::new_with_options(text, Some(kind)));
}

/// Gives a file to the person.
pub(crate) fn download_blob(name: &str, blob: gloo::file::Blob) {
    let Some(document) = web_sys::window().and_then(|w| w.document()) else { return };
    let url = gloo::file::ObjectUrl::from(blob);
    if let Some(link) = document.create_element("a").ok().and_then(|e| e.dyn_into::<web_sys::HtmlAnchorElement>().ok()) {
        link.set_href(&url);
        link.set_download(name);
        link.click();
        // The download has long begun when the address is taken away.
        gloo::timers::callback::Timeout::new(10_000, move || drop(url)).forget();
    }
}
