//! What happened at the playhead, in words: the event that it was put to, or that there is none of the kind.

use faaslab_core::sim::search::Direction;
use yew::prelude::*;

use super::player::Word;
use super::transport::use_tick;
use crate::app::Tools;

/// An instant to the nanosecond, as "12.345 678 901 s"; zeros at the end are left out in threes.
fn exactly(ns: u64) -> String {
    let (seconds, mut rest) = (ns / 1_000_000_000, ns % 1_000_000_000);
    let mut groups = vec![];
    let mut unit = 1_000_000;
    while rest > 0 {
        groups.push(format!("{:03}", rest / unit));
        rest %= unit;
        unit /= 1_000;
    }
    let decimals = if groups.is_empty() { String::new() } else { format!(".{}", groups.join("\u{202f}")) };
    format!("{seconds}{decimals} s")
}

/// The plate with the words.
#[component]
pub(crate) fn WordPlate() -> Html {
    let Some(tools) = use_context::<Tools>() else { return html! {} };
    use_tick(&tools);
    let body = match tools.player.word() {
        Word::None => Html::default(),
        Word::At(found) => {
            let more = (found.more > 0).then(|| format!("and {} more at this instant", found.more));
            let follow = found.invocation.map(|invocation| {
                let player = tools.player.clone();
                let press = Callback::from(move |_: MouseEvent| player.follow(Some(invocation)));
                html! { <button class="quiet" onclick={press} title="Show its way and its phases">{ "Follow" }</button> }
            });
            html! {
                <>
                <p><b>{ found.words }</b><small>{ exactly(found.at_ns) }{ more.map(|m| html! { <>{ ", " }{ m }</> }) }</small></p>
                { follow }
                </>
            }
        }
        Word::Missing(aim, direction) => {
            let place = if direction == Direction::Forward { "after this instant" } else { "before this instant" };
            html! { <p>{ format!("No {} {place}", aim.name()) }</p> }
        }
        Word::Looking(aim) => {
            let player = tools.player.clone();
            let cancel = Callback::from(move |_: MouseEvent| player.stop_looking());
            html! { <><p>{ format!("Looking for the {}…", aim.name()) }</p><button class="quiet" onclick={cancel}>{ "Cancel" }</button></> }
        }
    };
    html! { <div class="stage-word" role="status" aria-live="polite">{ body }</div> }
}

#[cfg(test)]
mod tests {
    use super::exactly;

    #[test]
    fn an_instant_is_told_to_the_nanosecond() {
        assert_eq!(exactly(12_345_678_901), "12.345\u{202f}678\u{202f}901 s");
        assert_eq!(exactly(12_345_000_000), "12.345 s");
        assert_eq!(exactly(1), "0.000\u{202f}000\u{202f}001 s");
        assert_eq!(exactly(3_000_000_000), "3 s");
    }
}
