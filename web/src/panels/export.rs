//! What can be taken away from a run: tables, series, figures, the stage, and the report to print.

use std::rc::Rc;

use faaslab_core::measure::csv;
use yew::prelude::*;

use super::tables::begin;
use crate::app::Tools;
use crate::menu::Menu;
use crate::stage::draw::page_theme;
use crate::store::{Action, Dialog, LabHandle, persist};
use crate::worker::protocol::{Query, RowFilter, Table, ToSim};

/// The menu.
#[component]
pub(crate) fn ExportMenu() -> Html {
    let (Some(lab), Some(tools)) = (use_context::<LabHandle>(), use_context::<Tools>()) else { return html! {} };
    let menu = Menu(use_node_ref());
    let Some(shown) = lab.shown.clone().filter(|s| s.complete) else { return html! {} };
    let item = |title: &str, note: &str, act: Box<dyn Fn()>| {
        let menu = menu.clone();
        let click = Callback::from(move |_: MouseEvent| {
            menu.close();
            act();
        });
        html! { <button class="quiet" onclick={click}>{ title.to_owned() }<small>{ note.to_owned() }</small></button> }
    };
    let table = |table: Table| {
        let (client, run) = (tools.client.clone(), shown.run);
        // Invocations in their own order, whatever is listed.
        let query = Query { table, sort: begin(table), filter: RowFilter::default() };
        Box::new(move || client.say(&ToSim::Export { run, query: query.clone() })) as Box<dyn Fn()>
    };
    let series = {
        let shown = shown.clone();
        Box::new(move || persist::download("series.csv", "text/csv", &csv::series(&shown.charts)))
    };
    let summary = {
        let shown = shown.clone();
        Box::new(move || persist::download("summary.csv", "text/csv", &csv::summary(&shown.outcome.summary)))
    };
    let summary_json = {
        let shown = shown.clone();
        Box::new(move || {
            let text = serde_json::to_string_pretty(&shown.outcome.summary).unwrap_or_default();
            persist::download("summary.json", "application/json", &text);
        })
    };
    let stage = {
        let (player, scenario) = (tools.player.clone(), Rc::clone(&lab.scenario));
        Box::new(move || {
            if let Some((_, picture)) = player.picture(&scenario, None, &page_theme()) {
                persist::download("faaslab-stage.svg", "image/svg+xml", &picture);
            }
        })
    };
    let report = {
        let lab = lab.clone();
        Box::new(move || lab.dispatch(Action::Show(Some(Dialog::Report))))
    };
    html! {
        <details class="menu export" ref={menu.0.clone()} onfocusout={menu.on_leave()} onkeydown={menu.on_key()}>
            <summary>{ "Export" }</summary>
            <div class="items" tabindex="-1">
                { item("Invocations", "CSV", table(Table::Invocations)) }
                { item("Functions", "CSV", table(Table::Functions)) }
                { item("Zones", "CSV", table(Table::Zones)) }
                { item("Hosts", "CSV", table(Table::Hosts)) }
                { item("Series over time", "CSV", series) }
                { item("Summary", "CSV", summary) }
                { item("Summary", "JSON", summary_json) }
                { item("Stage at this instant", "SVG", stage) }
                { item("Report on one page", "print", report) }
            </div>
        </details>
    }
}
