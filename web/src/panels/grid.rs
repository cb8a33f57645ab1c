//! A table of up to millions of rows: only those in sight are on the page, and they come from the worker in blocks.

use std::rc::Rc;

use wasm_bindgen::JsCast;
use web_sys::HtmlElement;
use yew::prelude::*;

use crate::app::Tools;
use crate::store::LabHandle;
use crate::store::pages::BLOCK;
use crate::worker::protocol::{Column, Query, Rows, Sort, ToSim};

/// Height of a row in pixels.
const ROW_PX: f64 = 28.0;
/// Browsers draw nothing taller than some ten million pixels; beyond this the scroll bar moves by shares of the table.
const MOST_PX: f64 = 8_000_000.0;
/// Rows beyond the visible ones that are ready.
const MARGIN: u32 = 8;

/// A column's head.
#[derive(Debug, PartialEq)]
pub(crate) struct Head {
    /// What it is.
    pub(crate) column: Column,
    /// As people read it.
    pub(crate) title: &'static str,
    /// Its least width in pixels, and its part of what is left.
    pub(crate) width: (u32, u32),
    /// What it means.
    pub(crate) help: &'static str,
}

#[derive(Properties, PartialEq)]
pub(crate) struct Props {
    /// The run, which has ended.
    pub(crate) run: u32,
    /// The table, in its order.
    pub(crate) query: Query,
    /// Its columns.
    pub(crate) heads: &'static [Head],
    /// What it lists, for those who do not see it.
    pub(crate) label: AttrValue,
    /// What stands in a cell: the rows of a block, the place there, the column.
    pub(crate) cell: Callback<(Rc<Rows>, usize, Column), Html>,
    /// What to do with a row that is chosen.
    pub(crate) on_choose: Callback<(Rc<Rows>, usize)>,
    /// Another order is asked for.
    pub(crate) on_sort: Callback<Sort>,
    /// Why there are no rows, if there are none.
    pub(crate) empty: AttrValue,
}

/// What is in sight.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Sight {
    top_px: f64,
    height_px: f64,
}

impl Sight {
    /// The height of all rows together, on the page.
    fn whole_px(total: u32) -> f64 {
        (f64::from(total) * ROW_PX).min(MOST_PX)
    }

    /// Whether the scroll bar moves by shares.
    fn is_scaled(total: u32) -> bool {
        f64::from(total) * ROW_PX > MOST_PX
    }

    /// How many rows fit under the head.
    fn fits(self) -> u32 {
        ((self.height_px / ROW_PX).floor() as u32).saturating_sub(1).max(1)
    }

    /// The first row in sight.
    fn first(self, total: u32) -> u32 {
        if !Sight::is_scaled(total) {
            return (self.top_px / ROW_PX) as u32;
        }
        let travel = Sight::whole_px(total) + ROW_PX - self.height_px;
        let share = (self.top_px / travel.max(1.0)).clamp(0.0, 1.0);
        (share * f64::from(total.saturating_sub(self.fits()))).round() as u32
    }

    /// Where to scroll so that a row is the first in sight.
    fn top_of(self, row: u32, total: u32) -> f64 {
        if !Sight::is_scaled(total) {
            return f64::from(row) * ROW_PX;
        }
        let travel = Sight::whole_px(total) + ROW_PX - self.height_px;
        travel * f64::from(row) / f64::from(total.saturating_sub(self.fits()).max(1))
    }
}

/// The table.
#[component]
pub(crate) fn Grid(props: &Props) -> Html {
    let (Some(lab), Some(tools)) = (use_context::<LabHandle>(), use_context::<Tools>()) else { return html! {} };
    let node = use_node_ref();
    let sight = use_state_eq(Sight::default);
    let active = use_state_eq(|| 0u32);
    let pages = lab.pages.clone().filter(|p| p.is_of(props.run, &props.query));
    let total = pages.as_ref().map(|p| p.total);
    let rows = total.unwrap_or(0);
    let look = {
        let (node, sight) = (node.clone(), sight.setter());
        Callback::from(move |()| {
            if let Some(e) = node.cast::<HtmlElement>() {
                sight.set(Sight { top_px: e.scroll_top().into(), height_px: e.client_height().into() });
            }
        })
    };
    {
        let (node, look, active) = (node.clone(), look.clone(), active.setter());
        use_effect_with((props.run, props.query.clone()), move |_| {
            active.set(0);
            if let Some(e) = node.cast::<HtmlElement>() {
                e.set_scroll_top(0);
            }
            look.emit(());
        });
    }
    {
        // The panel may grow.
        let (node, look) = (node.clone(), look.clone());
        use_effect_with((), move |()| {
            let watch = node.cast::<HtmlElement>().and_then(|e| {
                let heard = wasm_bindgen::closure::Closure::<dyn FnMut()>::new(move || look.emit(()));
                let observer = web_sys::ResizeObserver::new(heard.as_ref().unchecked_ref()).ok()?;
                observer.observe(&e);
                Some((observer, heard))
            });
            move || {
                if let Some((observer, _heard)) = watch {
                    observer.disconnect();
                }
            }
        });
    }
    let first = sight.first(rows).min(rows);
    let from = first.saturating_sub(MARGIN);
    let to = first.saturating_add(sight.fits() + MARGIN + 2).min(rows);
    {
        let (client, pages) = (tools.client.clone(), pages.clone());
        let blocks = (from / BLOCK, to / BLOCK);
        let has = |block: u32| pages.as_ref().is_some_and(|p| p.has(block));
        let wanted = (props.run, props.query.clone(), blocks, (has(blocks.0), has(blocks.1)));
        use_effect_with(wanted, move |(run, query, (first, last), _)| {
            for block in (*first..=*last).filter(|&block| pages.as_ref().is_none_or(|p| !p.has(block))) {
                client.say(&ToSim::Page { run: *run, query: query.clone(), from: block * BLOCK, count: BLOCK });
            }
        });
    }
    let go = {
        let (node, active, sight) = (node.clone(), active.setter(), *sight);
        move |row: u32| {
            active.set(row);
            let Some(e) = node.cast::<HtmlElement>() else { return };
            let (first, fits) = (sight.first(rows), sight.fits());
            if row < first {
                e.set_scroll_top(sight.top_of(row, rows).floor() as i32);
            } else if row >= first + fits {
                e.set_scroll_top(sight.top_of(row + 1 - fits, rows).ceil() as i32);
            }
        }
    };
    let choose = {
        let (pages, on_choose) = (pages.clone(), props.on_choose.clone());
        move |row: u32| {
            if let Some((block, place)) = pages.as_ref().and_then(|p| p.at(row)) {
                on_choose.emit((Rc::clone(block), place));
            }
        }
    };
    let on_key = {
        let (active, fits, go, choose) = (*active, sight.fits(), go.clone(), choose.clone());
        Callback::from(move |event: KeyboardEvent| {
            let last = rows.saturating_sub(1);
            // The heads are buttons of their own.
            let on_head =
                event.target().and_then(|t| t.dyn_into::<web_sys::Element>().ok()).is_some_and(|e| e.tag_name() == "BUTTON");
            if on_head || rows == 0 {
                return;
            }
            match event.key().as_str() {
                "ArrowDown" => go((active + 1).min(last)),
                "ArrowUp" => go(active.saturating_sub(1)),
                "PageDown" => go((active + fits).min(last)),
                "PageUp" => go(active.saturating_sub(fits)),
                "Home" => go(0),
                "End" => go(last),
                "Enter" => choose(active),
                _ => return,
            }
            event.prevent_default();
            event.stop_propagation();
        })
    };
    let heads = props.heads.iter().enumerate().map(|(i, head)| {
        let sorted = props.query.sort.column == head.column;
        let descending = props.query.sort.descending;
        let (word, mark) = match (sorted, descending) {
            (false, _) => ("none", ""),
            (true, true) => ("descending", "↓"),
            (true, false) => ("ascending", "↑"),
        };
        let on_sort = {
            let (on_sort, column) = (props.on_sort.clone(), head.column);
            // Of figures the greatest are asked for first, of names and dates the first ones.
            let names = matches!(column, Column::Id | Column::Function | Column::Host | Column::Submitted | Column::Outcome);
            Callback::from(move |_: MouseEvent| {
                on_sort.emit(Sort { column, descending: if sorted { !descending } else { !names } });
            })
        };
        html! {
            <div role="columnheader" aria-colindex={(i + 1).to_string()} aria-sort={word} class={side(head.column)}>
                <button onclick={on_sort} title={head.help}><span class="title">{ head.title }<span class="mark" aria-hidden="true">{ mark }</span></span></button>
            </div>
        }
    });
    let scaled = Sight::is_scaled(rows);
    let lines = (from..to).map(|row| {
        let top = if scaled { sight.top_px + (f64::from(row) - f64::from(first)) * ROW_PX } else { f64::from(row) * ROW_PX };
        let here = pages.as_ref().and_then(|p| p.at(row));
        let cells = props.heads.iter().enumerate().map(|(i, head)| {
            let cell = here.map(|(block, place)| props.cell.emit((Rc::clone(block), place, head.column)));
            html! { <div role="gridcell" aria-colindex={(i + 1).to_string()} class={side(head.column)}>{ cell }</div> }
        });
        let on_click = {
            let (choose, active) = (choose.clone(), active.setter());
            Callback::from(move |_: MouseEvent| {
                active.set(row);
                choose(row);
            })
        };
        html! {
            <div key={row} role="row" id={format!("row-{row}")} aria-rowindex={(row + 2).to_string()} aria-selected={(row == *active).to_string()}
                style={format!("transform:translateY({top}px)")} onclick={on_click}>{ for cells }</div>
        }
    });
    let columns: Vec<String> = props.heads.iter().map(|h| format!("minmax({}px, {}fr)", h.width.0, h.width.1)).collect();
    let least: u32 = props.heads.iter().map(|h| h.width.0).sum();
    let on_scroll = Callback::from(move |_: Event| look.emit(()));
    let in_sight = rows > 0 && (from..to).contains(&*active);
    html! {
        <>
        <div class="grid" ref={node} role="grid" tabindex="0" aria-label={props.label.clone()} aria-rowcount={(rows + 1).to_string()}
            aria-colcount={props.heads.len().to_string()} aria-activedescendant={in_sight.then(|| format!("row-{}", *active))}
            style={format!("--columns:{};--least:{least}px", columns.join(" "))} onscroll={on_scroll} onkeydown={on_key}>
            <div role="row" aria-rowindex="1" class="head">{ for heads }</div>
            if rows > 0 {
                <div role="rowgroup" class="rows" style={format!("height:{}px", Sight::whole_px(rows))}>{ for lines }</div>
            }
        </div>
        if total == Some(0) { <p class="empty">{ props.empty.clone() }</p> }
        </>
    }
}

/// Names stand left, figures right.
fn side(column: Column) -> &'static str {
    match column {
        Column::Id | Column::Function | Column::Host | Column::Outcome => "name",
        _ => "figure-cell",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scroll_bar_reaches_the_first_and_the_last_row_of_any_table() {
        for total in [1, 10, 1_000, 285_000, 1_000_000, 50_000_000] {
            let sight = Sight { top_px: 0.0, height_px: 190.0 };
            assert_eq!(sight.first(total), 0);
            let bottom = Sight { top_px: (Sight::whole_px(total) + ROW_PX - 190.0).max(0.0), ..sight };
            let last = bottom.first(total) + bottom.fits();
            assert!(last + 1 >= total, "{total}: {last}");
            for row in [0, total / 3, total.saturating_sub(bottom.fits())] {
                let there = Sight { top_px: sight.top_of(row, total), ..sight };
                assert!(there.first(total).abs_diff(row) <= 1, "{total}: {row} became {}", there.first(total));
            }
        }
    }
}
