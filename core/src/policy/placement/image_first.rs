//! Image first: the first host, in order, on which the task is nearest to starting: an idle container; the image in memory; on
//! its way to memory; on the disk; on its way to the disk; anywhere. Hosts without a free core are passed over while others
//! have one.
//!
//! Source: the six passes of WRENCH's FCFS serverless scheduler. It needs to see the hosts as they are (`service`, or an exact
//! view); a placer that goes by messages is not told where images are, and takes hosts with an idle container first, then those
//! to which it sent the function before.

use std::collections::BTreeSet;

use super::{Ask, Nearness, PlacementPolicy, Sight};
use crate::registry::{Args, Entry};
use crate::rng::Stream;

pub(super) const ENTRY: Entry = Entry {
    kind: "image_first",
    name: "Image first",
    summary: "The first host where the task is nearest to starting: idle container, image in memory, image on disk, anywhere.",
    source: "WRENCH's FCFS serverless scheduler.",
    params: &[],
    decides: &[],
};

#[derive(Clone)]
pub(crate) struct ImageFirst {
    /// Where functions were sent by a placer that is not told where images are: (function, host).
    sent: BTreeSet<(u32, u32)>,
}

impl ImageFirst {
    pub(super) fn new(_: Args<'_>) -> ImageFirst {
        ImageFirst { sent: BTreeSet::new() }
    }

    fn nearness(&self, ask: &Ask, sight: Sight<'_>, number: u32) -> Nearness {
        sight.nearness(number, ask).unwrap_or_else(|| match sight.idle(number, ask.function) {
            0 if self.sent.contains(&(ask.function, number)) => Nearness::OnDisk,
            0 => Nearness::Nowhere,
            _ => Nearness::Container,
        })
    }
}

impl PlacementPolicy for ImageFirst {
    fn choose(&mut self, ask: &Ask, sight: Sight<'_>, _: &mut Stream) -> Option<u32> {
        let mut best: Option<(Nearness, u32)> = None;
        for number in 0..sight.len() as u32 {
            if sight.cores_free(number) < u64::from(ask.millicores) || !sight.fits(number, ask) {
                continue;
            }
            let nearness = self.nearness(ask, sight, number);
            if best.is_none_or(|(so_far, _)| nearness < so_far) {
                best = Some((nearness, number));
            }
            if nearness == Nearness::Container {
                break;
            }
        }
        // A service waits for a core; who must send a task at once sends it where fewest wait.
        let number = match best {
            Some((_, number)) => number,
            None if sight.plan().is_some() => return None,
            None => sight.least_loaded(ask)?,
        };
        if sight.nearness(number, ask).is_none() {
            self.sent.insert((ask.function, number));
        }
        Some(number)
    }
}
