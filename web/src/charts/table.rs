//! A chart as a table, for those who read better than they see and for those who want the figures.

use std::rc::Rc;

use yew::prelude::*;

use super::sheet::Sheet;

/// What a table shows.
#[derive(Properties, PartialEq)]
pub(super) struct ChartTableProps {
    /// The question that the chart answers.
    pub(super) title: &'static str,
    /// Its data.
    pub(super) sheet: Rc<Sheet>,
}

/// At most 60 rows of the data of a chart.
#[component]
pub(super) fn ChartTable(props: &ChartTableProps) -> Html {
    let sheet = &props.sheet;
    let stride = sheet.stride();
    let head = sheet.titles().into_iter().map(|title| html! { <th scope="col">{ title.to_owned() }</th> });
    let row = |row: usize| {
        let cell = |(i, text): (usize, String)| match i {
            0 => html! { <th scope="row">{ text }</th> },
            _ => html! { <td>{ text }</td> },
        };
        html! { <tr key={row}>{ for sheet.shown(row).into_iter().enumerate().map(cell) }</tr> }
    };
    html! {
        <div class="chart-table" role="region" aria-label={props.title} tabindex="0">
            <table>
                if stride > 1 {
                    <caption>{ format!("Every {} of {} rows and the last; the CSV has all.", ordinal(stride), sheet.rows()) }</caption>
                }
                <thead><tr>{ for head }</tr></thead>
                <tbody>{ for sheet.thinned().into_iter().map(row) }</tbody>
            </table>
        </div>
    }
}

fn ordinal(n: usize) -> String {
    let ending = match (n % 10, n % 100) {
        (1, tens) if tens != 11 => "st",
        (2, tens) if tens != 12 => "nd",
        (3, tens) if tens != 13 => "rd",
        _ => "th",
    };
    format!("{n}{ending}")
}
