//! Under the stage: play, speed, and the scrubber with the load of the run.

use faaslab_core::sim::search::{Aim, Direction};
use web_sys::HtmlElement;
use yew::prelude::*;

use super::fork::ForkButton;
use super::player::{FASTEST, Player, SLOWEST, Tick};
use crate::app::Tools;
use crate::charts::shared::Shared;
use crate::menu::Choices;
use crate::store::LabHandle;
use faaslab_core::units::{SimDuration, split_duration, three_digits};

/// The playhead, as the player tells of it.
#[hook]
pub(crate) fn use_tick(tools: &Tools) -> Tick {
    let tick = use_state(|| tools.player.now());
    {
        let (tick, player) = (tick.clone(), tools.player.clone());
        use_effect_with((), move |()| {
            let number = player.listen(Callback::from(move |t| tick.set(t)));
            move || player.stop_listening(number)
        });
    }
    *tick
}

/// A time with the precision that a playhead needs: milliseconds for short runs; for long ones hours, minutes and seconds, and of
/// a second what moves at this speed, in seconds per second on the screen.
fn clock(at_s: f64, end_s: f64, speed: f64) -> String {
    if end_s < 600.0 {
        return format!("{at_s:.3} s");
    }
    let ms = (at_s * 1e3) as u64;
    let s = ms / 1000;
    let whole = format!("{}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60);
    match speed {
        x if x < 1.0 => format!("{whole}.{:03}", ms % 1000),
        x if x < 10.0 => format!("{whole}.{}", ms % 1000 / 100),
        _ => whole,
    }
}

/// Play, speed and scrubber.
#[component]
pub(crate) fn Transport() -> Html {
    let (Some(lab), Some(tools)) = (use_context::<LabHandle>(), use_context::<Tools>()) else { return html! {} };
    let tick = use_tick(&tools);
    let toggle = {
        let player = tools.player.clone();
        Callback::from(move |_: MouseEvent| player.toggle())
    };
    let seek = {
        let player = tools.player.clone();
        Callback::from(move |e: InputEvent| {
            let input: web_sys::HtmlInputElement = e.target_unchecked_into();
            player.seek(input.value_as_number());
        })
    };
    let speed = {
        let player = tools.player.clone();
        Callback::from(move |e: InputEvent| {
            let input: web_sys::HtmlInputElement = e.target_unchecked_into();
            player.set_speed(Some(pow10(input.value_as_number())));
        })
    };
    let auto = {
        let player = tools.player.clone();
        let now = tick;
        Callback::from(move |_: MouseEvent| player.set_speed(if now.auto { Some(now.speed) } else { None }))
    };
    let aim = tools.player.aim();
    let choose = {
        let player = tools.player.clone();
        Callback::from(move |i: usize| player.set_aim(Aim::KINDS[i]))
    };
    let chosen = Aim::KINDS.iter().position(|kind| *kind == aim).unwrap_or_default();
    let names: Vec<&str> = Aim::KINDS.iter().map(|kind| kind.name()).collect();
    let (log_min, log_max) = (log10(SLOWEST), log10(FASTEST));
    let plays = tick.playing && tick.end_s > 0.0;
    let label = if plays { "Pause" } else { "Play" };
    let (end, unit) = split_duration(tick.end_s * 1e9);
    let speed_text = format!("{}×", three_digits(tick.speed));
    html! {
        <div class="transport" role="group" aria-label="Play">
            <button class="icon play" onclick={toggle} aria-label={label} title={format!("{label} (space)")} disabled={tick.end_s <= 0.0}>
                if plays {
                    <svg viewBox="0 0 16 16" aria-hidden="true"><path d="M4 3h3v10H4zM9 3h3v10H9z" /></svg>
                } else {
                    <svg viewBox="0 0 16 16" aria-hidden="true"><path d="M4 2.5v11l9-5.5z" /></svg>
                }
            </button>
            <div class="steps" role="group" aria-label="Step">
                { step(&tools, "Previous event (,)".to_owned(), BACK, |p| p.find(Aim::Event, Direction::Back)) }
                { step(&tools, "Next event (.)".to_owned(), ON, |p| p.find(Aim::Event, Direction::Forward)) }
            </div>
            <div class="steps jump" role="group" aria-label="Jump">
                { step(&tools, format!("Previous {} ([)", aim.name()), FAR_BACK, |p| p.jump(Direction::Back)) }
                <Choices label="Jump to" icon={FLAG} class="up" {names} {chosen} {choose} />
                { step(&tools, format!("Next {} (])", aim.name()), FAR_ON, |p| p.jump(Direction::Forward)) }
            </div>
            <span class="clock" title="Simulated time">{ clock(tick.at_s, tick.end_s, tick.speed) }<small>{ format!(" of {end} {unit}") }</small></span>
            <div class="scrub">
                { lab.shown.as_ref().map(|s| sparkline(&s.charts.in_system)) }
                <Cursor end_s={tick.end_s} />
                if let Some(fork) = lab.fork.as_ref().filter(|f| tick.end_s > 0.0 && f.at_s <= tick.end_s) {
                    <i class="forked" style={format!("left:calc(8px + (100% - 16px) * {:.5})", fork.at_s / tick.end_s)}></i>
                }
                <input type="range" aria-label="Playhead" aria-valuetext={SimDuration::from_s(tick.at_s).to_string()} min="0"
                    max={tick.end_s.max(1e-9).to_string()} step="any" value={tick.at_s.to_string()} oninput={seek} />
            </div>
            <label class="speed" title="Simulated seconds per second">
                <span class="speed-value">{ speed_text }</span>
                <input type="range" aria-label="Speed" aria-valuetext={format!("{} times", three_digits(tick.speed))}
                    min={log_min.to_string()} max={log_max.to_string()} step="0.05" value={log10(tick.speed).to_string()} oninput={speed} />
            </label>
            <button class={classes!("quiet", tick.auto.then_some("on"))} onclick={auto} aria-pressed={tick.auto.to_string()}
                title="Follow the messages: the median one takes 350 ms on the screen, less where executions are long">{ "Auto" }</button>
            if lab.embed.is_none() {
                <ForkButton />
            }
        </div>
    }
}

#[derive(Properties, PartialEq)]
struct CursorProps {
    end_s: f64,
}

/// The instant under the pointer of a chart, as a dashed line over the scrubber.
#[component]
fn Cursor(props: &CursorProps) -> Html {
    let line = use_node_ref();
    let shared = use_context::<Shared>().unwrap_or_default();
    {
        let (line, end_s) = (line.clone(), props.end_s);
        use_effect_with((shared, end_s), move |(shared, end_s)| {
            let end_s = *end_s;
            let listening = shared.listen(move |at_s| {
                let Some(line) = line.cast::<HtmlElement>() else { return };
                line.set_hidden(at_s.is_none());
                if let Some(at_s) = at_s {
                    let _ = line.style().set_property("--at", &(at_s / end_s.max(1e-9)).clamp(0.0, 1.0).to_string());
                }
            });
            move || drop(listening)
        });
    }
    html! { <div class="scrub-cursor" ref={line} hidden=true></div> }
}

/// Pictures of the buttons: a step is a bar and a triangle, a jump two triangles, and what is jumped to a flag.
const BACK: &str = "M12 3v10L5.5 8zM3.5 3H5v10H3.5z";
const ON: &str = "M4 3v10l6.5-5zM11 3h1.5v10H11z";
const FAR_BACK: &str = "M8 3v10L2 8zM14 3v10L8 8z";
const FAR_ON: &str = "M8 3v10l6-5zM2 3v10l6-5z";
const FLAG: &str = "M3 2h1.5v12H3zM5.5 3H13l-2.5 2.75L13 8.5H5.5z";

fn step(tools: &Tools, name: String, path: &'static str, go: fn(&Player)) -> Html {
    let player = tools.player.clone();
    let empty = player.now().end_s <= 0.0;
    html! {
        <button class="icon" aria-label={name.clone()} title={name} disabled={empty} onclick={move |_: MouseEvent| go(&player)}>
            <svg viewBox="0 0 16 16" aria-hidden="true"><path d={path} /></svg>
        </button>
    }
}

fn log10(x: f64) -> f64 {
    js_sys::Math::log10(x)
}

fn pow10(x: f64) -> f64 {
    js_sys::Math::pow(10.0, x)
}

/// The number in the system over the run, behind the scrubber. A short burst is cut off, so that the rest can be seen.
fn sparkline(load: &[f32]) -> Html {
    let mut sorted = load.to_vec();
    sorted.sort_unstable_by(f32::total_cmp);
    let (Some(&highest), Some(&high)) = (sorted.last(), sorted.get(sorted.len() * 49 / 50)) else { return html! {} };
    let most = if high > 0.0 { highest.min(high * 1.25) } else { highest };
    if load.len() < 2 || most <= 0.0 {
        return html! {};
    }
    let mut path = String::from("M0 20");
    for (i, v) in load.iter().enumerate() {
        let (x, y) = (i as f32 / load.len() as f32 * 240.0, 20.0 - v.min(most) / most * 18.0);
        path.push_str(&format!("L{x:.1} {y:.1}L{:.1} {y:.1}", x + 240.0 / load.len() as f32));
    }
    path.push_str("L240 20z");
    html! { <svg class="spark" viewBox="0 0 240 20" preserveAspectRatio="none" aria-hidden="true"><path d={path} /></svg> }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_of_a_long_run_moves_at_every_speed() {
        assert_eq!(clock(3_661.257, 7_200.0, 100.0), "1:01:01");
        assert_eq!(clock(3_661.257, 7_200.0, 5.0), "1:01:01.2");
        assert_eq!(clock(0.204, 7_200.0, 0.05), "0:00:00.204");
        assert_eq!(clock(0.204, 60.0, 100.0), "0.204 s");
    }
}
