//! What a broker counts as free at each host, and the host with most of it. Not an architecture: brokers use it.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use super::Model;
use crate::platform::HostSpec;
use crate::policy::placement::Ask;

/// What is free at each host, in whatever its broker counts: slots, or thousandths of cores.
#[derive(Clone, Default)]
pub(super) struct Room {
    free: Vec<u64>,
    /// The hosts at which something is free, those with most first; of equals, the lowest number.
    order: BTreeSet<(Reverse<u64>, u32)>,
}

impl Room {
    /// So much at each host.
    pub(super) fn new(free: impl IntoIterator<Item = u64>) -> Room {
        let free: Vec<u64> = free.into_iter().collect();
        let order = (0u32..).zip(&free).filter(|&(_, &free)| free > 0).map(|(host, &free)| (Reverse(free), host)).collect();
        Room { free, order }
    }

    /// Every host's cores, in thousandths.
    pub(super) fn cores(model: &Model) -> Room {
        Room::new(model.hosts.iter().map(|h| h.millicores.into()))
    }

    /// What is free at a host.
    pub(super) fn of(&self, host: u32) -> u64 {
        self.free[host as usize]
    }

    /// Whether nothing is free anywhere.
    pub(super) fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    /// What is free in all.
    pub(super) fn total(&self) -> u64 {
        self.order.iter().map(|&(Reverse(free), _)| free).sum()
    }

    /// From now on so much is free at a host.
    pub(super) fn set(&mut self, host: u32, free: u64) {
        let before = std::mem::replace(&mut self.free[host as usize], free);
        self.order.remove(&(Reverse(before), host));
        if free > 0 {
            self.order.insert((Reverse(free), host));
        }
    }

    /// So much is taken at a host.
    pub(super) fn take(&mut self, host: u32, amount: u64) {
        self.set(host, self.of(host).saturating_sub(amount));
    }

    /// So much is given back at a host.
    pub(super) fn give(&mut self, host: u32, amount: u64) {
        self.set(host, self.of(host).saturating_add(amount));
    }

    /// All that is free, as another room; here it is taken.
    pub(super) fn take_all(&mut self) -> Room {
        let left = Room::new(self.free.iter().map(|_| 0));
        std::mem::replace(self, left)
    }

    /// What is free in another room is given back here.
    pub(super) fn give_all(&mut self, other: &Room) {
        for &(Reverse(free), host) in &other.order {
            self.give(host, free);
        }
    }

    /// The host with most that is free of those that are right.
    pub(super) fn best(&self, right: impl Fn(u32, u64) -> bool) -> Option<u32> {
        self.order.iter().find(|&&(Reverse(free), host)| right(host, free)).map(|&(_, host)| host)
    }

    /// The host with most cores free of those on which a task finds enough of them.
    pub(super) fn for_task(&self, model: &Model, ask: &Ask) -> Option<u32> {
        self.best(|host, free| {
            let spec = &model.hosts[host as usize];
            fits(spec, ask) && free >= share(spec, ask)
        })
    }
}

/// Whether a task can ever run on a host.
pub(super) fn fits(host: &HostSpec, ask: &Ask) -> bool {
    host.memory >= ask.memory && host.millicores >= ask.millicores
}

/// Whether there is a host on which a task can ever run.
pub(super) fn fits_somewhere(model: &Model, ask: &Ask) -> bool {
    model.hosts.iter().any(|host| fits(host, ask))
}

/// Cores that a task takes at a host, in thousandths: its own, or where slots are fewer than cores the part of one slot.
pub(super) fn share(host: &HostSpec, ask: &Ask) -> u64 {
    u64::from(ask.millicores.max(host.millicores / host.slots.max(1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_with_most_free_comes_first_and_of_equals_the_lowest() {
        let mut room = Room::new([2, 3, 3]);
        assert_eq!(room.best(|_, _| true), Some(1));
        room.take(1, 2);
        assert_eq!(room.best(|_, _| true), Some(2));
        assert_eq!(room.best(|host, _| host != 2), Some(0));
        room.set(2, 0);
        room.give(1, 1);
        assert_eq!((room.best(|_, _| true), room.total()), (Some(0), 4));
    }

    #[test]
    fn what_is_taken_all_at_once_comes_back_all_at_once() {
        let mut room = Room::new([2, 0, 3]);
        let mut taken = room.take_all();
        assert!(room.is_empty());
        room.give(1, 1);
        taken.take(2, 1);
        room.give_all(&taken);
        assert_eq!([room.of(0), room.of(1), room.of(2)], [2, 1, 2]);
    }
}
