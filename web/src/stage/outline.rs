//! Everything on the stage as a list that a keyboard and a screen reader can go through.
//!
//! It is a tree with one tab stop. Only the lines in view are elements, so that a block can show its thousand machines; each says
//! its place among all.

use std::collections::BTreeSet;
use std::rc::Rc;

use faaslab_core::scenario::Scenario;
use faaslab_core::view::{Entry, Hit, Live, outline};
use gloo::timers::callback::Interval;
use web_sys::{HtmlElement, KeyboardEvent};
use yew::prelude::*;

use super::editor::hits_of;
use crate::app::Tools;
use crate::store::{Action, LabHandle};

/// Height of a line, as the style sheet has it.
const LINE: f64 = 40.0;
/// Lines drawn above and below those in view.
const SPARE: usize = 8;
/// How often live figures are read, in milliseconds.
const REFRESH_MS: u32 = 500;

/// What each node holds at the playhead, twice a second while somebody looks.
#[hook]
pub(crate) fn use_live() -> Option<Rc<Live>> {
    let player = use_context::<Tools>().map(|tools| tools.player);
    let live = use_state_eq(|| None::<Rc<Live>>);
    let setter = live.setter();
    use_effect_with(player, move |player| {
        let timer = player.clone().map(|player| {
            let read = move || setter.set(player.live().map(Rc::new));
            read();
            Interval::new(REFRESH_MS, read)
        });
        move || drop(timer)
    });
    (*live).clone()
}

#[derive(Properties, PartialEq)]
pub(super) struct Props {
    /// Something was chosen: whether beside what is selected.
    pub(super) choose: Callback<(Hit, bool)>,
    /// It was chosen twice, or by Enter: the stage should have the focus.
    pub(super) enter: Callback<Hit>,
    pub(super) close: Callback<()>,
}

/// The outline.
#[component]
pub(super) fn Outline(props: &Props) -> Html {
    let Some(lab) = use_context::<LabHandle>() else { return html! {} };
    let tree = use_node_ref();
    let open = use_state(BTreeSet::<String>::new);
    let active = use_state(|| 0usize);
    // First line in view, and how many there are.
    let view = use_state_eq(|| (0usize, 20usize));
    let live = use_live();
    let entries =
        use_memo((Rc::clone(&lab.scenario), (*open).clone()), |(s, open): &(Rc<Scenario>, BTreeSet<String>)| outline(s, open));
    let selected: Rc<Vec<Hit>> = Rc::new(hits_of(&lab.scenario, &lab.selection));
    let at = (*active).min(entries.len().saturating_sub(1));

    // What is selected elsewhere is opened, made active and brought into view.
    {
        let (open, active, tree, entries) = (open.clone(), active.clone(), tree.clone(), Rc::clone(&entries));
        let only = if let [one] = selected[..] { Some(one) } else { None };
        let scenario = Rc::clone(&lab.scenario);
        use_effect_with((only, entries.len()), move |(only, _)| {
            let Some(hit) = only else { return };
            match (entries.iter().position(|e| e.hit == *hit), hit) {
                (Some(line), _) => {
                    active.set(line);
                    show(&tree, line);
                }
                (None, Hit::Machine(i, _)) => {
                    let block = scenario.nodes.get(*i).map(|n| n.id.clone());
                    open.set(open.iter().cloned().chain(block).collect());
                }
                _ => {}
            }
        });
    }
    let onscroll = {
        let (tree, view) = (tree.clone(), view.clone());
        Callback::from(move |_: Event| measure(&tree, &view))
    };
    {
        let (tree, view) = (tree.clone(), view.clone());
        use_effect_with((), move |()| measure(&tree, &view));
    }
    let turn = {
        let open = open.clone();
        move |entry: &Entry, to: bool| {
            let mut now = (*open).clone();
            if to {
                now.insert(entry.id.clone())
            } else {
                now.remove(&entry.id)
            };
            open.set(now);
        }
    };
    let go = {
        let (active, tree, entries, choose) = (active.clone(), tree.clone(), Rc::clone(&entries), props.choose.clone());
        move |line: usize, also: bool| {
            if let Some(entry) = entries.get(line) {
                active.set(line);
                show(&tree, line);
                choose.emit((entry.hit, also));
            }
        }
    };
    let onkeydown = {
        let (entries, go, turn, lab) = (Rc::clone(&entries), go.clone(), turn.clone(), lab.clone());
        let (enter, close, choose) = (props.enter.clone(), props.close.clone(), props.choose.clone());
        Callback::from(move |event: KeyboardEvent| {
            let Some(entry) = entries.get(at) else { return };
            let parent = || (0..at).rev().find(|i| entries[*i].level < entry.level);
            match event.key().as_str() {
                "ArrowDown" => go((at + 1).min(entries.len() - 1), event.shift_key()),
                "ArrowUp" => go(at.saturating_sub(1), event.shift_key()),
                "PageDown" => go((at + 10).min(entries.len() - 1), false),
                "PageUp" => go(at.saturating_sub(10), false),
                "Home" => go(0, false),
                "End" => go(entries.len() - 1, false),
                "ArrowRight" if entry.open == Some(false) => turn(entry, true),
                "ArrowRight" => go((at + 1).min(entries.len() - 1), false),
                "ArrowLeft" if entry.open == Some(true) => turn(entry, false),
                "ArrowLeft" => {
                    if let Some(line) = parent() {
                        go(line, false);
                    }
                }
                " " => choose.emit((entry.hit, true)),
                "Enter" => enter.emit(entry.hit),
                "Escape" => close.emit(()),
                "Delete" | "Backspace" => {
                    let ids = lab.selection.iter().filter(|id| lab.scenario.has(id)).cloned().collect();
                    lab.dispatch(Action::Edit(faaslab_core::edit::Command::Remove { ids }));
                }
                _ => return,
            }
            event.prevent_default();
            event.stop_propagation();
        })
    };
    let (first, room) = *view;
    let from = first.saturating_sub(SPARE);
    let to = (first + room + SPARE).min(entries.len());
    let mut shown: Vec<usize> = (from.min(to)..to).collect();
    // The active line is an element wherever it is: the tree names it.
    if !shown.contains(&at) && at < entries.len() {
        shown.push(at);
    }
    let lines = shown.into_iter().map(|i| {
        let entry = &entries[i];
        let go = go.clone();
        let onclick = Callback::from(move |event: MouseEvent| go(i, event.shift_key() || event.ctrl_key() || event.meta_key()));
        let ondblclick = props.enter.reform({
            let hit = entry.hit;
            move |_: MouseEvent| hit
        });
        let held = entry.worker.as_ref().and_then(|(node, machine)| live.as_ref()?.words(node, *machine));
        let work = live.as_ref().filter(|_| matches!(entry.hit, Hit::Node(_))).and_then(|live| live.work(&entry.id));
        let words = held.into_iter().chain(work).reduce(|held, work| format!("{held}, {work}"));
        let toggle = entry.open.map(|is_open| {
            let (turn, entry) = (turn.clone(), entry.clone());
            let onclick = Callback::from(move |event: MouseEvent| {
                event.stop_propagation();
                turn(&entry, !is_open);
            });
            html! { <span class={classes!("twist", is_open.then_some("open"))} {onclick} aria-hidden="true">{ "›" }</span> }
        });
        html! {
            <div key={entry.id.clone()} id={line_id(&entry.id)} class={classes!("line", (i == at).then_some("active"), kind(entry.hit))} role="treeitem"
                style={format!("top: {}px; padding-left: {}px", i as f64 * LINE, 12 + 16 * (entry.level - 1))}
                aria-level={entry.level.to_string()} aria-posinset={entry.place.0.to_string()} aria-setsize={entry.place.1.to_string()}
                aria-selected={selected.contains(&entry.hit).to_string()} aria-expanded={entry.open.map(|o| o.to_string())} {onclick} {ondblclick}>
                { toggle }
                <span class="what"><span class="name">{ &entry.name }</span>{ " " }<small>{ words.unwrap_or_else(|| remark(&lab.scenario, entry)) }</small></span>
            </div>
        }
    });
    let close = props.close.reform(|_: MouseEvent| ());
    html! {
        <section class="outline" aria-label="Outline of the stage">
            <header><h2>{ "Outline" }</h2><button class="quiet" onclick={close}>{ "Close" }</button></header>
            if entries.is_empty() {
                <p class="help">{ "Nothing is on the stage yet." }</p>
            }
            <div class="lines" ref={tree} role="tree" aria-label="Everything on the stage" aria-multiselectable="true" tabindex="0"
                aria-activedescendant={entries.get(at).map(|e| line_id(&e.id))} {onkeydown} {onscroll}>
                <div role="none" style={format!("height: {}px", entries.len() as f64 * LINE)}>{ for lines }</div>
            </div>
        </section>
    }
}

fn line_id(id: &str) -> String {
    format!("line-{id}")
}

fn kind(hit: Hit) -> &'static str {
    match hit {
        Hit::Zone(_) => "zone",
        Hit::Link(_) => "link",
        _ => "node",
    }
}

/// What a line says below a name that has no live figures.
fn remark(scenario: &Scenario, entry: &Entry) -> String {
    match entry.hit {
        Hit::Zone(i) => scenario.zones.get(i).map_or(String::new(), |z| {
            let nodes = scenario.nodes.iter().filter(|n| n.zone == z.id).count();
            format!("Zone, {nodes} {}", if nodes == 1 { "node" } else { "nodes" })
        }),
        Hit::Link(_) => "Link".to_owned(),
        Hit::Node(i) => {
            scenario.nodes.get(i).map_or(String::new(), |n| n.roles.iter().map(|r| r.name()).collect::<Vec<_>>().join(", "))
        }
        Hit::Machine(..) => "Machine".to_owned(),
        Hit::None => String::new(),
    }
}

/// Scrolls a line into view.
fn show(tree: &NodeRef, line: usize) {
    let Some(element) = tree.cast::<HtmlElement>() else { return };
    let (top, bottom) = (line as f64 * LINE, (line + 1) as f64 * LINE);
    let (from, room) = (f64::from(element.scroll_top()), f64::from(element.client_height()));
    if top < from {
        element.set_scroll_top(top as i32);
    } else if bottom > from + room {
        element.set_scroll_top((bottom - room) as i32);
    }
}

/// Notes which lines are in view.
fn measure(tree: &NodeRef, view: &UseStateHandle<(usize, usize)>) {
    if let Some(element) = tree.cast::<HtmlElement>() {
        let lines = |px: i32| (f64::from(px) / LINE) as usize;
        view.set((lines(element.scroll_top()), lines(element.client_height()) + 1));
    }
}
