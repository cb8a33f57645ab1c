//! Stacked areas over simulated time: how invocations started, and what the memory of containers is used for.

use faaslab_core::measure::Charts;

use super::axes::{Axis, Grid, Writing};
use super::labels::{self, EndLabel, Sample};
use super::pen::{Pen, Px};
use super::reading::Frame;
use super::series::{begin, draw_ghost, times, within};
use super::sheet::{Column as Numbers, Quantity, Sheet};
use super::texture::{Column, Mark, texture};
use super::view::View;

/// One layer, with a value for each bucket.
struct Layer {
    name: &'static str,
    mark: Mark,
    values: Vec<f64>,
}

impl Layer {
    fn new(name: &'static str, mark: Mark, values: impl Iterator<Item = f64>) -> Layer {
        let values = values.map(|value| if value.is_finite() { value.max(0.0) } else { 0.0 }).collect();
        Layer { name, mark, values }
    }
}

/// The tops of the layers, each on those before it.
fn tops(layers: &[Layer]) -> Vec<Vec<f64>> {
    let mut tops: Vec<Vec<f64>> = Vec::new();
    for layer in layers {
        let on = |bucket: usize| tops.last().and_then(|top| top.get(bucket)).copied().unwrap_or(0.0);
        tops.push(layer.values.iter().enumerate().map(|(bucket, value)| on(bucket) + value).collect());
    }
    tops
}

/// A stack of layers from the bottom up, with what its axis says.
struct Stack {
    layers: Vec<Layer>,
    writing: Writing,
    caption: &'static str,
}

impl Stack {
    /// Draws it, with `before` of the previous run dashed in front.
    fn draw(&self, pen: &Pen<'_>, data: &Charts, view: &View, ghost: Option<(&Charts, Vec<f64>, &str)>) -> Frame {
        let tops = tops(&self.layers);
        let span = view.span(data);
        let before = ghost.iter().flat_map(|(run, values, _)| within(run, span, values));
        let values = tops.last().into_iter().flat_map(|values| within(data, span, values)).chain(before);
        let y = Axis::from_zero(values, Grid::rows(pen), self.writing);
        let x = Axis::time(span, Grid::columns(pen));
        let names: Vec<&str> = self.layers.iter().map(|layer| layer.name).collect();
        let grid = Grid::draw(pen, &x, &y, self.caption, labels::room(pen, &names));
        let columns = self.columns(&grid, data, &tops);
        // From the top layer down, each to the bottom: no seam between two layers.
        for (layer, columns) in self.layers.iter().zip(&columns).rev() {
            fill(pen, &grid, layer, columns);
        }
        for (layer, columns) in self.layers.iter().zip(&columns) {
            finish(pen, layer, columns);
        }
        if let Some((run, values, name)) = ghost {
            draw_ghost(pen, &grid, run, &values, name);
        }
        self.name_layers(pen, &grid, &columns);
        Frame::over_time(grid, data)
    }

    fn columns(&self, grid: &Grid, data: &Charts, tops: &[Vec<f64>]) -> Vec<Vec<Column>> {
        let below = |layer: usize, bucket: usize| match layer.checked_sub(1) {
            Some(under) => tops[under].get(bucket).copied().unwrap_or(0.0),
            None => 0.0,
        };
        let column = |layer: usize, bucket: usize, top: f64| Column {
            left: grid.x(begin(data, bucket)),
            right: grid.x(begin(data, bucket + 1)),
            top: grid.y(top),
            bottom: grid.y(below(layer, bucket)),
        };
        let (from, to) = grid.range();
        let shown = |bucket: usize| begin(data, bucket) < to && begin(data, bucket + 1) > from;
        let of_layer = |(layer, tops): (usize, &Vec<f64>)| {
            let tops = tops.iter().enumerate().filter(|(bucket, _)| shown(*bucket));
            tops.map(|(bucket, top)| column(layer, bucket, *top)).collect()
        };
        tops.iter().enumerate().map(of_layer).collect()
    }

    /// Names each layer that has anything in it, beside the middle of its end.
    fn name_layers(&self, pen: &Pen<'_>, grid: &Grid, columns: &[Vec<Column>]) {
        let some = |column: &&Column| column.bottom > column.top;
        let label = |(layer, columns): (&Layer, &Vec<Column>)| {
            let end = columns.iter().rev().find(some)?;
            let y = (end.top + end.bottom) / 2.0;
            Some(EndLabel { y, sample: Sample::Patch(layer.mark), text: layer.name.to_owned() })
        };
        // From the top down, so that layers without height keep their order.
        let ends = self.layers.iter().zip(columns).rev().filter_map(label).collect();
        labels::draw(pen, grid, ends);
    }
}

/// The steps along the tops of some columns.
fn steps(columns: &[Column]) -> Vec<Px> {
    columns.iter().flat_map(|column| [(column.left, column.top), (column.right, column.top)]).collect()
}

fn fill(pen: &Pen<'_>, grid: &Grid, layer: &Layer, columns: &[Column]) {
    let mut outline = steps(columns);
    if let (Some(&(left, _)), Some(&(right, _))) = (outline.first(), outline.last()) {
        outline.extend([(right, grid.plot.bottom), (left, grid.plot.bottom)]);
        pen.fill(&outline, layer.mark.fill(&pen.theme, 0));
    }
}

/// Texture and upper edge of a layer. The edge shows even where the layer is thinner than a pixel.
fn finish(pen: &Pen<'_>, layer: &Layer, columns: &[Column]) {
    if layer.mark == Mark::Lost {
        // Once more, over the edges of the layer below.
        for column in columns {
            pen.block(column.rect(), layer.mark.colour(&pen.theme));
        }
    }
    texture(pen, layer.mark, columns);
    let edged = |column: &Column| match layer.mark {
        Mark::Cold | Mark::Idle | Mark::Image => column.bottom > column.top,
        _ => column.bottom > column.top && column.bottom - column.top < 1.0,
    };
    for run in columns.split(|column| !edged(column)).filter(|run| !run.is_empty()) {
        let mut edge = steps(run);
        if let (Mark::Cold, Some(first), Some(last)) = (layer.mark, run.first(), run.last()) {
            edge.insert(0, (first.left, first.bottom));
            edge.push((last.right, last.bottom));
        }
        pen.line(&edge, layer.mark.colour(&pen.theme), 1.0);
    }
}

/// How invocations started.
pub(super) mod starts {
    use super::*;

    fn total(counts: &[u32]) -> u64 {
        counts.iter().map(|count| u64::from(*count)).sum()
    }

    fn per_second<'a>(data: &'a Charts, counts: &'a [u32]) -> impl Iterator<Item = f64> + 'a {
        // The last bucket may be cut short by the end of the run.
        let width = move |bucket| begin(data, bucket + 1) - begin(data, bucket);
        counts.iter().enumerate().map(move |(bucket, count)| f64::from(*count) / width(bucket))
    }

    /// Why there is nothing to draw.
    pub(in super::super) fn empty(data: &Charts) -> Option<&'static str> {
        let nothing = total(&data.cold) + total(&data.warm) + total(&data.lost) == 0;
        nothing.then_some("No invocation was submitted in this run")
    }

    /// The chart in words.
    pub(in super::super) fn summary(data: &Charts) -> String {
        let (cold, warm, lost) = (total(&data.cold), total(&data.warm), total(&data.lost));
        format!("Starts over time: {cold} cold, {warm} warm, {lost} lost")
    }

    /// The chart as numbers.
    pub(in super::super) fn sheet(data: &Charts) -> Sheet {
        let column = |title, key, counts: &[u32]| {
            Numbers::new(title, key, Quantity::Count, counts.iter().map(|count| f64::from(*count)).collect())
        };
        let columns = vec![
            times(data, data.cold.len()),
            column("cold", "cold", &data.cold),
            column("warm", "warm", &data.warm),
            column("lost", "lost", &data.lost),
        ];
        Sheet { columns, compared: 1, ..Sheet::default() }
    }

    /// Draws it.
    pub(in super::super) fn draw(pen: &Pen<'_>, data: &Charts, view: &View, ghost: Option<&Charts>) -> Frame {
        let layers = vec![
            Layer::new("cold", Mark::Cold, per_second(data, &data.cold)),
            Layer::new("warm", Mark::Idle, per_second(data, &data.warm)),
            Layer::new("lost", Mark::Lost, per_second(data, &data.lost)),
        ];
        let none = total(&data.cold) == 0;
        let caption = if none { "invocations/s; no cold starts" } else { "invocations/s" };
        let stack = Stack { layers, writing: Writing::Number, caption };
        stack.draw(pen, data, view, ghost.map(|run| (run, per_second(run, &run.cold).collect(), "cold")))
    }
}

/// Why idle containers were removed.
pub(super) mod removals {
    use super::*;

    fn wide(values: &[f32]) -> impl Iterator<Item = f64> + '_ {
        values.iter().map(|value| f64::from(*value))
    }

    fn total(data: &Charts) -> Vec<f64> {
        wide(&data.evicted_per_s).zip(wide(&data.expired_per_s)).map(|(evicted, expired)| evicted + expired).collect()
    }

    /// Why there is nothing to draw.
    pub(in super::super) fn empty(data: &Charts) -> Option<&'static str> {
        let nothing = !total(data).iter().any(|value| *value > 0.0);
        nothing.then_some("No idle container was removed in this run")
    }

    /// The chart in words.
    pub(in super::super) fn summary(data: &Charts) -> String {
        let count = |values: &[f32]| {
            let width = |bucket| begin(data, bucket + 1) - begin(data, bucket);
            Quantity::Count.show(wide(values).enumerate().map(|(bucket, rate)| rate * width(bucket)).sum::<f64>().round())
        };
        let (evicted, expired) = (count(&data.evicted_per_s), count(&data.expired_per_s));
        format!("Idle containers removed over time: {evicted} evicted to make room, {expired} expired")
    }

    /// The chart as numbers.
    pub(in super::super) fn sheet(data: &Charts) -> Sheet {
        let column = |title, key, values| Numbers::new(title, key, Quantity::PerSecond, wide(values).collect());
        let columns = vec![
            times(data, data.evicted_per_s.len()),
            column("evicted", "evicted_per_s", &data.evicted_per_s),
            column("expired", "expired_per_s", &data.expired_per_s),
        ];
        Sheet { columns, compared: 1, ..Sheet::default() }
    }

    /// Draws it.
    pub(in super::super) fn draw(pen: &Pen<'_>, data: &Charts, view: &View, ghost: Option<&Charts>) -> Frame {
        let layers = vec![
            Layer::new("evicted", Mark::Lost, wide(&data.evicted_per_s)),
            Layer::new("expired", Mark::Idle, wide(&data.expired_per_s)),
        ];
        let stack = Stack { layers, writing: Writing::Number, caption: "idle containers removed/s" };
        stack.draw(pen, data, view, ghost.map(|run| (run, wide(&run.evicted_per_s).collect(), "evicted")))
    }
}

/// What the memory of containers is used for.
pub(super) mod memory {
    use super::*;

    fn wide(values: &[f32]) -> impl Iterator<Item = f64> + '_ {
        values.iter().map(|value| f64::from(*value))
    }

    fn total(data: &Charts) -> Vec<f64> {
        let images = wide(&data.image_mb).chain(std::iter::repeat(0.0));
        wide(&data.busy_mb).zip(wide(&data.idle_mb)).zip(images).map(|((busy, idle), images)| busy + idle + images).collect()
    }

    fn mean(values: &[f32]) -> f64 {
        let finite: Vec<f64> = wide(values).filter(|value| value.is_finite()).collect();
        finite.iter().sum::<f64>() / finite.len() as f64
    }

    /// Why there is nothing to draw.
    pub(in super::super) fn empty(data: &Charts) -> Option<&'static str> {
        let nothing = !total(data).iter().any(|value| *value > 0.0);
        nothing.then_some("No container held memory in this run")
    }

    /// The chart in words.
    pub(in super::super) fn summary(data: &Charts) -> String {
        let show = |values| Quantity::Megabytes.show(mean(values));
        let (busy, idle) = (show(&data.busy_mb), show(&data.idle_mb));
        if data.image_mb.is_empty() {
            return format!("Memory of containers over time: on average {busy} busy and {idle} idle");
        }
        format!("Memory over time: on average {busy} busy, {idle} idle and {} in images", show(&data.image_mb))
    }

    /// The chart as numbers.
    pub(in super::super) fn sheet(data: &Charts) -> Sheet {
        let column = |title, key, values| Numbers::new(title, key, Quantity::Megabytes, values);
        let mut columns = vec![
            times(data, data.busy_mb.len()),
            column("busy", "busy_mb", wide(&data.busy_mb).collect()),
            column("idle", "idle_mb", wide(&data.idle_mb).collect()),
        ];
        if !data.image_mb.is_empty() {
            columns.push(column("images", "image_mb", wide(&data.image_mb).collect()));
        }
        columns.push(column("total", "total_mb", total(data)));
        Sheet { compared: columns.len() - 1, columns, ..Sheet::default() }
    }

    /// Draws it.
    pub(in super::super) fn draw(pen: &Pen<'_>, data: &Charts, view: &View, ghost: Option<&Charts>) -> Frame {
        let mut layers =
            vec![Layer::new("busy", Mark::Running, wide(&data.busy_mb)), Layer::new("idle", Mark::Idle, wide(&data.idle_mb))];
        let mut caption = "memory of containers";
        if !data.image_mb.is_empty() {
            layers.push(Layer::new("images", Mark::Image, wide(&data.image_mb)));
            caption = "memory of containers and images";
        }
        let stack = Stack { layers, writing: Writing::Megabytes, caption };
        stack.draw(pen, data, view, ghost.map(|run| (run, total(run), "total")))
    }
}
