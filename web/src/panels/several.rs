//! Several things that are selected: what they have in common is changed for all of them at once, as one step.

use faaslab_core::scenario::{Link, Node, Role, Zone};
use faaslab_core::units::counted;
use yew::prelude::*;

use super::fields::{Menu, Number, Pick};
use super::inspector::Back;
use crate::store::LabHandle;

/// The path of a field of the first of several things, and those of the others.
type Paths<'a> = &'a dyn Fn(&str) -> (AttrValue, Vec<AttrValue>);

/// The panel of several things.
#[component]
pub(super) fn Several() -> Html {
    let Some(lab) = use_context::<LabHandle>() else { return html! {} };
    let s = &lab.scenario;
    let chosen = |id: &String| lab.selection.contains(id);
    let nodes: Vec<&Node> = s.nodes.iter().filter(|n| chosen(&n.id)).collect();
    let links: Vec<&Link> = s.links.iter().filter(|l| chosen(&l.id)).collect();
    let zones: Vec<&Zone> = s.zones.iter().filter(|z| chosen(&z.id)).collect();
    let count = |n: usize, one: &str| (n > 0).then(|| counted(n as u64, one));
    let what: Vec<String> =
        [count(nodes.len(), "node"), count(zones.len(), "zone"), count(links.len(), "link")].into_iter().flatten().collect();
    let menu: Menu = s.zones.iter().map(|z| (z.id.clone().into(), z.label().to_owned().into())).collect();
    let node_ids: Vec<&str> = nodes.iter().map(|n| n.id.as_str()).collect();
    let link_ids: Vec<&str> = links.iter().map(|l| l.id.as_str()).collect();
    let zone_ids: Vec<&str> = zones.iter().map(|z| z.id.as_str()).collect();
    let all = |role: Role| nodes.iter().all(|n| n.is(role));
    html! {
        <section class="panel">
            <Back /><h2>{ what.join(", ") }</h2>
            <p class="help">{ "Drag to move them together. What is entered here holds for all of them." }</p>
            if !nodes.is_empty() {
                { node_fields(&|field| paths("nodes", &node_ids, field), menu, all(Role::Worker), all(Role::Client)) }
            }
            if !links.is_empty() {
                { headed(what.len() > 1, "Links") }
                { link_fields(&|field| paths("links", &link_ids, field)) }
            }
            if !zones.is_empty() {
                { headed(what.len() > 1, "Zones") }
                { zone_fields(&|field| paths("zones", &zone_ids, field), s.network.within_zone_ms) }
            }
        </section>
    }
}

fn headed(several: bool, title: &str) -> Html {
    if several {
        html! { <h3>{ title }</h3> }
    } else {
        Html::default()
    }
}

fn paths(list: &str, ids: &[&str], field: &str) -> (AttrValue, Vec<AttrValue>) {
    let mut all = ids.iter().map(|id| AttrValue::from(format!("{list}.{id}.{field}")));
    (all.next().unwrap_or_default(), all.collect())
}

/// The fields that all of some nodes have.
fn node_fields(paths: Paths<'_>, zones: Menu, workers: bool, clients: bool) -> Html {
    let ((zone, also), (cpu, also_cpu)) = (paths("zone"), paths("cpu"));
    html! {
        <>
        <Pick path={zone} {also} options={Some(zones)} />
        if workers {
            { number(paths, "cores") }
            <Pick path={cpu} also={also_cpu} />
            { for ["memory_mb", "slots", "speed", "count"].map(|field| number(paths, field)) }
        }
        if clients {
            { number(paths, "traffic") }
        }
        </>
    }
}

fn link_fields(paths: Paths<'_>) -> Html {
    html! { <>{ for ["latency_ms", "jitter_ms", "bandwidth_mbps"].map(|field| number(paths, field)) }</> }
}

fn zone_fields(paths: Paths<'_>, within_ms: f64) -> Html {
    let (path, also) = paths("latency_ms");
    html! { <Number {path} {also} absent={Some(AttrValue::from(within_ms.to_string()))} /> }
}

fn number(paths: Paths<'_>, field: &'static str) -> Html {
    let (path, also) = paths(field);
    html! { <Number key={field} {path} {also} /> }
}
