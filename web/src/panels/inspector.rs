//! The inspector: what is selected; without a selection the scheduler, the workload and the run.

use std::rc::Rc;

use faaslab_core::edit::Command;
use faaslab_core::registry::{Choice, find};
use faaslab_core::scenario::{Function, Image, Link, Node, Policies, Problem, Role, Scenario, Zone, field};
use faaslab_core::units::{SimDuration, counted};
use serde_json::json;
use wasm_bindgen::JsCast;
use web_sys::{HtmlElement, HtmlInputElement};
use yew::prelude::*;

use super::fields::{ChoiceField, Entries, Menu, Number, Pick, Text, first_sentences, more, set, told};
use super::machine::{MachinePanel, Now};
use super::several::Several;
use super::timeline::Timeline;
use crate::app::{Tools, picked};
use crate::store::{Action, Dialog, LabHandle, catalogue};

/// Whether anything in a scenario asks what disks hold and how fast they are.
fn uses_disks(s: &Scenario) -> bool {
    !s.images.is_empty() || s.functions.iter().any(|f| f.disk_mb > 0.0)
}

/// The images to choose from, and none.
fn image_menu(s: &Scenario) -> Menu {
    let images = s.images.iter().map(|i| (i.id.clone().into(), i.label().to_owned().into()));
    std::iter::once(("".into(), "None".into())).chain(images).collect()
}

/// The inspector.
#[component]
pub(crate) fn Inspector() -> Html {
    let Some(lab) = use_context::<LabHandle>() else { return html! {} };
    let s = &lab.scenario;
    let body = match lab.selection.as_slice() {
        [] => html! { <Scheduler /> },
        [id] => {
            if let Some(node) = s.nodes.iter().find(|n| n.id == *id) {
                html! { <NodePanel key={id.clone()} node={node.clone()} /> }
            } else if let Some(link) = s.links.iter().find(|l| l.id == *id) {
                html! { <LinkPanel key={id.clone()} link={link.clone()} /> }
            } else if let Some(zone) = s.zones.iter().find(|z| z.id == *id) {
                html! { <ZonePanel key={id.clone()} zone={zone.clone()} /> }
            } else if let Some((node, number)) = s.machine(id) {
                html! { <MachinePanel key={id.clone()} node={node.clone()} {number} /> }
            } else {
                html! { <Scheduler /> }
            }
        }
        _ => html! { <Several /> },
    };
    html! { <div class="inspector-body">{ body }</div> }
}

/// Back to the scheduler.
#[component]
pub(super) fn Back() -> Html {
    let Some(lab) = use_context::<LabHandle>() else { return html! {} };
    html! { <button class="quiet back" onclick={move |_: MouseEvent| lab.dispatch(Action::Select(Vec::new()))}>{ "‹ Scheduler" }</button> }
}

pub(super) fn title_of(kind: &str, id: &str) -> Html {
    html! { <><Back /><h2>{ kind }<small>{ id }</small></h2></> }
}

#[derive(Properties, PartialEq)]
struct NodeProps {
    node: Node,
}

#[component]
fn NodePanel(props: &NodeProps) -> Html {
    let Some(lab) = use_context::<LabHandle>() else { return html! {} };
    let n = &props.node;
    let path = |field: &str| format!("nodes.{}.{field}", n.id);
    let zones: Menu = lab.scenario.zones.iter().map(|z| (z.id.clone().into(), z.label().to_owned().into())).collect();
    let roles = Role::ALL.iter().map(|&role| {
        let (lab, node) = (lab.clone(), n.clone());
        let toggle = Callback::from(move |event: Event| {
            let on = event.target_unchecked_into::<HtmlInputElement>().checked();
            let mut roles: Vec<&str> = node.roles.iter().filter(|r| **r != role).map(|r| r.word()).collect();
            if on {
                roles.push(role.word());
            }
            set(&lab, &format!("nodes.{}.roles", node.id), json!(roles));
        });
        html! { <label class="check"><input type="checkbox" checked={n.is(role)} onchange={toggle} />{ role.name() }</label> }
    });
    let open = {
        let (lab, machine) = (lab.clone(), format!("{}[0]", n.id));
        move |_: MouseEvent| lab.dispatch(Action::CloseUp(machine.clone()))
    };
    let (answering, answers_path) = (lab.clone(), path("answers"));
    let answers = Callback::from(move |event: Event| {
        let on = event.target_unchecked_into::<HtmlInputElement>().checked();
        set(&answering, &answers_path, json!(on));
    });
    let silence = lab.problem_at(&path("answers")).map(|p| html! { <p class="problem">{ told(p) }</p> });
    let problem = lab.problem_at(&path("roles")).map(|p| html! { <p class="problem">{ told(p) }</p> });
    html! {
        <section class="panel">
            { title_of("Node", &n.id) }
            <Now node={n.id.clone()} works={n.is(Role::Worker)} />
            if n.count > 1 {
                <p class="help">{ "To choose one of its machines, open it: here, with a double click on the stage, or with Enter there." }</p>
                <div class="row"><button onclick={open}>{ "Open the block" }</button></div>
            }
            <Text path={path("name")} absent={n.id.clone()} />
            <Pick path={path("zone")} options={Some(zones)} />
            <fieldset class="checks"><legend>{ "Roles" }</legend>{ for roles }{ more("nodes.roles", "Roles") }{ problem }</fieldset>
            if n.is(Role::Worker) {
                <Number path={path("cores")} />
                <Pick path={path("cpu")} />
                <Number path={path("memory_mb")} />
                <Number path={path("slots")} />
                <Number path={path("speed")} />
                <Number path={path("count")} />
            }
            if n.is(Role::CloudController) || n.is(Role::EdgeController) {
                <label class="check">
                    <input type="checkbox" id={format!("f-{}", path("answers"))} checked={n.answers} onchange={answers} />{ "Answers" }
                </label>
                <p class="help">{ field("nodes.answers").map_or("", |of| of.help) }{ " " }{ more("nodes.answers", "Answers") }</p>
                { silence }
            }
            if n.is(Role::HeadStore) || n.is(Role::Registry) || (n.is(Role::Worker) && (uses_disks(&lab.scenario) || has_disk(n))) {
                <DiskFields node={n.clone()} />
            }
            if n.is(Role::Client) {
                <Number path={path("traffic")} />
            }
        </section>
    }
}

/// Whether a node says anything about its disk.
fn has_disk(n: &Node) -> bool {
    n.disk_mb.is_some() || n.disk_read_mb_s.is_some() || n.disk_write_mb_s.is_some()
}

/// A node's disk. A registry holds every image, so that only its speed counts.
#[component]
fn DiskFields(props: &NodeProps) -> Html {
    let Some(lab) = use_context::<LabHandle>() else { return html! {} };
    let n = &props.node;
    let path = |field: &str| format!("nodes.{}.{field}", n.id);
    html! {
        <>
        if n.is(Role::Worker) || n.is(Role::HeadStore) {
            <Number path={path("disk_mb")} />
        }
        <Number path={path("disk_read_mb_s")} />
        <Number path={path("disk_write_mb_s")} />
        if lab.scenario.images.is_empty() && !n.is(Role::Worker) {
            <p class="help">{ "No function has an image yet: add images under Workload." }</p>
        }
        </>
    }
}

#[derive(Properties, PartialEq)]
struct LinkProps {
    link: Link,
}

#[component]
fn LinkPanel(props: &LinkProps) -> Html {
    let Some(lab) = use_context::<LabHandle>() else { return html! {} };
    let (l, s) = (&props.link, &lab.scenario);
    // A link connects two nodes or two zones: another end is of the same kind.
    let zones = s.zones.iter().any(|z| z.id == l.from);
    let ends: Menu = match zones {
        true => s.zones.iter().map(|z| (z.id.clone().into(), named(z.label(), &z.id))).collect(),
        false => s.nodes.iter().map(|n| (n.id.clone().into(), named(n.label(), &n.id))).collect(),
    };
    let path = |field: &str| format!("links.{}.{field}", l.id);
    html! {
        <section class="panel">
            { title_of("Link", &l.id) }
            <div class="ends">
                <Pick path={path("from")} options={Some(ends.clone())} />
                <Pick path={path("to")} options={Some(ends)} />
            </div>
            <p class="help">{ "Messages take it both ways." }</p>
            <Number path={path("latency_ms")} />
            <Number path={path("jitter_ms")} />
            <Number path={path("bandwidth_mbps")} />
        </section>
    }
}

/// What something is called, with its id where that is another.
fn named(label: &str, id: &str) -> AttrValue {
    if label == id { id.to_owned().into() } else { format!("{label} ({id})").into() }
}

#[derive(Properties, PartialEq)]
struct ZoneProps {
    zone: Zone,
}

#[component]
fn ZonePanel(props: &ZoneProps) -> Html {
    let Some(lab) = use_context::<LabHandle>() else { return html! {} };
    let z = &props.zone;
    let path = |field: &str| format!("zones.{}.{field}", z.id);
    html! {
        <section class="panel">
            { title_of("Zone", &z.id) }
            <Text path={path("name")} absent={z.id.clone()} />
            <Number path={path("latency_ms")} absent={Some(AttrValue::from(lab.scenario.network.within_zone_ms.to_string()))} />
        </section>
    }
}

#[derive(Properties, PartialEq)]
struct LessonProps {
    text: AttrValue,
}

/// About so many characters of a text are shown: the first controls shall be in sight, and the answer not before the question.
const SHOWN: usize = 160;

/// What to look at: the first sentences, and the rest to whoever wants to read on.
#[component]
fn Lesson(props: &LessonProps) -> Html {
    let first = first_sentences(&props.text, SHOWN);
    let open = use_state(|| first == &*props.text);
    let read_on = {
        let open = open.clone();
        move |_: MouseEvent| open.set(true)
    };
    html! {
        <section class="panel lesson">
            if *open {
                <p>{ &props.text }</p>
            } else {
                <p>{ first }{ " " }<button class="text-link" onclick={read_on}>{ "Read on" }</button></p>
            }
        </section>
    }
}

/// Parameters of keep-alive policies that only reproductions of other systems set.
const VARIANTS: &[&str] = &["counts_from", "expiry", "recency", "ties"];

/// Parameters of architectures that say how long a placer is busy, and what it sees.
const TIMINGS: &[&str] = &["decision_ms", "job_ms", "scan_us", "message_us", "view"];

/// Parameters of work stealing beside what is taken and how many hosts are asked.
const STEALS: &[&str] = &["least", "pause_ms", "again", "from"];

/// What a placement policy compares, and what it does with equals and where nothing fits.
const COMPARES: &[&str] = &["load", "ties", "avoid_queueing", "warm", "needs", "otherwise"];

/// What decides, what arrives, and for how long.
#[component]
fn Scheduler() -> Html {
    let Some(lab) = use_context::<LabHandle>() else { return html! {} };
    let s = &lab.scenario;
    let catalogue = catalogue();
    let at = |path: &str| Entries(catalogue.entries_at(path).unwrap_or_default());
    let architecture = find(&catalogue.architectures, &s.frame.architecture.kind);
    let by_architecture = |path: &str| {
        let decides = architecture.filter(|e| e.decides.contains(&path));
        decides.map(|e| AttrValue::from(format!("{} decides this itself.", e.name)))
    };
    let ordered = s.policies.order.kind != "fcfs" || s.policies.estimates != Policies::default().estimates;
    html! {
        <>
        <OtherProblems />
        if !s.look_at.is_empty() {
            <Lesson key={s.look_at.clone()} text={s.look_at.clone()} />
        }
        <section class="panel">
            <h2>{ "Scheduler" }</h2>
            <ChoiceField path="frame.architecture" choice={s.frame.architecture.clone()} entries={Entries(&catalogue.architectures)}
                folded={Some(("Placer timings and sight", TIMINGS))} />
            <ChoiceField path="frame.stealing" choice={s.frame.stealing.clone()} entries={at("frame.stealing")}
                folded={Some(("When and from whom", STEALS))} />
            <ChoiceField path="policies.placement" choice={s.policies.placement.clone()} entries={Entries(&catalogue.placements)} disabled={by_architecture("policies.placement")}
                folded={Some(("Variants", COMPARES))} />
            <ChoiceField path="policies.keep_alive" choice={s.policies.keep_alive.clone()} entries={Entries(&catalogue.keep_alives)}
                folded={Some(("Variants", VARIANTS))} />
            <details>
                <summary>{ "Memory and reuse" }</summary>
                <Pick path="policies.memory_full" />
                <Pick path="policies.if_insufficient" />
                <Pick path="policies.reuse" />
                <Pick path="policies.starting" />
                <Pick path="policies.queue" />
                <Pick path="policies.no_room" />
                <Pick path="policies.too_large" />
                if !s.images.is_empty() {
                    <Pick path="policies.image_order" />
                    <Pick path="policies.image_room" />
                }
            </details>
            <details open={ordered}>
                <summary>{ "Queues" }</summary>
                <ChoiceField path="policies.order" choice={s.policies.order.clone()} entries={at("policies.order")} disabled={by_architecture("policies.order")} />
                if ordered {
                    <ChoiceField path="policies.estimates" choice={s.policies.estimates.clone()} entries={at("policies.estimates")} />
                }
                <Number path="policies.queue_bound" />
                <Number path="policies.queue_timeout_s" />
            </details>
        </section>
        <WorkloadPanel />
        <section class="panel">
            <details>
                <summary>{ "Network" }</summary>
                <Number path="network.within_zone_ms" />
                <Number path="network.between_zones_ms" />
                if !s.images.is_empty() {
                    <Pick path="network.sharing" />
                }
            </details>
            <details>
                <summary>{ "Run" }</summary>
                <Number path="run.seed" />
                <div class="row"><button onclick={ let lab = lab.clone(); move |_: MouseEvent| set(&lab, "run.seed", json!(another_seed())) }>{ "Another seed" }</button></div>
                <Number path="run.duration_s" />
                <Number path="run.warm_up_s" />
                <Pick path="run.first" />
            </details>
            <Timeline />
        </section>
        </>
    }
}

/// A seed that nobody has chosen, short enough to read out.
fn another_seed() -> u32 {
    let mut bytes = [0; 4];
    // Without the browser's randomness the same seed comes again, which harms nothing.
    let _ = getrandom::fill(&mut bytes);
    u32::from_le_bytes(bytes) % 1_000_000
}

/// A problem in words; where it is about one object, its id comes first.
fn sentence(p: &Problem) -> String {
    let mut parts = p.path.split('.');
    match (parts.next(), parts.next()) {
        (Some("nodes" | "links" | "zones" | "functions" | "images"), Some(id)) => format!("{id}: {}. {}", p.message, p.hint),
        _ => told(p),
    }
}

/// Where a problem is told, besides the list of all.
#[derive(Clone, Debug, PartialEq)]
enum Told {
    /// Nowhere.
    Here,
    /// At a field in sight.
    AtField,
    /// At the field of this name, which is folded away.
    Folded(String),
}

impl Told {
    /// Looks for the field on the page.
    fn of(path: &str) -> Told {
        let Some(field) = field_of(path) else { return Told::Here };
        if !matches!(field.closest("details:not([open])"), Ok(Some(_))) {
            return Told::AtField;
        }
        let label = field.closest(".field").ok().flatten().and_then(|f| f.query_selector("label").ok().flatten());
        Told::Folded(label.and_then(|l| l.text_content()).unwrap_or_default())
    }
}

/// The field of a path on the page.
fn field_of(path: &str) -> Option<HtmlElement> {
    let document = web_sys::window().and_then(|w| w.document())?;
    document.get_element_by_id(&format!("f-{path}"))?.dyn_into().ok()
}

/// Unfolds whatever a field is in, and goes there.
fn go_to_field(path: &str) {
    let Some(field) = field_of(path) else { return };
    while let Ok(Some(folded)) = field.closest("details:not([open])") {
        if folded.set_attribute("open", "").is_err() {
            return;
        }
    }
    let _ = field.focus();
}

/// Everything that is wrong with the scenario and not told at a field in sight.
#[component]
fn OtherProblems() -> Html {
    let Some(lab) = use_context::<LabHandle>() else { return html! {} };
    // On an empty stage everything is too large or too far for what is not there.
    let bare = lab.scenario.nodes.is_empty();
    let problems: Vec<Problem> = lab.problems.iter().filter(|p| !(p.warning && bare)).cloned().collect();
    // Known once the fields are on the page.
    let told = use_state_eq(Vec::new);
    {
        let told = told.setter();
        use_effect_with((problems.clone(), Rc::clone(&lab.scenario)), move |(problems, _)| {
            told.set(problems.iter().map(|p| Told::of(&p.path)).collect())
        });
    }
    let lines: Vec<Html> = problems
        .into_iter()
        .zip(&*told)
        .filter(|(_, told)| **told != Told::AtField)
        .map(|(p, told)| {
            let field = if let Told::Folded(label) = told {
                let path = p.path.clone();
                html! { <><button class="text-link" onclick={move |_: MouseEvent| go_to_field(&path)}>{ label }</button>{ ": " }</> }
            } else {
                html! {}
            };
            html! { <li class={if p.warning { "help" } else { "problem" }} title={p.path.clone()}>{ field }{ sentence(&p) }</li> }
        })
        .collect();
    if lines.is_empty() {
        return html! {};
    }
    html! { <section class="panel"><ul class="problems">{ for lines }</ul></section> }
}

/// What arrives.
#[component]
fn WorkloadPanel() -> Html {
    let (Some(lab), Some(tools)) = (use_context::<LabHandle>(), use_context::<Tools>()) else { return html! {} };
    let s = &lab.scenario;
    let catalogue = catalogue();
    let pick = {
        let open = tools.open_files.clone();
        Callback::from(move |event: Event| open.emit(picked(&event)))
    };
    let picker = |label: &str| {
        html! { <label class="button file">{ label.to_owned() }<input type="file" multiple=true onchange={pick.clone()} /></label> }
    };
    let body = match &s.workload.trace {
        Some(trace) => {
            let names: Vec<&str> = trace.files.iter().map(|f| f.name.as_str()).collect();
            let report = {
                let lab = lab.clone();
                Callback::from(move |_: MouseEvent| lab.dispatch(Action::Show(Some(Dialog::Trace))))
            };
            let drawn = {
                let lab = lab.clone();
                Callback::from(move |_: MouseEvent| without_trace(&lab))
            };
            html! {
                <>
                <p class="trace-name">{ names.join(", ") }</p>
                if let Some(r) = lab.trace.as_ref().filter(|_| !lab.needs_trace()) {
                    <p class="help">{ format!("{} of {} over {}", counted(r.invocations, "invocation"), counted(r.functions, "function"), SimDuration((r.span_ns as f64 * s.workload.trace_options.time_scale) as u64)) }</p>
                    <div class="row"><button onclick={report}>{ "Report…" }</button>{ picker("Other trace…") }</div>
                } else if lab.asks_for_trace() {
                    <p class="problem">{ "The trace is not here. It stays with whoever has it: load the same file to run this experiment." }</p>
                    <div class="row">{ picker("Load it…") }</div>
                }
                <button class="quiet" onclick={drawn}>{ "Use drawn arrivals instead" }</button>
                <details>
                    <summary>{ "What the trace does not say" }</summary>
                    <Number path="workload.trace_options.time_scale" />
                    <Number path="workload.trace_options.memory_mb" />
                    <Number path="workload.trace_options.cold_start_ms" />
                    <Number path="workload.trace_options.cores" />
                    <Number path="workload.trace_options.concurrency" />
                    <Number path="workload.trace_options.cold_overhead_ms" />
                    <Number path="workload.trace_options.cold_overhead_share" />
                    <Pick path="workload.trace_options.minute_arrivals" />
                    <Pick path="workload.trace_options.duration" />
                    if !s.images.is_empty() {
                        <Pick path="workload.trace_options.image" options={Some(image_menu(s))} />
                    }
                </details>
                </>
            }
        }
        None => html! {
            <>
            <ChoiceField path="workload.arrivals" choice={s.workload.arrivals.clone()} entries={Entries(&catalogue.arrivals)} />
            <ChoiceField path="workload.jobs" choice={s.workload.jobs.clone()} entries={Entries(&catalogue.jobs)} />
            <div class="row">{ picker("Load a trace…") }</div>
            <details>
                <summary>{ format!("Functions ({})", s.functions.len()) }</summary>
                <ChoiceField path="workload.popularity" choice={s.workload.popularity.clone()} entries={Entries(&catalogue.popularities)} />
                { for s.functions.iter().map(|f| html! { <FunctionFields key={f.id.clone()} function={f.clone()} /> }) }
                <button class="quiet" onclick={ let lab = lab.clone(); move |_: MouseEvent| {
                    let f = Function::new(&lab.scenario.free_id("function"), Choice::of("exponential"));
                    lab.dispatch(Action::Edit(Command::AddFunction(Box::new(f))));
                } }>{ "+ Function" }</button>
            </details>
            </>
        },
    };
    html! { <section class="panel"><h2>{ "Workload" }</h2>{ body }<Images /></section> }
}

/// From a trace back to arrivals that are drawn.
fn without_trace(lab: &LabHandle) {
    let mut scenario = (*lab.scenario).clone();
    scenario.workload.trace = None;
    scenario.run.duration_s = Some(scenario.run.duration_s.unwrap_or(300.0));
    if scenario.functions.is_empty() {
        scenario.functions.push(Function::new("function-1", Choice::of("exponential")));
    }
    lab.dispatch(Action::Edit(Command::Replace(Box::new(scenario))));
}

/// What containers are made from.
#[component]
fn Images() -> Html {
    let Some(lab) = use_context::<LabHandle>() else { return html! {} };
    let images = &lab.scenario.images;
    let add = {
        let lab = lab.clone();
        Callback::from(move |_: MouseEvent| {
            let image = Image::new(&lab.scenario.free_id("image"), 200.0);
            lab.dispatch(Action::Edit(Command::AddImage(image)));
        })
    };
    html! {
        <details>
            <summary>{ format!("Images ({})", images.len()) }</summary>
            if images.is_empty() {
                <p class="help">{ "Containers are made from nothing that has to be fetched. Add an image, then choose it at a function." }</p>
            }
            { for images.iter().map(|i| html! { <ImageFields key={i.id.clone()} image={i.clone()} /> }) }
            <button class="quiet" onclick={add}>{ "+ Image" }</button>
        </details>
    }
}

#[derive(Properties, PartialEq)]
struct ImageProps {
    image: Image,
}

#[component]
fn ImageFields(props: &ImageProps) -> Html {
    let Some(lab) = use_context::<LabHandle>() else { return html! {} };
    let i = &props.image;
    let path = |field: &str| format!("images.{}.{field}", i.id);
    let remove = {
        let id = i.id.clone();
        Callback::from(move |_: MouseEvent| lab.dispatch(Action::Edit(Command::Remove { ids: vec![id.clone()] })))
    };
    html! {
        <details class="nested">
            <summary>{ i.label().to_owned() }</summary>
            <Text path={path("name")} absent={i.id.clone()} />
            <Number path={path("size_mb")} />
            <Number path={path("memory_mb")} absent={Some(AttrValue::from(i.size_mb.to_string()))} />
            <button class="quiet" onclick={remove}>{ "Delete this image" }</button>
        </details>
    }
}

#[derive(Properties, PartialEq)]
struct FunctionProps {
    function: Function,
}

#[component]
fn FunctionFields(props: &FunctionProps) -> Html {
    let Some(lab) = use_context::<LabHandle>() else { return html! {} };
    let f = &props.function;
    let path = |field: &str| format!("functions.{}.{field}", f.id);
    let remove = {
        let (lab, id) = (lab.clone(), f.id.clone());
        Callback::from(move |_: MouseEvent| lab.dispatch(Action::Edit(Command::Remove { ids: vec![id.clone()] })))
    };
    html! {
        <details class="nested">
            <summary>{ &f.id }</summary>
            <ChoiceField path={path("execution")} choice={f.execution.clone()} entries={Entries(faaslab_core::dist::REGISTRY)} />
            <Number path={path("memory_mb")} />
            <Number path={path("create_ms")} />
            <Number path={path("init_ms")} />
            <Number path={path("weight")} />
            <Number path={path("cores")} />
            <Number path={path("concurrency")} />
            <Number path={path("keep_alive_s")} />
            <Number path={path("min_warm")} />
            <Number path={path("time_limit_s")} />
            if !lab.scenario.images.is_empty() {
                <Pick path={path("image")} options={Some(image_menu(&lab.scenario))} />
            }
            if uses_disks(&lab.scenario) {
                <Number path={path("disk_mb")} />
            }
            <details>
                <summary>{ "In queues" }</summary>
                <Number path={path("deadline_s")} />
                <Number path={path("priority")} />
                <Text path={path("app")} absent={f.id.clone()} />
            </details>
            <details>
                <summary>{ "Requests and clients" }</summary>
                <Number path={path("request_kb")} />
                <Number path={path("ingress_limit_kb")} />
                <Number path={path("response_kb")} />
                <Number path={path("egress_limit_kb")} />
                <Number path={path("patience_s")} />
                <Number path={path("retries")} />
                <Number path={path("backoff_ms")} />
                <Pick path={path("backoff_jitter")} />
            </details>
            <button class="quiet" onclick={remove}>{ "Delete this function" }</button>
        </details>
    }
}
