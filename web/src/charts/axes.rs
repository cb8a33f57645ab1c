//! Axes: which range, which ticks, how they are written, and where that puts the chart.
//!
//! Four or five ticks at multiples of 1, 2, 2.5 or 5 times a power of ten (times at whole minutes and hours), horizontal
//! hairlines only, no frame. The last label carries the unit. An axis is logarithmic when its values span more than a
//! factor of [`LOG_FROM`], and its caption then says so.

use faaslab_core::units::split_duration;

use super::pen::{Align, Pen, Px, Rect};

/// From this ratio of the largest to the smallest value an axis is logarithmic.
const LOG_FROM: f64 = 20.0;
/// Room above a chart for its caption.
const ABOVE: f64 = 24.0;
/// Room below it for the labels of its ticks.
const BELOW: f64 = 22.0;
const NS_PER_S: f64 = 1e9;
const NS_PER_MS: f64 = 1e6;

/// From values to shares of the length of an axis.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Scale {
    low: f64,
    high: f64,
    log: bool,
}

impl Scale {
    fn new(low: f64, high: f64, log: bool) -> Scale {
        Scale { low, high, log }
    }

    fn place(&self, value: f64) -> f64 {
        if self.log { value.max(f64::MIN_POSITIVE).log10() } else { value }
    }

    /// 0 at the low end, 1 at the high end; what lies beyond is kept at the end.
    pub(super) fn share(&self, value: f64) -> f64 {
        let (low, high) = (self.place(self.low), self.place(self.high));
        let share = (self.place(value) - low) / (high - low);
        if share.is_finite() { share.clamp(0.0, 1.0) } else { 0.0 }
    }

    /// Where on the way from one value to another the axis passes a third, from 0 to 1.
    fn part(&self, from: f64, to: f64, at: f64) -> f64 {
        let part = (self.place(at) - self.place(from)) / (self.place(to) - self.place(from));
        if part.is_finite() { part.clamp(0.0, 1.0) } else { 0.0 }
    }

    /// The value at a share of the axis.
    pub(super) fn value(&self, share: f64) -> f64 {
        let (low, high) = (self.place(self.low), self.place(self.high));
        let place = low + (high - low) * share;
        if self.log { 10f64.powf(place) } else { place }
    }

    /// Whether distances are ratios.
    pub(super) fn is_log(&self) -> bool {
        self.log
    }
}

/// How the labels of an axis are written.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Writing {
    /// Plain numbers.
    Number,
    /// Whole things: no tick between two whole numbers.
    Whole,
    /// Ratios: "2×".
    Ratio,
    /// Shares of one as "50 %".
    Percent,
    /// Milliseconds in the best unit.
    Millis,
    /// Megabytes in the best unit.
    Megabytes,
}

/// A scale with its ticks.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Axis {
    /// From values to places.
    pub(super) scale: Scale,
    /// Where the ticks are and what they say.
    ticks: Vec<(f64, String)>,
}

/// Smallest and largest of the finite values.
fn extent(values: impl Iterator<Item = f64>) -> Option<(f64, f64)> {
    values.filter(|value| value.is_finite()).fold(None, |range, value| match range {
        None => Some((value, value)),
        Some((low, high)) => Some((value.min(low), value.max(high))),
    })
}

impl Axis {
    /// From zero to just above the largest value.
    pub(super) fn from_zero(values: impl Iterator<Item = f64>, ticks: usize, writing: Writing) -> Axis {
        let high = extent(values).map_or(1.0, |(_, high)| high);
        let high = if high > 0.0 { high } else { 1.0 };
        Axis::linear(0.0, high, ticks, writing, true)
    }

    /// Around the values: linear, or logarithmic where they are too far apart for that. `rounded` lets it end at ticks.
    /// `log` decides instead, as far as values that are not positive let it.
    pub(super) fn around(
        values: impl Iterator<Item = f64>,
        ticks: usize,
        writing: Writing,
        rounded: bool,
        log: Option<bool>,
    ) -> Axis {
        let Some((low, high)) = extent(values) else {
            return Axis::linear(0.0, 1.0, ticks, writing, true);
        };
        if low > 0.0 && high > low && log.unwrap_or(high / low > LOG_FROM) {
            return Axis::log(low, high, ticks, writing, rounded);
        }
        let room = if high > low { 0.0 } else { high.abs().max(1e-9) * 0.1 };
        let below = if rounded { room } else { 0.0 };
        Axis::linear(low - below, high + room, ticks, writing, rounded)
    }

    fn linear(low: f64, high: f64, count: usize, writing: Writing, rounded: bool) -> Axis {
        let (size, unit) = unit_of(writing, high);
        let least = if writing == Writing::Whole { 1.0 } else { 0.0 };
        let step = nice_step((high - low) / size / count as f64).max(least);
        let first = (low / size / step + 1e-9).floor();
        let last = (high / size / step - 1e-9).ceil();
        let (low, high) = if rounded { (first * step * size, last * step * size) } else { (low, high) };
        let ticks = (0..=(last - first).clamp(0.0, 20.0) as u32)
            .map(|i| (first + f64::from(i)) * step)
            .filter(|tick| tick * size >= low * (1.0 - 1e-9) && tick * size <= high * (1.0 + 1e-9))
            .map(|tick| (tick * size, decimal(tick, step)))
            .collect();
        Axis { scale: Scale::new(low, high, false), ticks: with_unit(ticks, unit) }
    }

    fn log(low: f64, high: f64, count: usize, writing: Writing, rounded: bool) -> Axis {
        let (low, high) = if rounded { (one_two_five(low, false), one_two_five(high, true)) } else { (low, high) };
        let candidates: [(&[f64], i32); 7] =
            [(&[1.0, 2.0, 5.0], 1), (&[1.0, 3.0], 1), (&[1.0], 1), (&[1.0], 2), (&[1.0], 3), (&[1.0], 5), (&[1.0], 50)];
        let (start, end) = (low.log10().floor() as i32, high.log10().ceil() as i32);
        let values = |digits: &[f64], every: i32| -> Vec<f64> {
            (start..=end)
                .filter(|decade| decade.rem_euclid(every) == 0)
                .flat_map(|decade| digits.iter().map(move |digit| digit * 10f64.powi(decade)))
                .filter(|value| *value >= low * (1.0 - 1e-9) && *value <= high * (1.0 + 1e-9))
                .collect()
        };
        let mut each = candidates.iter().map(|(digits, every)| values(digits, *every));
        let ticks = if writing == Writing::Millis && high >= 120e3 {
            long_times(low, high, count + 2)
        } else {
            each.find(|ticks| ticks.len() <= count + 2).unwrap_or_default()
        };
        let ticks = ticks.into_iter().map(|value| (value, short(value, writing))).collect();
        Axis { scale: Scale::new(low, high, true), ticks }
    }

    /// Shares from 0 to 100 %.
    pub(super) fn percent(ticks: usize) -> Axis {
        Axis::linear(0.0, 1.0, ticks, Writing::Percent, true)
    }

    /// Shares from all down to the least, on a logarithmic axis.
    pub(super) fn shares(least: f64, ticks: usize) -> Axis {
        let low = if least > 0.0 && least < 1.0 { 10f64.powf(least.log10().floor()) } else { 0.1 };
        Axis::log(low, 1.0, ticks.max(3), Writing::Percent, false)
    }

    /// Simulated time, with ticks at whole seconds, minutes, hours or days.
    pub(super) fn time((from_s, to_s): (f64, f64), count: usize) -> Axis {
        let from = if from_s.is_finite() { from_s.max(0.0) } else { 0.0 };
        let to = if to_s.is_finite() && to_s > from { to_s } else { from + 1.0 };
        let step = nice_time_step((to - from) / count.max(1) as f64);
        // Milliseconds of a late instant would be long numbers.
        let (size, unit) = time_unit(if to >= 1.0 { step.max(0.1) } else { step });
        let first = (from / step - 1e-6).ceil();
        let ticks = (0..=20u32)
            .map(|i| (first + f64::from(i)) * step)
            .take_while(|tick| *tick <= to + step * 1e-6)
            .map(|tick| (tick, decimal(tick / size, step / size)))
            .collect();
        Axis { scale: Scale::new(from, to, false), ticks: with_unit(ticks, unit) }
    }

    /// From one value to another, as they were chosen.
    pub(super) fn between((low, high): (f64, f64), ticks: usize, writing: Writing, log: bool) -> Axis {
        match log && low > 0.0 {
            true => Axis::log(low, high, ticks, writing, false),
            false => Axis::linear(low, high, ticks, writing, false),
        }
    }

    /// A line for each name, from the top down; a name is written where there is room for it.
    pub(super) fn names(names: &[String], room_px: f64) -> Axis {
        let count = names.len().max(1) as f64;
        let every = (14.0 * count / room_px.max(1.0)).ceil().max(1.0) as usize;
        let at = |i: usize| count - i as f64 - 0.5;
        let ticks = names.iter().enumerate().step_by(every).map(|(i, name)| (at(i), name.clone())).collect();
        Axis { scale: Scale::new(0.0, count, false), ticks }
    }

    /// What to write after the name of the quantity.
    pub(super) fn note(&self) -> &'static str {
        if self.scale.is_log() { ", log" } else { "" }
    }

    fn labels(&self) -> impl Iterator<Item = &str> {
        self.ticks.iter().map(|(_, label)| label.as_str())
    }
}

/// The smallest of 1, 2, 2.5, 5 times a power of ten that is not below `raw`.
fn nice_step(raw: f64) -> f64 {
    if !raw.is_finite() || raw <= 0.0 {
        return 1.0;
    }
    let power = 10f64.powf(raw.log10().floor());
    let digit = [1.0, 2.0, 2.5, 5.0].into_iter().find(|digit| digit * power >= raw * (1.0 - 1e-9));
    digit.unwrap_or(10.0) * power
}

fn nice_time_step(raw: f64) -> f64 {
    const WHOLE: [f64; 14] = [10.0, 15.0, 20.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0, 1800.0, 3600.0, 7200.0, 10_800.0, 21_600.0];
    if raw <= 5.0 {
        return nice_step(raw);
    }
    match WHOLE.into_iter().find(|step| *step >= raw) {
        Some(step) => step,
        None if raw <= 43_200.0 => 43_200.0,
        None => nice_step(raw / 86_400.0).max(1.0) * 86_400.0,
    }
}

/// Size in seconds and name of the unit for ticks this far apart.
fn time_unit(step: f64) -> (f64, &'static str) {
    match step {
        s if s >= 86_400.0 => (86_400.0, " d"),
        s if s >= 3600.0 => (3600.0, " h"),
        s if s >= 60.0 => (60.0, " min"),
        s if s >= 0.1 => (1.0, " s"),
        s if s >= 1e-4 => (1e-3, " ms"),
        _ => (1e-6, " µs"),
    }
}

/// Size and name of the unit for a linear axis up to `high`.
fn unit_of(writing: Writing, high: f64) -> (f64, &'static str) {
    match writing {
        Writing::Number | Writing::Whole if high >= 1e9 => (1e9, "G"),
        Writing::Number | Writing::Whole if high >= 1e6 => (1e6, "M"),
        Writing::Number | Writing::Whole if high >= 1e5 => (1e3, "k"),
        Writing::Number | Writing::Whole => (1.0, ""),
        Writing::Ratio if high >= 1e9 => (1e9, "G×"),
        Writing::Ratio if high >= 1e6 => (1e6, "M×"),
        Writing::Ratio if high >= 1e5 => (1e3, "k×"),
        Writing::Ratio => (1.0, "×"),
        Writing::Percent => (0.01, " %"),
        Writing::Megabytes if high >= 2.0 * 1024.0 * 1024.0 => (1024.0 * 1024.0, " TB"),
        Writing::Megabytes if high >= 2.0 * 1024.0 => (1024.0, " GB"),
        Writing::Megabytes => (1.0, " MB"),
        Writing::Millis if high >= 2.0 * 3.6e6 => (3.6e6, " h"),
        Writing::Millis if high >= 2.0 * 60e3 => (60e3, " min"),
        Writing::Millis if high >= 2e3 => (1e3, " s"),
        Writing::Millis if high >= 2.0 => (1.0, " ms"),
        Writing::Millis => (1e-3, " µs"),
    }
}

/// One label of a logarithmic axis.
fn short(value: f64, writing: Writing) -> String {
    if writing == Writing::Millis {
        let (number, unit) = split_duration(value * NS_PER_MS);
        let short = if number.contains('.') { number.trim_end_matches('0').trim_end_matches('.') } else { &number };
        return format!("{short} {unit}");
    }
    // Each label has a unit of its own here, so that 10k follows upon 1000, as 100k does upon 10k.
    let (size, unit) = unit_of(writing, if (1e4..1e5).contains(&value) { 1e5 } else { value });
    format!("{}{unit}", decimal(value / size, value / size))
}

/// At most `count` of the milliseconds where a unit of time or ten of it end, from a thousandth up.
fn long_times(low: f64, high: f64, count: usize) -> Vec<f64> {
    const TIMES: [f64; 12] = [1e-3, 1e-2, 0.1, 1.0, 10.0, 100.0, 1e3, 1e4, 6e4, 6e5, 3.6e6, 3.6e7];
    let later = (1..12).map(|power| 3.6e7 * 10f64.powi(power));
    let within: Vec<f64> = TIMES.into_iter().chain(later).filter(|ms| (low..=high).contains(ms)).collect();
    let stride = within.len().div_ceil(count).max(1);
    within.into_iter().step_by(stride).collect()
}

/// A multiple of `step` with the decimals that `step` needs.
fn decimal(value: f64, step: f64) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    if value.abs() >= 1e7 {
        return format!("{value:.1e}");
    }
    let decimals = (0..6).find(|n| {
        let scaled = step * 10f64.powi(*n);
        (scaled - scaled.round()).abs() < 1e-6 * scaled
    });
    format!("{value:.*}", decimals.unwrap_or(6) as usize)
}

fn one_two_five(value: f64, up: bool) -> f64 {
    let power = 10f64.powf(value.log10().floor());
    let digits = [1.0, 2.0, 5.0, 10.0];
    let exact = value / power;
    let digit = if up {
        digits.into_iter().find(|digit| *digit >= exact * (1.0 - 1e-9))
    } else {
        digits.into_iter().rev().find(|digit| *digit <= exact * (1.0 + 1e-9))
    };
    digit.unwrap_or(1.0) * power
}

fn with_unit(mut ticks: Vec<(f64, String)>, unit: &str) -> Vec<(f64, String)> {
    if let Some((_, label)) = ticks.last_mut() {
        label.push_str(unit);
    }
    ticks
}

/// The part of a chart where its data is, with its axes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Grid {
    /// Where the data is.
    pub(super) plot: Rect,
    /// From left to right.
    pub(super) x: Scale,
    /// From bottom to top.
    pub(super) y: Scale,
    /// Where the caption ends.
    pub(super) caption_end: f64,
}

impl Grid {
    /// How many ticks suit the height of the pen's area.
    pub(super) fn rows(pen: &Pen<'_>) -> usize {
        if pen.area.height() < 130.0 { 2 } else { 4 }
    }

    /// How many ticks suit its width.
    pub(super) fn columns(pen: &Pen<'_>) -> usize {
        (pen.area.width() / 80.0).clamp(2.0, 6.0) as usize
    }

    /// The part of the x axis that is shown.
    pub(super) fn range(&self) -> (f64, f64) {
        (self.x.low, self.x.high)
    }

    /// Draws the axes without hairlines, for a chart that is a map.
    pub(super) fn draw_map(pen: &Pen<'_>, x: &Axis, y: &Axis, caption: &str, right: f64) -> Grid {
        let grid = Grid::place(pen, x, y, caption, right);
        for (value, label) in &y.ticks {
            pen.label(label, (grid.plot.left - 8.0, grid.y(*value)), Align::Right, pen.theme.muted);
        }
        grid.draw_columns(pen, x);
        grid
    }

    /// Draws the axes and leaves `right` pixels at the right free for labels.
    pub(super) fn draw(pen: &Pen<'_>, x: &Axis, y: &Axis, caption: &str, right: f64) -> Grid {
        let grid = Grid::place(pen, x, y, caption, right);
        grid.draw_rows(pen, y);
        grid.draw_columns(pen, x);
        grid
    }

    fn place(pen: &Pen<'_>, x: &Axis, y: &Axis, caption: &str, right: f64) -> Grid {
        let area = pen.area;
        let gutter = pen.widest(y.labels()).ceil() + 8.0;
        let plot = Rect {
            left: area.left + gutter,
            top: area.top + ABOVE,
            right: (area.right - right.max(12.0)).max(area.left + gutter + 8.0),
            bottom: area.bottom - BELOW,
        };
        let caption_end = pen.caption(caption);
        Grid { plot, x: x.scale, y: y.scale, caption_end }
    }

    fn draw_rows(&self, pen: &Pen<'_>, axis: &Axis) {
        let Rect { left, right, bottom, .. } = self.plot;
        for (value, label) in &axis.ticks {
            let y = self.y(*value);
            pen.line(&[(left, y), (right, y)], pen.theme.line, 1.0);
            pen.label(label, (left - 8.0, y), Align::Right, pen.theme.muted);
        }
        pen.line(&[(left, bottom), (right, bottom)], pen.theme.baseline(), 1.0);
    }

    fn draw_columns(&self, pen: &Pen<'_>, axis: &Axis) {
        let bottom = self.plot.bottom;
        let mut free = f64::NEG_INFINITY;
        for (value, label) in &axis.ticks {
            let x = self.x(*value);
            let width = pen.width_of(label);
            let from = (x - width / 2.0).min(pen.area.right - width);
            if from < free {
                continue;
            }
            free = from + width + 8.0;
            pen.line(&[(x, bottom), (x, bottom + 4.0)], pen.theme.baseline(), 1.0);
            pen.label(label, (from, bottom + 14.0), Align::Left, pen.theme.muted);
        }
    }

    /// Across, for a value of the x axis.
    pub(super) fn x(&self, value: f64) -> f64 {
        self.plot.left + self.x.share(value) * self.plot.width()
    }

    /// Down, for a value of the y axis.
    pub(super) fn y(&self, value: f64) -> f64 {
        self.plot.bottom - self.y.share(value) * self.plot.height()
    }

    /// Places of points in order of their x values, those beyond the axis left out and the line cut where it leaves the chart.
    pub(super) fn clip(&self, points: impl Iterator<Item = (f64, f64)>) -> Vec<Px> {
        let (low, high) = (self.x.low, self.x.high);
        let mut path: Vec<Px> = Vec::new();
        let mut before: Option<(f64, f64)> = None;
        for (x, y) in points {
            if let Some((x0, y0)) = before {
                for edge in [low, high] {
                    if x0 < edge && edge < x {
                        let part = self.x.part(x0, x, edge);
                        path.push(self.at(edge, self.y.value(self.y.share(y0) + (self.y.share(y) - self.y.share(y0)) * part)));
                    }
                }
            }
            if (low..=high).contains(&x) {
                path.push(self.at(x, y));
            }
            before = Some((x, y));
        }
        path
    }

    /// The place of a pair of values.
    pub(super) fn at(&self, x: f64, y: f64) -> Px {
        (self.x(x), self.y(y))
    }

    /// The value of the x axis under a place, if that is over the data.
    pub(super) fn value_at(&self, x: f64) -> Option<f64> {
        let within = (self.plot.left - 1.0..=self.plot.right + 1.0).contains(&x);
        within.then(|| self.x.value(((x - self.plot.left) / self.plot.width()).clamp(0.0, 1.0)))
    }
}

/// Seconds as people write them.
pub(super) fn seconds(value: f64) -> String {
    let (number, unit) = split_duration(value * NS_PER_S);
    format!("{number} {unit}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(axis: &Axis) -> Vec<&str> {
        axis.labels().collect()
    }

    #[test]
    fn linear_axes_end_at_ticks_and_name_the_unit_once() {
        assert_eq!(labels(&Axis::from_zero([83.0].into_iter(), 4, Writing::Number)), ["0", "25", "50", "75", "100"]);
        assert_eq!(labels(&Axis::from_zero([7300.0].into_iter(), 4, Writing::Megabytes)), ["0", "2", "4", "6", "8 GB"]);
        assert_eq!(labels(&Axis::percent(4)), ["0", "25", "50", "75", "100 %"]);
        assert_eq!(labels(&Axis::from_zero([1.0].into_iter(), 4, Writing::Whole)), ["0", "1"]);
    }

    #[test]
    fn wide_ranges_are_logarithmic() {
        let axis = Axis::around([1.0, 180.0].into_iter(), 4, Writing::Ratio, true, None);
        assert!(axis.scale.is_log());
        assert_eq!(labels(&axis), ["1×", "3×", "10×", "30×", "100×"]);
        let axis = Axis::around([0.8, 9_000.0].into_iter(), 4, Writing::Millis, true, None);
        assert_eq!(labels(&axis), ["1 ms", "10 ms", "100 ms", "1 s", "10 s"]);
        let axis = Axis::around([90.0, 9e6].into_iter(), 4, Writing::Millis, true, None);
        assert_eq!(labels(&axis), ["100 ms", "1 s", "10 s", "60 s", "10 min", "60 min"]);
        let axis = Axis::around([1.0, 2e6].into_iter(), 4, Writing::Ratio, true, None);
        assert_eq!(labels(&axis), ["1×", "100×", "10k×", "1M×"]);
    }

    #[test]
    fn times_are_whole_minutes_and_hours() {
        assert_eq!(labels(&Axis::time((0.0, 90.0), 5)), ["0", "20", "40", "60", "80 s"]);
        assert_eq!(labels(&Axis::time((0.0, 3600.0), 5)), ["0", "15", "30", "45", "60 min"]);
        assert_eq!(labels(&Axis::time((0.0, 172_800.0), 5)), ["0", "12", "24", "36", "48 h"]);
    }

    #[test]
    fn a_part_of_the_time_has_ticks_at_whole_times_within() {
        assert_eq!(labels(&Axis::time((61.0, 118.0), 5)), ["75", "90", "105 s"]);
        assert_eq!(labels(&Axis::time((12.01, 12.06), 5)), ["12.01", "12.02", "12.03", "12.04", "12.05", "12.06 s"]);
        assert_eq!(labels(&Axis::time((0.001, 0.004), 3)), ["1", "2", "3", "4 ms"]);
    }

    #[test]
    fn shares_go_down_by_powers_of_ten() {
        assert_eq!(labels(&Axis::shares(0.0004, 4)), ["0.01 %", "0.1 %", "1 %", "10 %", "100 %"]);
    }

    #[test]
    fn lines_are_cut_at_the_edges() {
        let plot = Rect { left: 0.0, top: 0.0, right: 100.0, bottom: 100.0 };
        let (x, y) = (Scale::new(10.0, 20.0, false), Scale::new(0.0, 10.0, false));
        let grid = Grid { plot, x, y, caption_end: 0.0 };
        let cut = |points: &[(f64, f64)]| grid.clip(points.iter().copied());
        assert_eq!(cut(&[(5.0, 0.0), (15.0, 10.0), (25.0, 0.0)]), [(0.0, 50.0), (50.0, 0.0), (100.0, 50.0)]);
        assert_eq!(cut(&[(0.0, 2.0), (40.0, 2.0)]), [(0.0, 80.0), (100.0, 80.0)]);
        assert_eq!(cut(&[(0.0, 2.0), (9.0, 2.0)]), []);
    }

    #[test]
    fn nothing_that_is_not_a_number_leaves_the_axis() {
        for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 0.0, -5.0, 1e300, 5e-324] {
            for axis in [
                Axis::around([value].into_iter(), 4, Writing::Ratio, true, None),
                Axis::around([1.0, value].into_iter(), 4, Writing::Millis, false, None),
                Axis::from_zero([value].into_iter(), 4, Writing::Number),
                Axis::time((0.0, value), 5),
            ] {
                assert!((0.0..=1.0).contains(&axis.scale.share(value)), "{value}: {axis:?}");
                assert!(axis.ticks.len() <= 21);
            }
        }
    }
}
