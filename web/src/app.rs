//! The shell: what is where, what each key does, and how page, worker and address keep in step.

use std::cell::RefCell;
use std::rc::Rc;

use faaslab_core::scenario::Scenario;
use faaslab_core::share::Address;
use faaslab_core::units::three_digits;
use gloo::events::{EventListener, EventListenerOptions};
use gloo::timers::callback::Timeout;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::spawn_local;
use web_sys::{Blob, DragEvent, File, KeyboardEvent};
use yew::prelude::*;

use crate::charts::shared::Shared;
use crate::dialogs::Dialogs;
use crate::embed::{Embed, Part};
use crate::keys::{self, Space};
use crate::panels::inspector::Inspector;
use crate::panels::results::{Answer, Results};
use crate::panels::topbar::TopBar;
use crate::parts;
use crate::stage::Stage;
use crate::stage::fork::ForkBar;
use crate::stage::player::Player;
use crate::stage::transport::Transport;
use crate::store::history::Steps;
use crate::store::{Action, Lab, LabHandle, Notice, Running, address, gallery, persist, run_key};
use crate::theme::{self, use_theme};
use crate::worker::client::Client;
use crate::worker::protocol::{FromSim, Job, ToSim};

/// What the panels need besides the state.
#[derive(Clone, PartialEq)]
pub(crate) struct Tools {
    /// The worker.
    pub(crate) client: Client,
    /// What plays the run on the stage.
    pub(crate) player: Player,
    /// Whether the part of the program is there that shows a run: until then figures alone are shown.
    pub(crate) shows: bool,
    /// The space bar, which also moves the stage.
    pub(crate) space: Space,
    /// Reads files as a scenario or a trace.
    pub(crate) open_files: Callback<Vec<File>>,
    /// Gives up what runs or loads.
    pub(crate) cancel: Callback<()>,
    /// A name for the colours that are shown: what is drawn is drawn again when it changes.
    pub(crate) theme: AttrValue,
    /// The theme that was chosen.
    pub(crate) theme_choice: theme::Choice,
    /// Chooses another.
    pub(crate) set_theme: Callback<theme::Choice>,
}

/// How the page begins.
#[derive(Clone)]
struct Beginning {
    scenario: Scenario,
    notices: Vec<Notice>,
    /// The undo history, where the scenario is what was saved; nothing where it is another.
    saved: Option<Steps>,
    address: Address,
    /// Where the playhead begins, in seconds, if that is not the start of the run.
    begin_s: Option<f64>,
}

/// What the address says, else what was saved, else the opening scenario.
fn beginning() -> Beginning {
    let bad = |text: String| Notice { text: text.into(), bad: true };
    let address = address::here();
    let (shown, mut notices, saved) = match persist::saved() {
        Some(Ok(scenario)) => {
            let steps = persist::steps(&scenario);
            let left = persist::fork().map(|at_s| Notice {
                text: format!(
                    "The page was left in a fork at {} s: its changes are in the timeline now. Undo takes them back.",
                    three_digits(at_s)
                )
                .into(),
                bad: false,
            });
            (scenario, left.into_iter().collect(), Some(steps))
        }
        Some(Err(error)) => {
            let text = match persist::keep_earlier(&gallery::opening()) {
                Ok(_) => format!("What was saved here cannot be read: {error} It is kept: the gallery gives it to you as a file."),
                Err(why) => format!("What was saved here cannot be read: {error} {why}"),
            };
            (gallery::opening(), vec![bad(text)], None)
        }
        None => (gallery::opening(), Vec::new(), None),
    };
    let begin_s = gallery::begin_s(&address, saved.is_none());
    match address::open(&address, &shown) {
        None => {
            notices.extend(address.remarks.iter().map(|text| Notice { text: text.clone().into(), bad: false }));
            Beginning { scenario: shown, notices, saved, address, begin_s }
        }
        Some(Ok(arrival)) => {
            let notices = arrival.remarks.into_iter().map(|text| Notice { text: text.into(), bad: false }).collect();
            Beginning { scenario: arrival.scenario, notices, saved: None, address, begin_s }
        }
        Some(Err(why)) => Beginning { scenario: shown, notices: vec![bad(why.to_string())], saved, address, begin_s },
    }
}

/// Shows the parts of the page that an address asks for.
fn show_as(address: &Address, lab: &LabHandle) {
    let embed = address.embed.as_ref().map(|words| Part::of(words));
    let (parts, notice) = embed.map_or((None, None), |(parts, notice)| (Some(Rc::new(parts)), notice));
    lab.dispatch(Action::Embed(parts));
    if let Some(notice) = notice {
        lab.dispatch(Action::Tell(notice));
    }
}

/// Another address was entered.
fn arrive(lab: &LabHandle, player: &Player) {
    let address = address::here();
    let tell = |text: String, bad: bool| lab.dispatch(Action::Tell(Notice { text: text.into(), bad }));
    let remarks = match address::open(&address, &lab.scenario) {
        Some(Ok(arrival)) => {
            lab.dispatch(Action::Visit(Box::new(arrival.scenario)));
            player.begin_at(gallery::begin_s(&address, false));
            arrival.remarks
        }
        Some(Err(why)) => return tell(why.to_string(), true),
        None => {
            if let Some(at) = address.at_s {
                player.seek(at);
            }
            address.remarks.clone()
        }
    };
    remarks.into_iter().for_each(|text| tell(text, false));
    show_as(&address, lab);
}

fn now_ms() -> f64 {
    web_sys::window().and_then(|w| w.performance()).map_or(0.0, |p| p.now())
}

/// The worker, and the player that hears of its windows.
#[hook]
fn use_worker(lab: &LabHandle) -> (Client, Player) {
    let made = {
        let dispatcher = lab.dispatcher();
        use_memo((), move |()| {
            let player = Player::default();
            let keep: Rc<RefCell<Option<Client>>> = Rc::default();
            let (hear_player, hear_keep) = (player.clone(), Rc::clone(&keep));
            let client = Client::new(Callback::from(move |(message, with): (FromSim, Vec<JsValue>)| match message {
                FromSim::Window { run, window } => hear_player.take(run, window),
                FromSim::Exported { table } => {
                    if let Some(blob) = with.into_iter().next().and_then(|b| b.dyn_into::<Blob>().ok()) {
                        persist::download_blob(&format!("{}s.csv", table.word()), blob.into());
                    }
                }
                FromSim::Found { run, search, found } => hear_player.found(run, search, found),
                FromSim::Journey { run, journey } => hear_player.take_journey(run, *journey),
                message => {
                    if let (FromSim::Loaded { .. } | FromSim::Forgotten, Some(client)) = (&message, &*hear_keep.borrow())
                        && let Some(packed) = with.first().and_then(|p| p.dyn_ref::<Blob>())
                    {
                        client.keep_trace(packed.clone());
                    }
                    dispatcher.dispatch(Action::Heard(Box::new(message)));
                }
            }));
            *keep.borrow_mut() = Some(client.clone());
            let asker = client.clone();
            player.ask_with(Callback::from(move |message| asker.say(&message)));
            (client, player)
        })
    };
    (made.0.clone(), made.1.clone())
}

/// Runs the scenario when something changed that a run depends on.
#[hook]
fn use_runs(lab: &LabHandle, client: &Client) {
    let key = use_memo(Rc::clone(&lab.scenario), |s| run_key(s));
    let counter = use_mut_ref(|| 0u32);
    let (lab, client) = (lab.clone(), client.clone());
    use_effect_with(((*key).clone(), lab.again), move |_| {
        // Where a trace is missing, the stage asks for the file.
        if !lab.can_run() || lab.needs_trace() {
            return;
        }
        *counter.borrow_mut() += 1;
        let run = *counter.borrow();
        // In the task of the edit: the worker begins while the page still draws it.
        lab.dispatch(Action::Began(Running { run, scenario: Rc::clone(&lab.scenario), fraction: 0.0, begun_ms: now_ms() }));
        client.say(&ToSim::Run { run, scenario: lab.scenario.to_json() });
    });
}

/// Looks for a trace that is named and not here among those that this browser keeps.
#[hook]
fn use_recall(lab: &LabHandle, client: &Client) {
    let named = lab.scenario.workload.trace.as_ref().filter(|_| lab.needs_trace());
    let wanted: Vec<String> = named.map(|trace| trace.files.iter().map(|f| f.sha256.clone()).collect()).unwrap_or_default();
    let (lab, client) = (lab.clone(), client.clone());
    use_effect_with(wanted, move |hashes| {
        if !hashes.is_empty() {
            let load = client.next_load();
            lab.dispatch(Action::RecallBegan(load));
            client.say(&ToSim::Recall { load, hashes: hashes.clone() });
        }
    });
}

/// Saves every change, and takes the address of what was opened away once it is no longer what is shown. Looking at what an
/// address brings changes nothing; the first edit of it keeps aside what was saved before.
#[hook]
fn use_autosave(lab: &LabHandle, begun_with_saved: bool) {
    // Which of the opened scenarios the saved one belongs to; none if it was there before the page and is not shown.
    let owner = use_mut_ref(|| begun_with_saved.then_some(0));
    // Lost steps of the undo history are told once.
    let told = use_mut_ref(|| false);
    use_effect_with(lab.fork.as_ref().map(|fork| fork.at_s), |at_s| persist::keep_fork(*at_s));
    let lab = lab.clone();
    use_effect_with(Rc::clone(&lab.scenario), move |scenario| {
        let scenario = Rc::clone(scenario);
        let address = address::fragment();
        let timer = (!lab.untouched && lab.embed.is_none()).then(|| {
            Timeout::new(200, move || {
                let before = *owner.borrow();
                let kept = if before == Some(lab.opened) { Ok(false) } else { persist::keep_earlier(&scenario) };
                match kept.and_then(|kept| persist::save(&lab.document).map(|lost| (kept, lost))) {
                    Ok((kept, lost)) => {
                        *owner.borrow_mut() = Some(lab.opened);
                        if lost > 0 && !told.replace(true) {
                            let text = "The browser has no room for the whole undo history: a reload will forget its oldest steps.";
                            lab.dispatch(Action::Tell(Notice { text: text.into(), bad: false }));
                        }
                        // What was shown here before comes back by Undo as well.
                        if kept && before.is_none() {
                            let text = "Your earlier work is kept: open it from the gallery.";
                            lab.dispatch(Action::Tell(Notice { text: text.into(), bad: false }));
                        }
                    }
                    Err(why) => lab.dispatch(Action::Tell(Notice { text: why.into(), bad: true })),
                }
                // Another address may have been entered meanwhile, and wait to be opened.
                if address::fragment() == address {
                    address::leave();
                }
            })
        });
        move || drop(timer)
    });
}

fn files_of(list: Option<web_sys::FileList>) -> Vec<File> {
    let Some(list) = list else { return Vec::new() };
    (0..list.length()).filter_map(|i| list.get(i)).collect()
}

/// The files that a picker chose; the picker is emptied, so that the same file can be chosen again.
pub(crate) fn picked(event: &Event) -> Vec<File> {
    let input: web_sys::HtmlInputElement = event.target_unchecked_into();
    let files = files_of(input.files());
    input.set_value("");
    files
}

/// Opens a scenario file, or sends files to the worker as a trace.
fn open_files(lab: &LabHandle, client: &Client, files: Vec<File>) {
    let tell = |lab: &LabHandle, text: String| lab.dispatch(Action::Tell(Notice { text: text.into(), bad: true }));
    match files.as_slice() {
        [] => {}
        [file] if file.name().ends_with(".json") => {
            if file.size() > 16e6 {
                return tell(lab, format!("{} has more than 16 MB; no scenario is that large.", file.name()));
            }
            let (lab, name) = (lab.clone(), file.name());
            let reading = gloo::file::callbacks::read_as_text(&gloo::file::File::from(file.clone()), move |text| {
                match text.map_err(|e| e.to_string()).and_then(|t| Scenario::from_json(&t).map_err(|e| e.to_string())) {
                    Ok(scenario) => lab.dispatch(Action::Open(Box::new(scenario))),
                    Err(why) => lab.dispatch(Action::Tell(Notice { text: format!("{name}: {why}").into(), bad: true })),
                }
            });
            std::mem::forget(reading); // ends by itself
        }
        _ => {
            let with: Vec<JsValue> = files.iter().map(|f| f.clone().into()).collect();
            let load = client.next_load();
            lab.dispatch(Action::LoadBegan(load, files.iter().map(|f| f.size()).sum()));
            client.say_with(&ToSim::LoadTrace(load), &with);
        }
    }
}

/// Gives up what runs or loads: the worker is asked first, and ended if it stays silent for two seconds.
#[hook]
fn use_cancel(lab: &LabHandle, client: &Client) -> Callback<()> {
    let silence = use_mut_ref(|| None::<(Job, Timeout)>);
    // It has stopped, or something else goes on by now.
    silence.borrow_mut().take_if(|(asked, _)| lab.job() != Some(*asked));
    let (lab, client) = (lab.clone(), client.clone());
    Callback::from(move |()| {
        let Some(job) = lab.job() else { return };
        client.say(&ToSim::Cancel(job));
        let (lab, client) = (lab.clone(), client.clone());
        let end = Timeout::new(2_000, move || {
            client.end();
            lab.dispatch(Action::Stopped);
        });
        *silence.borrow_mut() = Some((job, end));
    })
}

/// Whether a drag brings files, and not a selected text.
fn brings_files(event: &DragEvent) -> bool {
    event.data_transfer().is_some_and(|data| data.types().includes(&JsValue::from_str("Files"), 0))
}

/// Listens to the window: keys, files dropped anywhere, another address. Answers whether files are being dragged over the page.
#[hook]
fn use_window_events(lab: &LabHandle, tools: &Tools) -> bool {
    let files_above = use_state_eq(|| false);
    let above = files_above.setter();
    let latest = use_mut_ref(|| (lab.clone(), tools.clone()));
    *latest.borrow_mut() = (lab.clone(), tools.clone());
    // Once more when the stage is there: it hears of a key before the page does.
    use_effect_with(tools.shows, move |_| {
        let window = web_sys::window();
        let mut listeners = Vec::new();
        if let Some(window) = &window {
            let active = EventListenerOptions::enable_prevent_default();
            let state = Rc::clone(&latest);
            let set = above.clone();
            listeners.push(EventListener::new_with_options(window, "keydown", active, move |event| {
                let (lab, tools) = state.borrow().clone();
                let event: &KeyboardEvent = event.unchecked_ref();
                if event.key() == "Escape" {
                    set.set(false);
                }
                keys::press(&lab, &tools, event);
            }));
            let state = Rc::clone(&latest);
            listeners.push(EventListener::new(window, "keyup", move |event| {
                let (lab, tools) = state.borrow().clone();
                keys::release(&lab, &tools, event.unchecked_ref());
            }));
            let state = Rc::clone(&latest);
            listeners.push(EventListener::new(window, "blur", move |_| keys::let_go(&state.borrow().1)));
            let set = above.clone();
            listeners.push(EventListener::new_with_options(window, "dragover", active, move |event| {
                let event: &DragEvent = event.unchecked_ref();
                if brings_files(event) {
                    event.prevent_default();
                    set.set(true);
                }
            }));
            let set = above.clone();
            listeners.push(EventListener::new(window, "dragleave", move |event| {
                let event: &DragEvent = event.unchecked_ref();
                // Out of the window, not from one thing in it to the next. A drag that is given up by Escape leaves so too.
                if event.related_target().is_none() {
                    set.set(false);
                }
            }));
            let state = Rc::clone(&latest);
            let set = above.clone();
            listeners.push(EventListener::new_with_options(window, "drop", active, move |event| {
                set.set(false);
                let event: &DragEvent = event.unchecked_ref();
                if !brings_files(event) {
                    return;
                }
                event.prevent_default();
                let files = files_of(event.data_transfer().and_then(|d| d.files()));
                let open = state.borrow().1.open_files.clone();
                open.emit(files);
            }));
            let state = Rc::clone(&latest);
            listeners.push(EventListener::new(window, "hashchange", move |_| {
                let (lab, tools) = state.borrow().clone();
                arrive(&lab, &tools.player);
            }));
            // For the tests of what happens then.
            let state = Rc::clone(&latest);
            listeners.push(EventListener::new(window, "faaslab-crash-worker", move |_| {
                state.borrow().1.client.say(&ToSim::Crash);
            }));
            listeners.push(EventListener::new(window, "faaslab-crash-page", |_| panic!("a crash was asked for")));
        }
        move || drop(listeners)
    });
    *files_above
}

/// The part of the page that a narrow screen shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pane {
    Stage,
    Results,
    Settings,
}

impl Pane {
    const ALL: [Pane; 3] = [Pane::Stage, Pane::Results, Pane::Settings];

    /// What its button says, and its word in the style sheet.
    fn name(self) -> (&'static str, &'static str) {
        match self {
            Pane::Stage => ("Stage", "stage"),
            Pane::Results => ("Results", "results"),
            Pane::Settings => ("Settings", "settings"),
        }
    }
}

#[derive(Properties, PartialEq)]
struct PanesProps {
    shown: Pane,
    choose: Callback<Pane>,
}

/// The parts of the page to choose from; the style sheet shows them on narrow screens alone.
#[component]
fn Panes(props: &PanesProps) -> Html {
    let Some(lab) = use_context::<LabHandle>() else { return html! {} };
    let buttons = Pane::ALL.iter().map(|&pane| {
        let choose = props.choose.reform(move |_: MouseEvent| pane);
        // The fields of what was tapped are there.
        let of = match (pane, lab.selection.as_slice()) {
            (Pane::Settings, [id]) => Some(id.clone()),
            (Pane::Settings, [_, _, ..]) => Some(format!("{} selected", lab.selection.len())),
            _ => None,
        };
        let name = match of {
            Some(of) => html! { <span><span class="visually-hidden">{ pane.name().0 }{ ": " }</span>{ of }</span> },
            None => html! { <span>{ pane.name().0 }</span> },
        };
        html! { <button aria-pressed={(pane == props.shown).to_string()} onclick={choose}>{ name }</button> }
    });
    html! { <nav class="panes" aria-label="Part of the page">{ for buttons }</nav> }
}

/// Where a worker was lost, the run on the page is run again without a word, so that the stage can go to any instant of it.
#[hook]
fn use_revival(lab: &LabHandle, client: &Client, player: &Player) {
    // A run whose worker was lost again is left alone: it may be what ends them.
    let revived = use_mut_ref(|| 0u32);
    let (lab, client, player) = (lab.clone(), client.clone(), player.clone());
    use_effect_with(lab.lost, move |lost| {
        let Some(shown) = lab.shown.as_ref().filter(|s| *lost > 0 && s.complete && *revived.borrow() != s.run) else { return };
        *revived.borrow_mut() = shown.run;
        client.say(&ToSim::Run { run: shown.run, scenario: shown.scenario.to_json() });
        player.ask_anew();
    });
}

/// Fetches the later parts of the program once the figures of the first run are shown, or at once where it is not `known` that the
/// first part is enough until then. Answers whether what shows a run is there; or cannot be had now, and is asked for again when it
/// is called.
#[hook]
fn use_parts(lab: &LabHandle, client: &Client, known: bool) -> bool {
    let (client, shows) = (client.clone(), use_state_eq(|| false));
    let asked = use_mut_ref(|| false);
    // A run that takes long, or never comes, is not waited for.
    let complete = lab.shown.as_ref().is_some_and(|s| s.complete);
    let wait_ms = match &lab.shown {
        _ if !known || complete || !lab.can_run() || lab.needs_trace() => 0,
        Some(_) => 1_000,
        None => 5_000,
    };
    let can_show = shows.setter();
    use_effect_with(wait_ms, move |wait_ms| {
        // In a task of its own, so that the browser shows the run first.
        let timer = Timeout::new(*wait_ms, move || {
            if asked.replace(true) {
                return;
            }
            spawn_local(async move {
                for part in 1..=parts::COUNT {
                    let fetched = parts::fetch(part).await;
                    let is_there = fetched.is_some();
                    if let Some(module) = fetched {
                        client.keep_part(part, module);
                    }
                    can_show.set(true);
                    if !is_there {
                        break;
                    }
                }
            });
        });
        move || drop(timer)
    });
    *shows
}

/// The page.
#[component]
pub(crate) fn App() -> Html {
    let beginning = use_memo((), |()| beginning());
    let lab = {
        let beginning = Rc::clone(&beginning);
        use_reducer(move || {
            let mut scenario = beginning.scenario.clone();
            faaslab_core::view::auto_place(&mut scenario);
            Lab::new(scenario)
        })
    };
    let (client, player) = use_worker(&lab);
    {
        let (lab, player, beginning) = (lab.clone(), player.clone(), Rc::clone(&beginning));
        use_effect_with((), move |()| {
            beginning.notices.iter().for_each(|notice| lab.dispatch(Action::Tell(notice.clone())));
            if let Some(steps) = beginning.saved.clone() {
                lab.dispatch(Action::TakeSteps(steps));
            }
            show_as(&beginning.address, &lab);
            player.begin_at(beginning.begin_s);
        });
    }
    use_runs(&lab, &client);
    use_recall(&lab, &client);
    use_autosave(&lab, beginning.saved.is_some());
    use_revival(&lab, &client, &player);
    let is_opening = use_memo((), |()| beginning.scenario == gallery::opening());
    let shows = use_parts(&lab, &client, *is_opening);
    let cancel = use_cancel(&lab, &client);
    let (theme_choice, theme, set_theme) = use_theme();
    let open = {
        let (lab, client, player) = (lab.clone(), client.clone(), player.clone());
        Callback::from(move |files| {
            player.begin_at(None); // where an address meant to begin is of what it brought
            open_files(&lab, &client, files);
        })
    };
    let space = (*use_memo((), |()| Space::default())).clone();
    let tools = Tools { client, player, shows, space, open_files: open, cancel, theme, theme_choice, set_theme };
    let shared = (*use_memo((), |()| Shared::default())).clone();
    let files_above = use_window_events(&lab, &tools);
    let pane = use_state_eq(|| Pane::Stage);
    // The stage and the worker begin first; the panels come in the task after that.
    let whole = use_state_eq(|| false);
    {
        let whole = whole.setter();
        use_effect_with((), move |()| {
            let timer = Timeout::new(0, move || whole.set(true));
            move || drop(timer)
        });
    }
    let choose = {
        let pane = pane.setter();
        Callback::from(move |chosen: Pane| pane.set(chosen))
    };
    html! {
        <ContextProvider<LabHandle> context={lab.clone()}>
        <ContextProvider<Tools> context={tools}>
        <ContextProvider<Shared> context={shared}>
            if let Some(parts) = &lab.embed {
                <Embed parts={Rc::clone(parts)} />
            } else {
                <TopBar />
                <main class="bench" data-pane={pane.name().1}>
                    <section class="stage-area" aria-label="Stage" aria-busy={(!shows).to_string()}>if shows { <Stage /><ForkBar /><Transport /> }</section>
                    <aside class="inspector" aria-label="Inspector">if shows { <Inspector /> }</aside>
                    <section class="results" aria-label="Results">if *whole { <Results /> }</section>
                </main>
                <Answer />
                <Panes shown={*pane} {choose} />
            }
            <Dialogs />
            if files_above {
                <div class="drop-here" role="status">
                    <p>{ "Drop it here" }<small>{ "A scenario (.json), or all files of a trace at once (.csv or .swf, also as .gz)" }</small></p>
                </div>
            }
        </ContextProvider<Shared>>
        </ContextProvider<Tools>>
        </ContextProvider<LabHandle>>
    }
}
