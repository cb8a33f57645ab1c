//! How an agent chooses among nodes, or zones, by how long they took lately.
//!
//! With the mean m_k of the durations of the last 60 s, candidate k is drawn with probability (1/m_k) / Σ_j (1/m_j). One
//! candidate alone is taken without a draw. A mean of zero is the same as no history: one such candidate is taken for certain,
//! with two or more all candidates are equally likely, those with history too.
//! Nodes are known by their durations; zones likewise, where every candidate of a zone has the mean of the whole zone, so a zone
//! with two controllers is twice as likely as with one.
//!
//! Source: the target selector of the edge-cloud agent, which multiplies the means of all others instead of dividing; so do we,
//! because the printed digits follow from it, and with hundreds of candidates the products can vanish, which makes all equally
//! likely there. The corrected form scales each mean by the smallest first, which cannot vanish where it matters.

use std::collections::BTreeMap;

use super::{Draws, Form, Window};
use crate::units::{SimDuration, SimTime};

/// Room for choosing among more candidates is not kept.
const MOST_KEPT: usize = 256;

/// What an agent remembers of nodes and zones, and how it chooses among them: durations by function and place. A place is a
/// number for a node or a zone.
#[derive(Clone, Debug)]
pub struct History {
    form: Form,
    windows: BTreeMap<(u32, u32), Window>,
    /// Room for choosing.
    means: Vec<f64>,
    products: Vec<f64>,
}

impl History {
    /// Nothing is remembered yet.
    pub fn new(form: Form) -> History {
        History { form, windows: BTreeMap::new(), means: Vec::new(), products: Vec::new() }
    }

    /// Adds a duration of a function at a place.
    pub fn record(&mut self, now: SimTime, function: u32, place: u32, duration: SimDuration) {
        self.windows.entry((function, place)).or_default().record(now, duration);
    }

    /// The mean duration of a function at a place in seconds; 0 if nothing is remembered.
    pub fn mean_s(&mut self, now: SimTime, function: u32, place: u32) -> f64 {
        let Some(window) = self.windows.get_mut(&(function, place)) else { return 0.0 };
        let mean = window.mean_s(now);
        if window.count(now) == 0 {
            // Of many places most are not heard of for long.
            self.windows.remove(&(function, place));
        }
        mean
    }

    /// Chooses one of the candidates, of which there is at least one, for a function. `place` says where a candidate is looked up.
    pub fn select(
        &mut self,
        now: SimTime,
        function: u32,
        candidates: &[u32],
        place: impl Fn(u32) -> u32,
        draws: &mut impl Draws,
    ) -> u32 {
        if let [only] = candidates {
            return *only;
        }
        let mut means = std::mem::take(&mut self.means);
        means.clear();
        means.extend(candidates.iter().map(|&c| self.mean_s(now, function, place(c))));
        let drawn = match probabilities(self.form, &mut means, &mut self.products) {
            true => draws.weighted(&means),
            false => draws.any(candidates.len()),
        };
        // Many agents that choose among many would keep much room.
        if means.capacity() <= MOST_KEPT {
            means.clear();
            self.means = means;
        } else {
            self.products = Vec::new();
        }
        candidates[drawn]
    }

    /// What is remembered, by function and place, in order.
    pub fn windows(&self) -> impl Iterator<Item = ((u32, u32), &Window)> {
        self.windows.iter().map(|(&key, window)| (key, window))
    }

    /// About how many bytes a copy takes.
    pub(crate) fn size(&self) -> usize {
        self.windows.values().map(|w| 16 + w.size()).sum()
    }
}

/// Turns mean durations into probabilities, in place. Answers false if there is nothing to go by and all are equally likely.
pub fn probabilities(form: Form, means: &mut [f64], products: &mut Vec<f64>) -> bool {
    if form == Form::Corrected {
        let smallest = means.iter().copied().filter(|&m| m > 0.0).fold(f64::INFINITY, f64::min);
        match means.iter().filter(|&&m| m <= 0.0).count() {
            0 => means.iter_mut().for_each(|m| *m = smallest / *m),
            1 => means.iter_mut().for_each(|m| *m = if *m > 0.0 { 0.0 } else { 1.0 }),
            _ => return false,
        }
    } else {
        // Products of what stands before, then times what stands behind.
        products.clear();
        products.extend(means.iter().scan(1.0, |product, &m| Some(std::mem::replace(product, *product * m))));
        let mut behind = 1.0;
        for (mean, before) in means.iter_mut().zip(products.iter()).rev() {
            (*mean, behind) = (before * behind, behind * *mean);
        }
    }
    let sum: f64 = means.iter().sum();
    if sum == 0.0 || !sum.is_finite() {
        return false;
    }
    means.iter_mut().for_each(|p| *p /= sum);
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Stream;

    fn probabilities_of(form: Form, means: &[f64]) -> Option<Vec<f64>> {
        let mut p = means.to_vec();
        probabilities(form, &mut p, &mut Vec::new()).then_some(p)
    }

    #[test]
    fn both_forms_weigh_by_the_inverse_of_the_mean() {
        for form in [Form::Faithful, Form::Corrected] {
            let p = probabilities_of(form, &[0.1, 0.2, 0.4]).unwrap();
            assert!(p.iter().zip([4.0 / 7.0, 2.0 / 7.0, 1.0 / 7.0]).all(|(p, q)| (p - q).abs() < 1e-15), "{p:?}");
            assert_eq!(probabilities_of(form, &[0.3, 0.0, 0.2]).unwrap(), [0.0, 1.0, 0.0], "one without history is taken");
            assert_eq!(probabilities_of(form, &[0.3, 0.0, 0.0]), None, "two are not");
        }
    }

    #[test]
    fn products_of_many_short_means_vanish_and_scaled_ones_do_not() {
        let mut means = vec![0.1; 400];
        means[7] = 0.01;
        assert_eq!(probabilities_of(Form::Faithful, &means), None);
        let p = probabilities_of(Form::Corrected, &means).unwrap();
        assert!((p[7] / p[8] - 10.0).abs() < 1e-12);
    }

    #[test]
    fn a_candidate_is_looked_up_where_it_stands_and_history_fades() {
        let (mut history, mut stream) = (History::new(Form::Faithful), Stream::new(1, "a", "target"));
        history.record(SimTime::ZERO, 3, 20, SimDuration::from_s(0.1));
        history.record(SimTime::ZERO, 3, 21, SimDuration::from_s(0.9));
        let mut count = |s: f64| {
            let now = SimTime::from_s(s);
            let draw = |_| history.select(now, 3, &[0, 1], |c| 20 + c, &mut stream);
            (0..10_000).map(draw).filter(|&c| c == 0).count()
        };
        assert!((8_850..9_150).contains(&count(60.0)));
        assert!((4_800..5_200).contains(&count(61.0)), "nothing is remembered");
    }
}
