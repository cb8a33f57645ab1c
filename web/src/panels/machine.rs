//! One machine of a block, and what a worker holds right now.

use faaslab_core::scenario::Node;
use serde_json::Value;
use yew::prelude::*;

use super::fields::{Number, set};
use super::inspector::title_of;
use crate::stage::outline::use_live;
use crate::store::{Action, LabHandle};

#[derive(Properties, PartialEq)]
pub(super) struct NowProps {
    /// The worker's id.
    pub(super) node: AttrValue,
    /// A machine of it; all together if absent.
    #[prop_or_default]
    pub(super) machine: Option<u32>,
    /// Whether it is a worker.
    pub(super) works: bool,
}

/// What a node or one of its machines holds at the playhead, and what its placers have to do.
#[component]
pub(super) fn Now(props: &NowProps) -> Html {
    let live = use_live();
    let held = live.as_ref().filter(|_| props.works).and_then(|live| live.words(&props.node, props.machine));
    let work = live.as_ref().filter(|_| props.machine.is_none()).and_then(|live| live.work(&props.node));
    let words = held.into_iter().chain(work).reduce(|held, work| format!("{held}, {work}"));
    words.map_or_else(Html::default, |words| html! { <p class="now">{ words }</p> })
}

#[derive(Properties, PartialEq)]
pub(super) struct MachineProps {
    /// The block.
    pub(super) node: Node,
    /// The machine's number in it.
    pub(super) number: u32,
}

/// A machine of a block: its values are the block's, unless they are set here.
#[component]
pub(super) fn MachinePanel(props: &MachineProps) -> Html {
    let Some(lab) = use_context::<LabHandle>() else { return html! {} };
    let (n, number) = (&props.node, props.number);
    let id = format!("{}[{number}]", n.id);
    let path = |field: &str| format!("nodes.{id}.{field}");
    let of_block = |value: f64| Some(AttrValue::from(value.to_string()));
    let up = {
        let (lab, block) = (lab.clone(), n.id.clone());
        Callback::from(move |_: MouseEvent| lab.dispatch(Action::Select(vec![block.clone()])))
    };
    let like_the_others = {
        let (lab, path) = (lab.clone(), format!("nodes.{id}"));
        Callback::from(move |_: MouseEvent| set(&lab, &path, Value::Null))
    };
    let differs = n.overrides.contains_key(&number);
    html! {
        <section class="panel">
            { title_of("Machine", &id) }
            <Now node={n.id.clone()} machine={number} works={true} />
            <p class="help">{ format!("One of the {} machines of {}. What is entered here holds for this one alone.", n.count, n.label()) }</p>
            <Number path={path("cores")} absent={of_block(n.cores)} />
            <Number path={path("memory_mb")} absent={of_block(n.memory_mb)} />
            <Number path={path("slots")} absent={n.slots.map(|slots| AttrValue::from(slots.to_string()))} />
            <Number path={path("speed")} absent={of_block(n.speed)} />
            <div class="row">
                <button onclick={up}>{ "The whole block" }</button>
                if differs { <button class="quiet" onclick={like_the_others}>{ "Make it like the others" }</button> }
            </div>
        </section>
    }
}
