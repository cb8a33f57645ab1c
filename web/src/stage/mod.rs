//! The stage: the topology to edit, and above it what moves.

mod beside;
mod clipboard;
pub(crate) mod draw;
mod editor;
mod follow;
pub(crate) mod fork;
mod gesture;
mod gl;
mod glide;
mod keys;
pub(crate) mod outline;
pub(crate) mod player;
mod toolbar;
pub(crate) mod transport;
mod word;

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use faaslab_core::edit::{Command, Template};
use faaslab_core::scenario::Scenario;
use faaslab_core::share::Renderer;
use faaslab_core::view::{Hit, Layout, Viewport, text_width};
use gloo::events::{EventListener, EventListenerOptions};
use gloo::timers::callback::Timeout;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::{Element, HtmlCanvasElement, KeyboardEvent, PointerEvent, ResizeObserver, WheelEvent};
use yew::prelude::*;

use self::beside::{Beside, Switch, use_beside};
use self::clipboard::use_clipboard;
use self::draw::{Painter, TopologySvg, page_theme, picture, theme_of};
pub(crate) use self::editor::id_of;
use self::editor::{Editor, hit_of, hits_of};
use self::follow::FollowChip;
use self::gesture::{Fingers, Gesture, Tool, above, moved, point};
use self::gl::Gl;
use self::glide::{reduced_motion, use_places, use_viewport};
use self::keys::{focused, use_focus, use_stage_keys};
use self::outline::Outline;
use self::player::{Player, Screen};
use self::toolbar::{Press, Toolbar, Zoom};
use self::word::WordPlate;
use crate::app::{Tools, picked};
use crate::store::{Action, Dialog, LabHandle, Notice, address};

/// The ids of nodes and zones, in their order: as long as they stay the same, a [`Hit`] stands for the same thing.
fn things(scenario: &Scenario) -> Vec<String> {
    scenario.nodes.iter().map(|n| n.id.clone()).chain(scenario.zones.iter().map(|z| z.id.clone())).collect()
}

/// Up to this width, in pixels, the buttons that zoom are one: two fingers do the rest.
const PHONE: f64 = 600.0;

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
        let asked = address::here().renderer;
        let uses = gl::uses_gpu(asked);
        (uses, asked == Renderer::WebGl && !uses)
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
    let stop = use_state(|| None::<String>);
    let outlined = use_state(|| false);
    // The part of the world that was chosen by hand; nothing means everything, whatever the size.
    let chosen = use_state(|| None::<Viewport>);
    let at_once = use_memo((), |()| Cell::new(false));
    let focus = use_memo((), |()| RefCell::new(None::<String>));
    let fingers = use_mut_ref(Fingers::new);
    let pressing = use_memo((), |()| Cell::new(false));
    let latest = use_mut_ref(|| None::<Editor>);
    let (width, height, ratio) = use_size(&area);
    use_frames(&tools);

    // What is held is let go when something comes or goes: its number would be another's.
    let there = use_memo(Rc::clone(&lab.scenario), |s| things(s));
    let held_in = use_mut_ref(|| Rc::clone(&there));
    let held = if **held_in.borrow() == *there { (*gesture).clone() } else { Gesture::None };
    {
        let (gesture, chosen, tool) = (gesture.setter(), chosen.setter(), tool.setter());
        let opened = use_mut_ref(|| lab.opened);
        use_effect_with((there, lab.opened), move |(there, now)| {
            // Another scenario, or several things on an empty stage: everything is shown again.
            if *opened.borrow() != *now || (held_in.borrow().is_empty() && there.len() > 2) {
                chosen.set(None);
                tool.set(Tool::Select);
            }
            (*opened.borrow_mut(), *held_in.borrow_mut()) = (*now, Rc::clone(there));
            gesture.set(Gesture::None);
        });
    }
    let dragging = matches!(held, Gesture::Drag { .. });
    let (target, guides) = (*use_memo((Rc::clone(&lab.scenario), held.clone()), |(s, g)| moved(s, g))).clone();
    let scenario = use_places(target, dragging);
    let layout = use_memo(Rc::clone(&scenario), |s| Layout::of(s));
    // Below the picture stand the question, on as many lines as it needs, and the buttons that zoom.
    let buttons = if width <= PHONE { 96.0 } else { 216.0 };
    let lines = (text_width(&scenario.question, 15.0) / (width - buttons).clamp(1.0, 544.0)).ceil().clamp(1.0, 4.0);
    let below = 15.0 + 21.0 * lines;
    // The ground does not move under what is dragged.
    let still = if let Gesture::Drag { shown, .. } = &held { Some(*shown) } else { None };
    let size = (width.max(1.0), height.max(1.0));
    let target = chosen.or(still).unwrap_or_else(|| layout.fit(size.0, (height - below).max(1.0)));
    let viewport = use_viewport(*chosen, target, size, at_once.take());
    let selection = Rc::new(hits_of(&scenario, &lab.selection));
    let lit = layout.related(&selection).filter(|_| selection.iter().any(|h| !matches!(h, Hit::Zone(_))));

    let labelled: Vec<usize> =
        selection.iter().chain(&*hovered).filter_map(|h| if let Hit::Link(i) = h { Some(*i) } else { None }).collect();

    let editor = Editor {
        lab: lab.clone(),
        layout: Rc::clone(&layout),
        viewport,
        aim: target,
        size,
        tool: tool.clone(),
        space: tools.space.clone(),
        gesture: gesture.clone(),
        stop: stop.clone(),
        chosen: chosen.setter(),
        at_once: Rc::clone(&at_once),
        focus: Rc::clone(&focus),
    };
    *latest.borrow_mut() = Some(editor.clone());
    use_stage_keys(&latest);
    use_clipboard(&latest);
    use_focus(&focus);
    {
        let editor = editor.clone();
        use_effect_with(lab.close_up.clone(), move |(machine, _)| {
            if let Some(machine) = hit_of(editor.scenario(), machine) {
                editor.open_block(machine);
            }
        });
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
            let reduced_motion = reduced_motion();
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
    // The wheel zooms about the pointer, with Shift it looks around; it must be able to keep the page from scrolling.
    {
        let latest = Rc::clone(&latest);
        let area = area.clone();
        use_effect_with((), move |()| {
            let listener = area.cast::<Element>().map(|element| {
                let options = EventListenerOptions::enable_prevent_default();
                EventListener::new_with_options(&element, "wheel", options, move |event| {
                    let event: &WheelEvent = event.unchecked_ref();
                    let Some(editor) = latest.borrow().clone() else { return };
                    event.prevent_default();
                    let viewport = editor.viewport;
                    editor.look_at(match event.shift_key() {
                        true => viewport.pan(-event.delta_x(), -event.delta_y()),
                        false => viewport.zoom(point(event, &area), if event.delta_y() < 0.0 { 1.1 } else { 1.0 / 1.1 }),
                    });
                })
            });
            move || drop(listener)
        });
    }

    // The browser gives the focus right after this, also on touch screens, where it comes after the pointer went up.
    let on_mousedown = {
        let pressing = Rc::clone(&pressing);
        Callback::from(move |_: MouseEvent| {
            pressing.set(true);
            let pressing = Rc::clone(&pressing);
            Timeout::new(0, move || pressing.set(false)).forget();
        })
    };
    let on_pointerdown = {
        let (editor, area, fingers) = (editor.clone(), area.clone(), Rc::clone(&fingers));
        Callback::from(move |(hit, event): (Hit, PointerEvent)| {
            event.stop_propagation();
            let at = point(&event, &area);
            if let Some(element) = area.cast::<Element>() {
                let _ = element.set_pointer_capture(event.pointer_id());
            }
            if event.button() == 1 {
                event.prevent_default(); // no scrolling by itself
            }
            if event.is_primary() {
                fingers.borrow_mut().clear();
            }
            fingers.borrow_mut().insert(event.pointer_id(), at);
            editor.press(hit, &event, at, &fingers.borrow());
        })
    };
    let on_pointermove = {
        let (editor, area, fingers) = (editor.clone(), area.clone(), Rc::clone(&fingers));
        Callback::from(move |event: PointerEvent| {
            let at = point(&event, &area);
            if let Some(finger) = fingers.borrow_mut().get_mut(&event.pointer_id()) {
                *finger = at;
            }
            editor.drag(at, &fingers.borrow());
        })
    };
    let on_pointerup = {
        let (editor, fingers) = (editor.clone(), Rc::clone(&fingers));
        Callback::from(move |event: PointerEvent| {
            fingers.borrow_mut().remove(&event.pointer_id());
            editor.release();
        })
    };
    let on_pointercancel = {
        let (gesture, fingers) = (gesture.setter(), Rc::clone(&fingers));
        Callback::from(move |_: PointerEvent| {
            fingers.borrow_mut().clear();
            gesture.set(Gesture::None);
        })
    };
    let on_dblclick = {
        let (editor, area) = (editor.clone(), area.clone());
        Callback::from(move |event: MouseEvent| {
            let world = editor.viewport.to_world(point(&event, &area));
            if let Some(machine) = editor.layout.machine_at(world).filter(|_| *editor.tool == Tool::Select) {
                editor.open_block(machine);
            }
        })
    };
    let on_focus = {
        let (editor, pressing) = (editor.clone(), Rc::clone(&pressing));
        Callback::from(move |hit: Hit| focused(&editor, hit, pressing.get()))
    };
    let on_hover = {
        let hovered = hovered.setter();
        use_callback((), move |hit: Hit, ()| hovered.set(Some(hit)))
    };
    let on_keydown = {
        let editor = editor.clone();
        Callback::from(move |(hit, event): (Hit, KeyboardEvent)| editor.key(hit, &event))
    };
    let press = {
        let (editor, outlined) = (editor.clone(), outlined.clone());
        Callback::from(move |what: Press| match what {
            Press::Take(tool) => editor.take_up(tool),
            Press::Place(Tool::Add(role)) => editor.add_node(role, None),
            Press::Place(_) => editor.add_zone(None),
            Press::Duplicate => editor.duplicate(),
            Press::Delete => editor.remove(),
            Press::Outline => outlined.set(!*outlined),
            Press::Zoom(factor) => editor.zoom(factor),
            Press::Fit => editor.fit(),
        })
    };
    let above = above(&held, &guides, &layout, &viewport);
    let tab_stop = stop.as_ref().and_then(|id| hit_of(&scenario, id)).or(selection.first().copied());
    let working = match *tool {
        Tool::Select => None,
        Tool::Hand => Some("looking"),
        _ => Some("placing"),
    };
    html! {
        <>
        <Toolbar tool={*tool} outlined={*outlined} press={press.clone()} />
        <div class="stage-body">
            if *outlined {
                <Outline choose={ let editor = editor.clone(); Callback::from(move |(hit, also)| editor.point_out(hit, also)) }
                    enter={ let editor = editor.clone(); Callback::from(move |hit| editor.enter(hit)) }
                    close={ let (editor, outlined) = (editor.clone(), outlined.setter()); Callback::from(move |()| {
                        *editor.focus.borrow_mut() = editor.lab.selection.first().cloned();
                        outlined.set(false);
                    }) } />
            }
            <div class={classes!("stages", beside.is_some().then_some("two"))} data-shown={if *other { "other" } else { "own" }}>
            <div class={classes!("stage-view", "own", working)} ref={area} onmousedown={on_mousedown}
                onpointermove={on_pointermove} onpointerup={on_pointerup} onpointercancel={on_pointercancel} ondblclick={on_dblclick}>
                <TopologySvg scenario={scenario} layout={layout} {viewport} {selection} stop={tab_stop} lit={lit.map(Rc::new)}
                    {on_pointerdown} {on_focus} {on_hover} {on_keydown}>{ above }</TopologySvg>
                <canvas ref={canvas} aria-hidden="true" />
                if gpu {
                    <canvas class="dots" ref={dots} aria-hidden="true" />
                    <canvas ref={words} aria-hidden="true" />
                }
                <Caption awaits={tool.awaits()} />
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
            <Zoom scale={viewport.scale} {press} />
        </div>
        <FollowChip {viewport} size={(width, height)} look={ let chosen = chosen.setter(); Callback::from(move |v| chosen.set(Some(v))) } />
        </>
    }
}

#[derive(Properties, PartialEq)]
struct CaptionProps {
    /// What the tool in hand waits for.
    awaits: Option<AttrValue>,
}

/// What a tool waits for, the question of the scenario, or what an empty stage offers.
#[component]
fn Caption(props: &CaptionProps) -> Html {
    let (Some(lab), Some(tools)) = (use_context::<LabHandle>(), use_context::<Tools>()) else { return html! {} };
    // Nothing may lie where the next click goes.
    if let Some(awaits) = &props.awaits {
        return html! { <p class="stage-caption" role="status">{ awaits }</p> };
    }
    if let Some(trace) = lab.scenario.workload.trace.as_ref().filter(|_| lab.asks_for_trace()) {
        let names: Vec<&str> = trace.files.iter().map(|f| f.name.as_str()).collect();
        let open = tools.open_files.clone();
        let pick = Callback::from(move |event: Event| open.emit(picked(&event)));
        return html! {
            <div class="stage-empty plate">
                <p>{ format!("This experiment needs {}, which is not kept here: drop the file, or choose it. Links carry the name of a trace alone.", names.join(", ")) }</p>
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
    let theme = page_theme();
    let cards = Template::ALL.iter().map(|&template| {
        let command = template.command(&lab.scenario);
        let picture = match &command {
            Command::Replace(scenario) => picture(scenario, (168.0, 88.0), &theme),
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
