//! Images on their way: registry, head store, a worker's disk, its memory.
//!
//! A host fetches what an invocation that was assigned to it needs: the image is asked of the head store (which asks the
//! registry), copied to the disk, and loaded into memory. What is on its way already is waited for, not fetched again. A step
//! for which there is no room waits until something ends there; room is made by images that nothing uses, then, in memory, by
//! idle containers if the scenario says so. A service that holds invocations back may ask for the same steps itself.
//!
//! Source: the image flow of WRENCH's serverless service; that head stores make room, and that waiting steps are taken up
//! again, is ours (there a full head store ends the simulation).

use std::collections::{BTreeMap, VecDeque};

use super::host::Host;
use super::message::{Message, MessageKind};
use super::model::Model;
use super::probe::{ImageChange, ImageEvent, ImagePlace, Probe};
use super::store::{ImageState, ImageStore};
use super::task::{Accounting, Phase};
use super::transfer::Transfer;
use super::world::{Event, EventKind, World};
use crate::engine::{Class, NONE};
use crate::policy::keep_alive::{KeepAlivePolicy, Removal};
use crate::scenario::{ImageOrder, ImageRoom, MemoryFull};
use crate::units::SimDuration;
use crate::workload::Workload;

/// A store between the registry and the hosts.
#[derive(Clone, Debug)]
pub struct Head {
    /// The images on its disk.
    pub store: ImageStore,
    /// Bytes that no image takes.
    pub disk_free: u64,
    /// Images on their way and the hosts that want a copy, in the order in which they asked.
    wanted: Vec<(u32, Vec<u32>)>,
    /// Images for which there is no room, in the order in which they were asked for.
    blocked: VecDeque<u32>,
}

impl Head {
    /// Whether an image was asked for and waits for room.
    pub fn is_blocked(&self, image: u32) -> bool {
        self.blocked.contains(&image)
    }
}

/// Attempts that wait for images on a host.
#[derive(Clone, Debug, Default)]
pub(super) struct Staging {
    /// Images in the order in which they were first wanted, each with those who wait.
    wanted: Vec<(u32, VecDeque<u32>)>,
    /// Whether a step found no room.
    pub(super) stuck: bool,
    /// Those who wait, in all.
    pub(super) waiting: u32,
}

impl World {
    /// The head stores at the start of time.
    pub(super) fn new_heads(model: &Model) -> Vec<Head> {
        let heads = model.supply.heads.iter().map(|spec| {
            let mut store = ImageStore::default();
            if spec.registry == NONE {
                for (image, i) in (0u32..).zip(&model.supply.images) {
                    store.comes(image, i.size);
                    store.arrives(image);
                }
            }
            Head { store, disk_free: spec.disk, wanted: Vec::new(), blocked: VecDeque::new() }
        });
        heads.collect()
    }

    /// Whether a function's containers can start on a host: its image is in memory, or it needs none.
    pub(crate) fn image_is_ready(&self, model: &Model, host: u32, function: u32) -> bool {
        let image = model.functions[function as usize].image;
        image == NONE || self.hosts[host as usize].memory.state(image) == ImageState::Here
    }

    /// An attempt waits at its host for its image.
    pub(super) fn stage<P: Probe>(&mut self, model: &Model, workload: &Workload, probe: &mut P, attempt: u32) {
        let a = self.attempts[attempt];
        let image = model.functions[workload.function[a.invocation as usize] as usize].image;
        self.enter(probe, attempt, Phase::Staging);
        self.account(a.task, Accounting::Staging);
        let staging = &mut self.hosts[a.host as usize].staging;
        staging.waiting += 1;
        match staging.wanted.iter_mut().find(|(i, _)| *i == image) {
            Some((_, waiting)) => waiting.push_back(attempt),
            None => {
                staging.wanted.push((image, VecDeque::from([attempt])));
                self.next_step(model, workload, probe, a.host, image);
            }
        }
    }

    /// An attempt that waits for its image is taken out.
    pub(crate) fn unstage(&mut self, attempt: u32) {
        let staging = &mut self.hosts[self.attempts[attempt].host as usize].staging;
        for (_, waiting) in &mut staging.wanted {
            if let Some(at) = waiting.iter().position(|&a| a == attempt) {
                waiting.remove(at);
                staging.waiting -= 1;
            }
        }
        staging.wanted.retain(|(_, waiting)| !waiting.is_empty());
    }

    /// Takes the next step towards an image in a host's memory, if none is under way.
    fn next_step<P: Probe>(&mut self, model: &Model, workload: &Workload, probe: &mut P, host: u32, image: u32) {
        let h = &self.hosts[host as usize];
        let first = h.staging.wanted.iter().find(|(i, _)| *i == image).and_then(|(_, waiting)| waiting.front());
        probe.seeks(self.now, host, first.map_or(NONE, |&attempt| self.attempts[attempt].invocation));
        let begun = match (h.memory.state(image), h.disk.state(image)) {
            (ImageState::Here | ImageState::Coming, _) | (_, ImageState::Coming) => true,
            (_, ImageState::Here) => self.load_image(model, workload, probe, host, image),
            (_, ImageState::Absent) => self.copy_image(model, workload, probe, host, image),
        };
        self.hosts[host as usize].staging.stuck |= !begun;
    }

    /// Something ended on a host: steps that found no room are tried again.
    pub(super) fn retry_staging<P: Probe>(&mut self, model: &Model, workload: &Workload, probe: &mut P, host: u32) {
        if !std::mem::take(&mut self.hosts[host as usize].staging.stuck) {
            return;
        }
        let wanted: Vec<u32> = self.hosts[host as usize].staging.wanted.iter().map(|(image, _)| *image).collect();
        for image in wanted {
            self.next_step(model, workload, probe, host, image);
        }
    }

    /// An image is in a host's memory: whoever waits for it queues again.
    fn image_ready<P: Probe>(&mut self, model: &Model, workload: &Workload, probe: &mut P, host: u32, image: u32) {
        let staging = &mut self.hosts[host as usize].staging;
        if let Some(at) = staging.wanted.iter().position(|(i, _)| *i == image) {
            let (_, waiting) = staging.wanted.remove(at);
            staging.waiting -= waiting.len() as u32;
            for attempt in waiting {
                self.join_by_rank(model, workload, probe, attempt);
            }
        }
        self.dispatch(model, workload, probe, host);
    }

    /// Asks a head store to fetch an image. Answers whether that will come about: what finds no room waits for it.
    pub(crate) fn download_image<P: Probe>(&mut self, model: &Model, probe: &mut P, head: u32, image: u32) -> bool {
        let size = model.supply.images[image as usize].size;
        let spec = &model.supply.heads[head as usize];
        let h = &self.heads[head as usize];
        if h.store.state(image) != ImageState::Absent || h.is_blocked(image) {
            return true;
        }
        if size > spec.disk {
            return false;
        }
        if h.disk_free + h.store.loose_bytes() < size {
            self.heads[head as usize].blocked.push_back(image);
            return true;
        }
        while self.heads[head as usize].disk_free < size {
            let Some(old) = self.heads[head as usize].store.oldest() else { break };
            self.drop_image(probe, ImagePlace::Head(head), old);
        }
        let h = &mut self.heads[head as usize];
        h.disk_free -= size;
        h.store.comes(image, size);
        self.image_changed(probe, ImagePlace::Head(head), image, size, ImageChange::Coming);
        self.ask_transfer(model, probe, Transfer::Download { image, head });
        true
    }

    /// Copies an image to a host's disk, once its head store has it. Answers whether there is room.
    pub(crate) fn copy_image<P: Probe>(
        &mut self,
        model: &Model,
        workload: &Workload,
        probe: &mut P,
        host: u32,
        image: u32,
    ) -> bool {
        let size = model.supply.images[image as usize].size;
        if self.hosts[host as usize].disk.state(image) != ImageState::Absent {
            return true;
        }
        let head = model.supply.head_of[host as usize];
        if head != NONE && self.heads[head as usize].store.state(image) != ImageState::Here {
            let wanted = &mut self.heads[head as usize].wanted;
            match wanted.iter_mut().find(|(i, _)| *i == image) {
                Some((_, hosts)) if hosts.contains(&host) => {}
                Some((_, hosts)) => hosts.push(host),
                None => wanted.push((image, vec![host])),
            }
            return self.download_image(model, probe, head, image);
        }
        if !self.room_for_image(model, workload, probe, host, 0, size) {
            return false;
        }
        if head != NONE {
            let store = &mut self.heads[head as usize].store;
            store.pin(image);
            store.touch(image);
        }
        let h = &mut self.hosts[host as usize];
        h.disk_free -= size;
        h.disk.comes(image, size);
        self.image_changed(probe, ImagePlace::Disk(host), image, size, ImageChange::Coming);
        self.ask_transfer(model, probe, Transfer::Copy { image, host });
        true
    }

    /// Loads an image from a host's disk into its memory. Answers whether there is room.
    pub(crate) fn load_image<P: Probe>(
        &mut self,
        model: &Model,
        workload: &Workload,
        probe: &mut P,
        host: u32,
        image: u32,
    ) -> bool {
        let need = model.supply.images[image as usize].memory;
        let h = &self.hosts[host as usize];
        if h.memory.state(image) != ImageState::Absent || h.disk.state(image) != ImageState::Here {
            return true;
        }
        // What is about to be read stays.
        self.hosts[host as usize].disk.pin(image);
        if !self.room_for_image(model, workload, probe, host, need, 0) {
            self.hosts[host as usize].disk.unpin(image);
            return false;
        }
        self.settle(model, host);
        let h = &mut self.hosts[host as usize];
        h.memory_free -= need;
        h.image_memory += need;
        h.memory.comes(image, need);
        self.image_changed(probe, ImagePlace::Memory(host), image, need, ImageChange::Coming);
        self.ask_transfer(model, probe, Transfer::Load { image, host });
        true
    }

    /// Room on a host's disk, made by images that nothing uses; none of them goes if they do not suffice.
    pub(super) fn disk_room_of_images<P: Probe>(&mut self, probe: &mut P, host: u32, need: u64) -> bool {
        let h = &self.hosts[host as usize];
        if h.disk_free.saturating_add(h.disk.loose_bytes()) < need {
            return false;
        }
        while self.hosts[host as usize].disk_free < need {
            let Some(old) = self.hosts[host as usize].disk.oldest() else { break };
            self.drop_image(probe, ImagePlace::Disk(host), old);
        }
        true
    }

    /// The same in a host's memory.
    pub(super) fn memory_room_of_images<P: Probe>(&mut self, model: &Model, probe: &mut P, host: u32, need: u64) -> bool {
        let h = &self.hosts[host as usize];
        if h.memory_free + h.memory.loose_bytes() < need {
            return false;
        }
        self.settle(model, host);
        while self.hosts[host as usize].memory_free < need {
            let Some(old) = self.hosts[host as usize].memory.oldest() else { break };
            self.drop_image(probe, ImagePlace::Memory(host), old);
        }
        true
    }

    /// Room for an image: by images that nothing uses, then by idle containers if the scenario says so.
    fn room_for_image<P: Probe>(
        &mut self,
        model: &Model,
        workload: &Workload,
        probe: &mut P,
        host: u32,
        memory: u64,
        disk: u64,
    ) -> bool {
        if self.disk_room_of_images(probe, host, disk) && self.memory_room_of_images(model, probe, host, memory) {
            return true;
        }
        let may = model.image_room == ImageRoom::IdleContainers && model.memory_full != MemoryFull::Never;
        may && self.clear(model, workload, probe, host, memory, disk)
    }

    /// Removes idle containers until there is so much room, with the images that they leave; nothing goes if that cannot suffice.
    pub(super) fn clear<P: Probe>(
        &mut self,
        model: &Model,
        workload: &Workload,
        probe: &mut P,
        host: u32,
        memory: u64,
        disk: u64,
    ) -> bool {
        let most = self.removable(model, host);
        if most.0 < memory || most.1 < disk {
            return false;
        }
        let missing = |h: &Host| memory.saturating_sub(h.memory_free + h.memory.loose_bytes());
        let h = &mut self.hosts[host as usize];
        h.keep_alive.pressed(missing(h), self.now);
        while !(self.disk_room_of_images(probe, host, disk) && self.memory_room_of_images(model, probe, host, memory)) {
            let h = &mut self.hosts[host as usize];
            let Some(cell) = h.keep_alive.victim(missing(h), self.now) else { return false };
            let container = h.cells[cell as usize];
            self.remove(model, workload, probe, container, Removal::Evicted);
        }
        true
    }

    /// The memory and the disk that are free, or could be: of images that nothing uses, of idle containers, and of images that
    /// only those use.
    fn removable(&self, model: &Model, host: u32) -> (u64, u64) {
        let h = &self.hosts[host as usize];
        let (mut memory, mut disk) = (h.memory_free + h.memory.loose_bytes(), h.disk_free.saturating_add(h.disk.loose_bytes()));
        let mut users: BTreeMap<u32, u32> = BTreeMap::new();
        for container in h.containers().map(|c| &self.containers[c]).filter(|c| c.active == 0 && !c.starting && !c.pinned) {
            let spec = &model.functions[container.function as usize];
            memory += spec.memory;
            disk = disk.saturating_add(spec.disk);
            *users.entry(spec.image).or_default() += 1;
        }
        for (image, users) in users.into_iter().filter(|u| u.0 != NONE) {
            let spec = &model.supply.images[image as usize];
            memory += if h.memory.pins(image) == users { spec.memory } else { 0 };
            disk = disk.saturating_add(if h.disk.pins(image) == users { spec.size } else { 0 });
        }
        (memory, disk)
    }

    /// Takes an image that nothing uses away from a place. One that leaves a disk leaves the memory of that host too.
    fn drop_image<P: Probe>(&mut self, probe: &mut P, place: ImagePlace, image: u32) {
        let bytes = match place {
            ImagePlace::Head(head) => {
                let h = &mut self.heads[head as usize];
                let bytes = h.store.remove(image);
                h.disk_free += bytes;
                bytes
            }
            ImagePlace::Disk(host) => {
                let h = &mut self.hosts[host as usize];
                let bytes = h.disk.remove(image);
                h.disk_free = h.disk_free.saturating_add(bytes);
                if h.memory.is_loose(image) {
                    self.drop_image(probe, ImagePlace::Memory(host), image);
                }
                bytes
            }
            ImagePlace::Memory(host) => {
                let h = &mut self.hosts[host as usize];
                let bytes = h.memory.remove(image);
                h.memory_free += bytes;
                h.image_memory -= bytes;
                bytes
            }
        };
        self.counters.image_evictions += 1;
        self.image_changed(probe, place, image, bytes, ImageChange::Evicted);
    }

    /// A container that is made from an image begins to use it.
    pub(super) fn pin_image(&mut self, image: u32, host: u32) {
        if image != NONE {
            let h = &mut self.hosts[host as usize];
            h.disk.pin(image);
            h.memory.pin(image);
        }
    }

    /// A container that was made from an image is gone.
    pub(super) fn unpin_image(&mut self, image: u32, host: u32) {
        if image != NONE {
            let h = &mut self.hosts[host as usize];
            h.disk.unpin(image);
            h.memory.unpin(image);
        }
    }

    /// An invocation begins or ends in a container made from an image.
    pub(super) fn use_image(&mut self, model: &Model, image: u32, host: u32) {
        if image != NONE && model.image_order == ImageOrder::LastUse {
            let h = &mut self.hosts[host as usize];
            h.disk.touch(image);
            h.memory.touch(image);
        }
    }

    /// Puts an image into a host's memory before the run begins, if there is room.
    pub(super) fn preload_image<P: Probe>(&mut self, model: &Model, probe: &mut P, host: u32, image: u32) -> bool {
        let Some(spec) = model.supply.images.get(image as usize) else { return true };
        let h = &mut self.hosts[host as usize];
        if h.memory.state(image) == ImageState::Here {
            return true;
        }
        let fits = h.disk_free >= spec.size && h.memory_free >= spec.memory;
        if !fits || h.disk.state(image) != ImageState::Absent {
            return false;
        }
        h.disk_free -= spec.size;
        h.memory_free -= spec.memory;
        h.image_memory += spec.memory;
        h.disk.comes(image, spec.size);
        h.disk.arrives(image);
        h.memory.comes(image, spec.memory);
        h.memory.arrives(image);
        for (place, bytes) in [(ImagePlace::Disk(host), spec.size), (ImagePlace::Memory(host), spec.memory)] {
            self.image_changed(probe, place, image, bytes, ImageChange::Coming);
            self.image_changed(probe, place, image, bytes, ImageChange::Here);
        }
        true
    }

    fn image_changed<P: Probe>(&mut self, probe: &mut P, place: ImagePlace, image: u32, bytes: u64, change: ImageChange) {
        let (kind, at) = match place {
            ImagePlace::Head(head) => (0, head),
            ImagePlace::Disk(host) => (1, host),
            ImagePlace::Memory(host) => (2, host),
        };
        self.digest.fold(self.now.0, 80 + kind * 3 + change as u8, at, image);
        probe.image(self.now, &ImageEvent { place, image, bytes, change });
    }

    fn ask_transfer<P: Probe>(&mut self, model: &Model, probe: &mut P, what: Transfer) {
        let bytes = model.supply.bytes(what);
        self.counters.transfers[what.kind()] += 1;
        self.counters.transferred_bytes[what.kind()] += bytes;
        let flow = self.transfers.ask(what, bytes);
        let delay = model.supply.route(what).delay;
        if delay == SimDuration::ZERO {
            return self.transfer_begins(model, probe, flow);
        }
        self.queue.push(self.now + delay, Class::Message, Event::new(EventKind::TransferBegins, 0, flow));
    }

    /// A transfer begins to move.
    pub(crate) fn transfer_begins<P: Probe>(&mut self, model: &Model, _: &mut P, flow: u32) {
        self.transfers.begin(self.now, flow, model.supply.roads(), |what| model.supply.route(what));
        self.arm_transfers();
    }

    /// Sees to it that the next end of a transfer, the arrival of its last byte, is looked at in time. An event that comes too
    /// early looks again.
    fn arm_transfers(&mut self) {
        let Some(end) = self.transfers.next_end() else { return };
        if self.transfers.armed.is_none_or(|armed| end < armed) {
            self.transfers.armed = Some(end);
            self.queue.push(end, Class::Message, Event::new(EventKind::TransferEnds, 0, 0));
        }
    }

    /// Bandwidths change.
    pub(crate) fn roads_change(&mut self, model: &Model) {
        if !self.transfers.is_empty() {
            self.transfers.refresh(self.now, model.supply.roads(), |what| model.supply.route(what));
            self.arm_transfers();
        }
    }

    /// Transfers may have ended.
    pub(crate) fn transfers_end<P: Probe>(&mut self, model: &Model, workload: &Workload, probe: &mut P) {
        if self.transfers.armed != Some(self.now) {
            return; // an earlier one took its place
        }
        self.transfers.armed = None;
        let route = |what| model.supply.route(what);
        while let Some(what) = self.transfers.ended(self.now, model.supply.roads(), route) {
            self.transfer_ended(model, workload, probe, what);
        }
        self.arm_transfers();
    }

    fn transfer_ended<P: Probe>(&mut self, model: &Model, workload: &Workload, probe: &mut P, what: Transfer) {
        let image = what.image();
        let spec = &model.supply.images[image as usize];
        match what {
            Transfer::Download { head, .. } => {
                self.heads[head as usize].store.arrives(image);
                self.image_changed(probe, ImagePlace::Head(head), image, spec.size, ImageChange::Here);
                // It stays until those who asked for it have heard that it is there.
                (0..self.stagers.len()).for_each(|_| self.heads[head as usize].store.pin(image));
                self.tell_stagers(model, probe, model.supply.heads[head as usize].machine, what);
                let wanted = &mut self.heads[head as usize].wanted;
                let hosts = wanted.iter().position(|(i, _)| *i == image).map(|at| wanted.remove(at).1);
                for host in hosts.unwrap_or_default() {
                    let begun = self.copy_image(model, workload, probe, host, image);
                    self.hosts[host as usize].staging.stuck |= !begun;
                }
                self.unblock(model, probe, head);
            }
            Transfer::Copy { host, .. } => {
                let head = model.supply.head_of[host as usize];
                if head != NONE {
                    self.heads[head as usize].store.unpin(image);
                    self.unblock(model, probe, head);
                }
                self.hosts[host as usize].disk.arrives(image);
                self.image_changed(probe, ImagePlace::Disk(host), image, spec.size, ImageChange::Here);
                self.tell_stagers(model, probe, model.hosts[host as usize].machine, what);
                let wanted = self.hosts[host as usize].staging.wanted.iter().any(|(i, _)| *i == image);
                if wanted {
                    self.next_step(model, workload, probe, host, image);
                }
                // What was on its way to the disk could not make room there.
                self.dispatch(model, workload, probe, host);
            }
            Transfer::Load { host, .. } => {
                let h = &mut self.hosts[host as usize];
                h.disk.unpin(image);
                h.disk.touch(image);
                h.memory.arrives(image);
                self.image_changed(probe, ImagePlace::Memory(host), image, spec.memory, ImageChange::Here);
                self.tell_stagers(model, probe, model.hosts[host as usize].machine, what);
                self.image_ready(model, workload, probe, host, image);
            }
        }
    }

    /// A service has heard that an image is at a head store, and has asked for copies if it wants any.
    pub(crate) fn heard_of_image<P: Probe>(&mut self, model: &Model, probe: &mut P, head: u32, image: u32) {
        self.heads[head as usize].store.unpin(image);
        self.unblock(model, probe, head);
    }

    /// A head store tries again to fetch what found no room, in order.
    fn unblock<P: Probe>(&mut self, model: &Model, probe: &mut P, head: u32) {
        while let Some(image) = self.heads[head as usize].blocked.pop_front() {
            self.download_image(model, probe, head, image);
            if self.heads[head as usize].is_blocked(image) {
                let blocked = &mut self.heads[head as usize].blocked;
                blocked.rotate_right(1);
                return;
            }
        }
    }

    /// Tells the placers that hold invocations back that there is room on a host which they did not know of.
    pub(super) fn tell_stagers_of_room<P: Probe>(&mut self, model: &Model, probe: &mut P, host: u32, function: u32) {
        for i in 0..self.stagers.len() {
            let (instance, placer, machine) = self.stagers[i];
            let words = [self.hosts[host as usize].idle_of(function), 0];
            let from = model.hosts[host as usize].machine;
            let notice = Message { instance, placer, host, function, words, ..Message::new(MessageKind::Removed, from, machine) };
            self.send(model, probe, notice, 0);
        }
    }

    /// Tells the placers that hold invocations back until their images are in place.
    fn tell_stagers<P: Probe>(&mut self, model: &Model, probe: &mut P, from: u32, what: Transfer) {
        let (host, head) = match what {
            Transfer::Download { head, .. } => (NONE, head),
            Transfer::Copy { host, .. } | Transfer::Load { host, .. } => (host, NONE),
        };
        for i in 0..self.stagers.len() {
            let (instance, placer, machine) = self.stagers[i];
            let words = [what.image(), head];
            let notice = Message { instance, placer, host, words, ..Message::new(MessageKind::Staged, from, machine) };
            self.send(model, probe, notice, 0);
        }
    }
}
