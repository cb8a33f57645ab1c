//! The stage: the topology to edit, and above it what moves.

mod beside;
pub(crate) mod draw;
mod follow;
pub(crate) mod fork;
mod gl;
pub(crate) mod player;
pub(crate) mod transport;
mod word;

use std::cell::RefCell;
use std::rc::Rc;

use faaslab_core::edit::{Command, Template};
use faaslab_core::scenario::{Link, Node, Role, Scenario, Zone};
use faaslab_core::view::{Guide, Hit, Layout, Viewport, relocation, snap};
use gloo::events::{EventListener, EventListenerOptions};
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::{Element, HtmlCanvasElement, KeyboardEvent, PointerEvent, ResizeObserver, WheelEvent};
use yew::prelude::*;

use self::beside::{Beside, Switch, use_beside};
use self::draw::{Painter, TopologySvg, picture, theme_of};
use self::follow::FollowChip;
use self::gl::{Gl, Renderer};
use self::player::{Player, Screen};
use self::word::WordPlate;
use crate::app::{Tools, picked};
use crate::store::{Action, Dialog, LabHandle, Notice};

/// What a press on the stage does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tool {
    Select,
    Add(Role),
    Link,
}

/// What the pointer is doing.
#[derive(Clone, Debug, PartialEq)]
enum Gesture {
    None,
    /// Nodes move: their numbers, where the pointer began, in the world, and the part of the world that is shown meanwhile.
    Drag {
        nodes: Vec<usize>,
        from: (f64, f64),
        by: (f64, f64),
        shown: Viewport,
    },
    /// The world moves: where the pointer was last.
    Pan {
        last: (f64, f64),
        moved: bool,
    },
    /// A link from a node or zone, to where the pointer is, in the world.
    Link {
        from: Hit,
        to: (f64, f64),
    },
}

fn id_of(scenario: &Scenario, hit: Hit) -> Option<String> {
    match hit {
        Hit::Node(i) => scenario.nodes.get(i).map(|n| n.id.clone()),
        Hit::Link(i) => scenario.links.get(i).map(|l| l.id.clone()),
        Hit::Zone(i) => scenario.zones.get(i).map(|z| z.id.clone()),
        Hit::None => None,
    }
}

/// The ids of nodes and zones, in their order: as long as they stay the same, a [`Hit`] stands for the same thing.
fn things(scenario: &Scenario) -> Vec<String> {
    scenario.nodes.iter().map(|n| n.id.clone()).chain(scenario.zones.iter().map(|z| z.id.clone())).collect()
}

fn hits_of(scenario: &Scenario, ids: &[String]) -> Vec<Hit> {
    let mut hits = Vec::new();
    for id in ids {
        hits.extend(scenario.nodes.iter().position(|n| n.id == *id).map(Hit::Node));
        hits.extend(scenario.links.iter().position(|l| l.id == *id).map(Hit::Link));
        hits.extend(scenario.zones.iter().position(|z| z.id == *id).map(Hit::Zone));
    }
    hits
}

/// What a drag does to the scenario, and with what it is aligned.
fn dragged(scenario: &Scenario, nodes: &[usize], by: (f64, f64)) -> (Command, Vec<Guide>) {
    let layout = Layout::of(scenario);
    let (dx, dy, guides) = snap(&layout, nodes, by.0, by.1);
    (relocation(scenario, &layout, nodes, dx, dy), guides)
}

/// The scenario as it would be if a drag ended now, for the picture.
fn moved(scenario: &Rc<Scenario>, gesture: &Gesture) -> (Rc<Scenario>, Vec<Guide>) {
    let Gesture::Drag { nodes, by, .. } = gesture else { return (Rc::clone(scenario), Vec::new()) };
    let (command, guides) = dragged(scenario, nodes, *by);
    let mut there = (**scenario).clone();
    match command.apply(&mut there) {
        Ok(_) => (Rc::new(there), guides),
        Err(_) => (Rc::clone(scenario), Vec::new()),
    }
}

fn point(event: &PointerEvent, area: &NodeRef) -> (f64, f64) {
    let rect = area.cast::<Element>().map(|e| e.get_bounding_client_rect());
    let (left, top) = rect.map_or((0.0, 0.0), |r| (r.left(), r.top()));
    (f64::from(event.client_x()) - left, f64::from(event.client_y()) - top)
}

/// The zone whose area is nearest to a point, if it is near.
fn nearest_zone(layout: &Layout, at: (f64, f64)) -> Option<usize> {
    let distance = |i: usize| {
        let r = layout.zones[i].rect;
        let (dx, dy) = ((r.x - at.0).max(at.0 - r.right()).max(0.0), (r.y - at.1).max(at.1 - r.bottom()).max(0.0));
        dx.max(dy)
    };
    (0..layout.zones.len()).filter(|&i| distance(i) < 160.0).min_by(|&a, &b| distance(a).total_cmp(&distance(b)))
}

/// The id of the node or link that a command adds.
fn added(command: &Command) -> Option<String> {
    match command {
        Command::AddNode(node) => Some(node.id.clone()),
        Command::AddLink(link) => Some(link.id.clone()),
        Command::All(all) => all.iter().filter_map(added).next_back(),
        _ => None,
    }
}

/// Adds something and selects it.
fn add(lab: &LabHandle, command: Command) {
    let id = added(&command);
    lab.dispatch(Action::Edit(command));
    lab.dispatch(Action::Select(id.into_iter().collect()));
}

/// Connects two things, or selects the link that connects them already.
fn connect(lab: &LabHandle, from: Hit, to: Hit) -> bool {
    let ends = (id_of(&lab.scenario, from), id_of(&lab.scenario, to));
    let (Some(a), Some(b)) = ends else { return false };
    let there = lab.scenario.links.iter().find(|l| (l.from == a && l.to == b) || (l.from == b && l.to == a));
    if let Some(link) = there {
        lab.dispatch(Action::Select(vec![link.id.clone()]));
        return true;
    }
    match add_link(&lab.scenario, from, to) {
        Some(command) => {
            add(lab, command);
            true
        }
        None => false,
    }
}

/// A node of a role where the pointer is, in the zone there or the nearest.
fn add_node(scenario: &Scenario, layout: &Layout, role: Role, at: (f64, f64)) -> Command {
    let inside = match layout.hit(at, 0.0) {
        Hit::Zone(i) => scenario.zones.get(i),
        Hit::Node(i) => scenario.zones.iter().find(|z| z.id == scenario.nodes[i].zone),
        // Near a zone it belongs to the zone.
        _ => nearest_zone(layout, at).and_then(|i| scenario.zones.get(i)),
    };
    let stem = match role {
        Role::Client => "client",
        Role::CloudController => "cloud",
        Role::EdgeController => "edge",
        Role::Worker => "worker",
        Role::Registry => "registry",
        Role::HeadStore => "store",
    };
    let (w, h) = if role == Role::Worker { (168.0, 104.0) } else { (72.0, 64.0) };
    let on_grid = |v: f64| (v / 8.0).round() * 8.0;
    match inside {
        Some(zone) => {
            let mut node = Node::new(&scenario.free_id(stem), &zone.id, role);
            (node.x, node.y) = (on_grid(at.0 - w / 2.0), on_grid(at.1 - h / 2.0));
            Command::AddNode(Box::new(node))
        }
        None => {
            // Open ground: the node founds a zone of its own.
            let zone = Zone { id: scenario.free_id("zone"), name: String::new(), latency_ms: None };
            let mut node = Node::new(&scenario.free_id(stem), &zone.id, role);
            (node.x, node.y) = (on_grid(at.0 - w / 2.0), on_grid(at.1 - h / 2.0));
            Command::All(vec![Command::AddZone(zone), Command::AddNode(Box::new(node))])
        }
    }
}

fn add_link(scenario: &Scenario, from: Hit, to: Hit) -> Option<Command> {
    let same_kind = matches!((from, to), (Hit::Node(_), Hit::Node(_)) | (Hit::Zone(_), Hit::Zone(_)));
    if !same_kind || from == to {
        return None;
    }
    Some(Command::AddLink(Link {
        id: scenario.free_id("link"),
        from: id_of(scenario, from)?,
        to: id_of(scenario, to)?,
        latency_ms: 5.0,
        jitter_ms: 0.0,
        bandwidth_mbps: None,
    }))
}

/// The size of an element in pixels, and the device pixel ratio, as they change.
#[hook]
fn use_size(area: &NodeRef) -> (f64, f64, f64) {
    let size = use_state(|| (0.0, 0.0, 1.0));
    let (setter, area) = (size.setter(), area.clone());
    use_effect_with((), move |()| {
        let element = area.cast::<Element>();
        let measured = element.clone();
        let measure = Closure::<dyn FnMut()>::new(move || {
            if let Some(e) = &measured {
                let ratio = web_sys::window().map_or(1.0, |w| w.device_pixel_ratio());
                setter.set((f64::from(e.client_width()), f64::from(e.client_height()), ratio));
            }
        });
        let observer = ResizeObserver::new(measure.as_ref().unchecked_ref()).ok();
        if let (Some(observer), Some(element)) = (&observer, &element) {
            observer.observe(element);
        }
        move || {
            if let Some(observer) = observer {
                observer.disconnect();
            }
            drop(measure);
        }
    });
    *size
}

/// Whether the user wants steps instead of motion.
fn reduces_motion() -> bool {
    let query = web_sys::window().and_then(|w| w.match_media("(prefers-reduced-motion: reduce)").ok().flatten());
    query.is_some_and(|q| q.matches())
}

/// The frame that was asked for and has not come.
type Frame = Rc<RefCell<Option<gloo::render::AnimationFrame>>>;

/// Asks for a frame, unless one is on its way.
fn wake(player: &Player, frame: &Frame) {
    if frame.borrow().is_some() {
        return;
    }
    let (player, own) = (player.clone(), Rc::clone(frame));
    let next = gloo::render::request_animation_frame(move |now| {
        let this = own.borrow_mut().take();
        if player.frame(now) && !is_hidden() {
            wake(&player, &own);
        }
        drop(this);
    });
    *frame.borrow_mut() = Some(next);
}

/// Whether nobody sees the page.
fn is_hidden() -> bool {
    web_sys::window().and_then(|w| w.document()).is_some_and(|d| d.hidden())
}

/// Gives the player frames while the stage is there, as long as it has something to draw and is seen.
#[hook]
fn use_frames(tools: &Tools) {
    let player = tools.player.clone();
    use_effect_with((), move |()| {
        let frame = Frame::default();
        {
            let (player, frame) = (player.clone(), Rc::clone(&frame));
            player.clone().wake_with(Callback::from(move |()| wake(&player, &frame)));
        }
        let seen = player.clone();
        let document = web_sys::window().and_then(|w| w.document());
        let listener = document.map(|d| EventListener::new(&d, "visibilitychange", move |_| seen.stir()));
        move || {
            drop(listener);
            player.wake_with(Callback::noop());
            drop(frame.borrow_mut().take());
        }
    });
}

/// Whether the dots of messages are drawn by WebGL2, as the address asks or the browser does well.
#[hook]
fn use_gpu(lab: &LabHandle) -> bool {
    let uses = use_memo((), |()| {
        let asked = Renderer::of(&crate::app::hash());
        let uses = asked.uses_gpu();
        (uses, asked == Renderer::Webgl && !uses)
    });
    let (lab, missing) = (lab.dispatcher(), uses.1);
    use_effect_with((), move |()| {
        if missing {
            let text = "This browser has no WebGL2. Messages are drawn on a canvas instead.";
            lab.dispatch(Action::Tell(Notice { text: text.into(), bad: false }));
        }
    });
    uses.0
}

/// The stage.
#[component]
pub(crate) fn Stage() -> Html {
    let (Some(lab), Some(tools)) = (use_context::<LabHandle>(), use_context::<Tools>()) else { return html! {} };
    let area = use_node_ref();
    let canvas = use_node_ref();
    let (dots, words) = (use_node_ref(), use_node_ref());
    let gpu = use_gpu(&lab);
    let beside = use_beside(&lab, &tools);
    // On a narrow screen one of two runs is shown.
    let other = use_state_eq(|| false);
    let tool = use_state(|| Tool::Select);
    let gesture = use_state(|| Gesture::None);
    let hovered = use_state(|| None::<Hit>);
    // The part of the world that was chosen by hand; nothing means everything, whatever the size.
    let chosen = use_state(|| None::<Viewport>);
    let (width, height, ratio) = use_size(&area);
    use_frames(&tools);

    // What is held is let go when something comes or goes: its number would be another's.
    let there = use_memo(Rc::clone(&lab.scenario), |s| things(s));
    let held_in = use_mut_ref(|| Rc::clone(&there));
    let held = if **held_in.borrow() == *there { (*gesture).clone() } else { Gesture::None };
    {
        let gesture = gesture.setter();
        use_effect_with(there, move |there| {
            *held_in.borrow_mut() = Rc::clone(there);
            gesture.set(Gesture::None);
        });
    }
    let (scenario, guides) = (*use_memo((Rc::clone(&lab.scenario), held.clone()), |(s, g)| moved(s, g))).clone();
    let layout = use_memo(Rc::clone(&scenario), |s| Layout::of(s));
    // The question stands below the picture.
    let below = if scenario.question.is_empty() { 0.0 } else { 32.0 };
    // The ground does not move under what is dragged.
    let still = if let Gesture::Drag { shown, .. } = &held { Some(*shown) } else { None };
    let viewport = chosen.or(still).unwrap_or_else(|| layout.fit(width.max(1.0), (height - below).max(1.0)));
    let selection = Rc::new(hits_of(&scenario, &lab.selection));
    let lit = layout.related(&selection).filter(|_| selection.iter().any(|h| !matches!(h, Hit::Zone(_))));

    let labelled: Vec<usize> =
        selection.iter().chain(&*hovered).filter_map(|h| if let Hit::Link(i) = h { Some(*i) } else { None }).collect();

    // Another scenario: everything is shown again.
    {
        let chosen = chosen.clone();
        let ids: Vec<String> = lab.scenario.zones.iter().map(|z| z.id.clone()).chain([lab.scenario.title.clone()]).collect();
        use_effect_with(ids, move |_| chosen.set(None));
    }
    // The player draws on this canvas.
    {
        let (player, canvas, theme) = (tools.player.clone(), canvas.clone(), tools.theme.clone());
        let (dots, words) = (dots.clone(), words.clone());
        let (layout, lit) = (Rc::clone(&layout), lit.clone());
        let labelled = labelled.clone();
        let key = (
            width,
            height,
            ratio,
            viewport,
            (scenario.clone(), lab.shown.as_ref().map(|s| s.run)),
            lit.clone(),
            labelled.clone(),
            theme,
        );
        let painted = use_mut_ref(|| None::<AttrValue>);
        use_effect_with(key, move |(width, height, ratio, viewport, _, _, _, theme)| {
            let Some(element) = canvas.cast::<HtmlCanvasElement>() else { return };
            let reduced_motion = reduces_motion();
            if painted.borrow().is_none() {
                let painter = Painter::new(element.clone(), theme_of(&element));
                let stirred = player.clone();
                let changed = Callback::from(move |()| stirred.stir());
                let gl = dots.cast::<HtmlCanvasElement>().and_then(|c| Gl::new(c, changed));
                let above = words.cast::<HtmlCanvasElement>().and_then(|c| Painter::new(c, theme_of(&element)));
                player.set_screen(painter.map(|painter| Screen {
                    painter,
                    gpu: gl.zip(above),
                    layout: Rc::clone(&layout),
                    viewport: *viewport,
                    size: (*width, *height),
                    lit: lit.clone(),
                    labelled: labelled.clone(),
                    reduced_motion,
                }));
            }
            player.with_screen(|screen| {
                screen.resize(*width, *height, *ratio);
                if painted.borrow().as_ref() != Some(theme) {
                    screen.set_theme(&theme_of(&element));
                }
                (screen.layout, screen.viewport, screen.size) = (layout, *viewport, (*width, *height));
                (screen.lit, screen.reduced_motion, screen.labelled) = (lit, reduced_motion, labelled);
            });
            *painted.borrow_mut() = Some(theme.clone());
        });
    }
    // The player plays the run that is shown.
    {
        let player = tools.player.clone();
        let shown = lab.shown.clone();
        use_effect_with(lab.shown.as_ref().map(|s| (s.run, s.complete, s.charts.end_s)), move |_| match shown {
            Some(s) => player.show(s.run, Rc::clone(&s.scenario), &s.outcome),
            None => player.clear(),
        });
    }
    // The wheel zooms about the pointer; it must be able to keep the page from scrolling.
    {
        let (area, chosen) = (area.clone(), chosen.clone());
        use_effect_with(viewport, move |viewport| {
            let viewport = *viewport;
            let listener = area.cast::<Element>().map(|element| {
                let rect_of = element.clone();
                EventListener::new_with_options(&element, "wheel", EventListenerOptions::enable_prevent_default(), move |event| {
                    let event: &WheelEvent = event.unchecked_ref();
                    event.prevent_default();
                    let rect = rect_of.get_bounding_client_rect();
                    let about = (f64::from(event.client_x()) - rect.left(), f64::from(event.client_y()) - rect.top());
                    chosen.set(Some(viewport.zoom(about, if event.delta_y() < 0.0 { 1.1 } else { 1.0 / 1.1 })));
                })
            });
            move || drop(listener)
        });
    }

    let on_pointerdown = {
        let (lab, tool, gesture, area, layout) = (lab.clone(), tool.clone(), gesture.clone(), area.clone(), Rc::clone(&layout));
        Callback::from(move |(hit, event): (Hit, PointerEvent)| {
            event.stop_propagation();
            let at = point(&event, &area);
            let world = viewport.to_world(at);
            if let Some(element) = area.cast::<Element>() {
                let _ = element.set_pointer_capture(event.pointer_id());
            }
            match *tool {
                Tool::Add(role) => {
                    add(&lab, add_node(&lab.scenario, &layout, role, world));
                    tool.set(Tool::Select);
                }
                Tool::Link => match (&*gesture, hit) {
                    // The second of two clicks.
                    (Gesture::Link { from, .. }, Hit::Node(_) | Hit::Zone(_)) => {
                        if connect(&lab, *from, hit) {
                            tool.set(Tool::Select);
                        }
                        gesture.set(Gesture::None);
                    }
                    (_, Hit::Node(_) | Hit::Zone(_)) => gesture.set(Gesture::Link { from: hit, to: world }),
                    _ => {
                        gesture.set(Gesture::None);
                        tool.set(Tool::Select);
                    }
                },
                Tool::Select => {
                    let id = id_of(&lab.scenario, hit);
                    match (hit, id) {
                        (Hit::Node(_), Some(id)) => {
                            let mut ids = (*lab.selection).clone();
                            if event.shift_key() {
                                match ids.iter().position(|i| *i == id) {
                                    Some(i) => drop(ids.remove(i)),
                                    None => ids.push(id),
                                }
                            } else if !ids.contains(&id) {
                                ids = vec![id];
                            }
                            let nodes =
                                (0..lab.scenario.nodes.len()).filter(|&i| ids.contains(&lab.scenario.nodes[i].id)).collect();
                            lab.dispatch(Action::Select(ids));
                            gesture.set(Gesture::Drag { nodes, from: world, by: (0.0, 0.0), shown: viewport });
                        }
                        (Hit::Link(_), Some(id)) => lab.dispatch(Action::Select(vec![id])),
                        (Hit::Zone(_), Some(id)) => {
                            lab.dispatch(Action::Select(vec![id]));
                            gesture.set(Gesture::Pan { last: at, moved: false });
                        }
                        _ => {
                            lab.dispatch(Action::Select(Vec::new()));
                            gesture.set(Gesture::Pan { last: at, moved: false });
                        }
                    }
                }
            }
        })
    };
    let on_pointermove = {
        let (gesture, area, chosen) = (gesture.clone(), area.clone(), chosen.clone());
        Callback::from(move |event: PointerEvent| {
            let at = point(&event, &area);
            let world = viewport.to_world(at);
            match &*gesture {
                Gesture::None => {}
                Gesture::Drag { nodes, from, shown, .. } => {
                    let by = (world.0 - from.0, world.1 - from.1);
                    gesture.set(Gesture::Drag { nodes: nodes.clone(), from: *from, by, shown: *shown });
                }
                Gesture::Pan { last, .. } => {
                    let (dx, dy) = (at.0 - last.0, at.1 - last.1);
                    chosen.set(Some(Viewport {
                        x: viewport.x - dx / viewport.scale,
                        y: viewport.y - dy / viewport.scale,
                        scale: viewport.scale,
                    }));
                    gesture.set(Gesture::Pan { last: at, moved: true });
                }
                Gesture::Link { from, .. } => gesture.set(Gesture::Link { from: *from, to: world }),
            }
        })
    };
    let on_pointerup = {
        let (lab, gesture, tool, layout) = (lab.clone(), gesture.clone(), tool.clone(), Rc::clone(&layout));
        Callback::from(move |_: PointerEvent| {
            match &*gesture {
                Gesture::Drag { nodes, by, .. } if *by != (0.0, 0.0) => {
                    lab.dispatch(Action::Edit(dragged(&lab.scenario, nodes, *by).0));
                }
                Gesture::Link { from, to } => {
                    let reach = layout.hit(*to, 8.0);
                    if reach == *from {
                        return; // a click, not a drag: the second click says where to
                    }
                    if connect(&lab, *from, reach) {
                        tool.set(Tool::Select);
                    }
                }
                _ => {}
            }
            gesture.set(Gesture::None);
        })
    };
    let on_focus = {
        let lab = lab.clone();
        Callback::from(move |hit: Hit| {
            if let Some(id) = id_of(&lab.scenario, hit)
                && !lab.selection.contains(&id)
            {
                lab.dispatch(Action::Select(vec![id]));
            }
        })
    };
    let on_hover = {
        let hovered = hovered.setter();
        use_callback((), move |hit: Hit, ()| hovered.set(Some(hit)))
    };
    let on_keydown = {
        let (lab, tool, gesture, layout) = (lab.clone(), tool.clone(), gesture.clone(), Rc::clone(&layout));
        Callback::from(move |(hit, event): (Hit, KeyboardEvent)| {
            if event.key() == "Enter" && *tool == Tool::Link {
                event.prevent_default();
                match &*gesture {
                    Gesture::Link { from, .. } => {
                        if connect(&lab, *from, hit) {
                            tool.set(Tool::Select);
                        }
                        gesture.set(Gesture::None);
                    }
                    _ => gesture.set(Gesture::Link { from: hit, to: (0.0, 0.0) }),
                }
                return;
            }
            if event.key() == "Escape" {
                gesture.set(Gesture::None);
                tool.set(Tool::Select);
            }
            let step = if event.shift_key() { 1.0 } else { 8.0 };
            let by = match event.key().as_str() {
                "ArrowLeft" => (-step, 0.0),
                "ArrowRight" => (step, 0.0),
                "ArrowUp" => (0.0, -step),
                "ArrowDown" => (0.0, step),
                "Delete" | "Backspace" => {
                    event.prevent_default();
                    return lab.dispatch(Action::Edit(Command::Remove { ids: (*lab.selection).clone() }));
                }
                _ => return,
            };
            event.prevent_default();
            let nodes = &lab.scenario.nodes;
            let chosen: Vec<usize> = (0..nodes.len()).filter(|&i| lab.selection.contains(&nodes[i].id)).collect();
            if !chosen.is_empty() {
                lab.dispatch(Action::Edit(relocation(&lab.scenario, &layout, &chosen, by.0, by.1)));
            }
        })
    };
    let above = above(&held, &guides, &layout, &viewport);
    html! {
        <>
        <Toolbar tool={*tool} set_tool={ let (tool, gesture) = (tool.clone(), gesture.clone()); Callback::from(move |t| { gesture.set(Gesture::None); tool.set(t) }) }
            place={ let (lab, layout) = (lab.clone(), Rc::clone(&layout)); Callback::from(move |role| {
                let middle = viewport.to_world((width / 2.0, height / 2.0));
                add(&lab, add_node(&lab.scenario, &layout, role, middle));
            }) }
            fit={ let chosen = chosen.clone(); Callback::from(move |()| chosen.set(None)) } />
        <div class={classes!("stages", beside.is_some().then_some("two"))} data-shown={if *other { "other" } else { "own" }}>
        <div class={classes!("stage-view", "own", (*tool != Tool::Select).then_some("placing"))} ref={area}
            onpointermove={on_pointermove} onpointerup={on_pointerup.clone()} onpointercancel={on_pointerup}>
            <TopologySvg scenario={scenario} layout={layout} {viewport} {selection} lit={lit.map(Rc::new)}
                {on_pointerdown} {on_focus} {on_hover} {on_keydown}>{ above }</TopologySvg>
            <canvas ref={canvas} aria-hidden="true" />
            if gpu {
                <canvas class="dots" ref={dots} aria-hidden="true" />
                <canvas ref={words} aria-hidden="true" />
            }
            <Caption />
            <WordPlate />
            if let Some((_, fork)) = &beside {
                <p class="stage-tag">{ format!("Forked at {}", fork::instant(fork.at_s)) }</p>
            }
        </div>
        if let Some((player, fork)) = beside {
            <Beside {player} {fork} {viewport} theme={tools.theme.clone()} />
            <Switch other={*other} choose={ let other = other.setter(); Callback::from(move |o| other.set(o)) } />
        }
        </div>
        <FollowChip {viewport} size={(width, height)} look={ let chosen = chosen.setter(); Callback::from(move |v| chosen.set(Some(v))) } />
        </>
    }
}

/// What is drawn above the topology while the pointer does something.
fn above(gesture: &Gesture, guides: &[Guide], layout: &Layout, viewport: &Viewport) -> Html {
    let line = |from: (f64, f64), to: (f64, f64)| {
        let ((x1, y1), (x2, y2)) = (viewport.to_screen(from), viewport.to_screen(to));
        html! { <line class="guide" x1={x1.to_string()} y1={y1.to_string()} x2={x2.to_string()} y2={y2.to_string()} /> }
    };
    let link = match gesture {
        Gesture::Link { from: Hit::Node(i), to } => layout.nodes.get(*i).map(|n| line(n.rect.centre(), *to)),
        Gesture::Link { from: Hit::Zone(i), to } => layout.zones.get(*i).map(|z| line(z.rect.centre(), *to)),
        _ => None,
    };
    html! { <>{ for guides.iter().map(|g| line(g.from, g.to)) }{ link }</> }
}

/// The question of the scenario, or what an empty stage offers.
#[component]
fn Caption() -> Html {
    let (Some(lab), Some(tools)) = (use_context::<LabHandle>(), use_context::<Tools>()) else { return html! {} };
    if let Some(trace) = lab.scenario.workload.trace.as_ref().filter(|_| lab.needs_trace()) {
        let names: Vec<&str> = trace.files.iter().map(|f| f.name.as_str()).collect();
        let open = tools.open_files.clone();
        let pick = Callback::from(move |event: Event| open.emit(picked(&event)));
        return html! {
            <div class="stage-empty plate">
                <p>{ format!("This experiment needs {}. A link carries only the name of a trace: drop the file here, or choose it.", names.join(", ")) }</p>
                <label class="button file">{ "Choose files…" }<input type="file" multiple=true onchange={pick} /></label>
            </div>
        };
    }
    if lab.scenario.nodes.is_empty() {
        return html! { <EmptyStage /> };
    }
    if lab.scenario.question.is_empty() {
        return html! {};
    }
    html! { <p class="stage-caption">{ lab.scenario.question.clone() }</p> }
}

/// What an empty stage offers: templates, the gallery, a trace.
#[component]
fn EmptyStage() -> Html {
    let (Some(lab), Some(tools)) = (use_context::<LabHandle>(), use_context::<Tools>()) else { return html! {} };
    let dark = tools.theme == "dark";
    let cards = Template::ALL.iter().map(|&template| {
        let command = template.command(&lab.scenario);
        let picture = match &command {
            Command::Replace(scenario) => picture(scenario, (168.0, 88.0), dark),
            _ => Html::default(),
        };
        let begin = {
            let lab = lab.clone();
            Callback::from(move |_: MouseEvent| lab.dispatch(Action::Edit(command.clone())))
        };
        html! {
            <button class="card" onclick={begin}>
                <span class="picture" aria-hidden="true">{ picture }</span>
                <span class="card-title">{ template.name() }</span>
                <span class="card-question">{ template.summary() }</span>
            </button>
        }
    });
    let gallery = {
        let lab = lab.clone();
        Callback::from(move |_: MouseEvent| lab.dispatch(Action::Show(Some(Dialog::Gallery))))
    };
    let pick = {
        let open = tools.open_files.clone();
        Callback::from(move |event: Event| open.emit(picked(&event)))
    };
    let line = match lab.scenario.workload.trace {
        Some(_) => "The trace is here; it needs machines. Begin with one of these, or add nodes with the buttons above.",
        None => "Begin with one of these, add nodes with the buttons above, or drop a trace.",
    };
    html! {
        <div class="stage-empty">
            <p>{ line }</p>
            <div class="templates">{ for cards }</div>
            <div class="row">
                <label class="button file">{ "Choose a trace…" }<input type="file" multiple=true onchange={pick} /></label>
                <button onclick={gallery}>{ "Open the gallery" }</button>
            </div>
        </div>
    }
}

#[derive(Properties, PartialEq)]
struct ToolbarProps {
    tool: Tool,
    set_tool: Callback<Tool>,
    /// Adds a node in the middle of the stage, for those who press the button with a key.
    place: Callback<Role>,
    fit: Callback<()>,
}

/// Tools of the stage.
#[component]
fn Toolbar(props: &ToolbarProps) -> Html {
    let Some(lab) = use_context::<LabHandle>() else { return html! {} };
    let button = |tool: Tool, label: &str, title: &str| {
        let (set, place) = (props.set_tool.clone(), props.place.clone());
        let on = props.tool == tool;
        html! {
            <button class={classes!("quiet", on.then_some("on"))} aria-pressed={on.to_string()} title={title.to_owned()}
                onclick={move |event: MouseEvent| match tool {
                    // A press of a key has no place to click next.
                    Tool::Add(role) if event.detail() == 0 => place.emit(role),
                    _ => set.emit(if on { Tool::Select } else { tool }),
                }}>{ label }</button>
        }
    };
    let remove = {
        let lab = lab.clone();
        move |_: MouseEvent| lab.dispatch(Action::Edit(Command::Remove { ids: (*lab.selection).clone() }))
    };
    let fit = props.fit.clone();
    html! {
        <div class="toolbar" role="toolbar" aria-label="Stage tools">
            { button(Tool::Select, "Select", "Select and move; drag the ground to look around, wheel to zoom") }
            <span class="divider" aria-hidden="true"></span>
            { for Role::ALL.iter().map(|&r| button(Tool::Add(r), &format!("+ {}", r.name()), "Then click where it should stand")) }
            { button(Tool::Link, "+ Link", "Drag or click from one node to another, or from zone to zone; with keys: Enter on each") }
            <span class="divider" aria-hidden="true"></span>
            <button class="quiet" onclick={remove} disabled={lab.selection.is_empty()} title="Delete what is selected (Del)">{ "Delete" }</button>
            <button class="quiet" onclick={move |_: MouseEvent| fit.emit(())} title="Show everything">{ "Fit" }</button>
        </div>
    }
}
