//! An order of idle containers in which all containers of a function have one key: least key first, of equal keys the
//! container used longest ago. Changing a function's key is O(log n), however many containers it has.

use std::collections::VecDeque;

use super::ContainerView;
use crate::engine::{NONE, PagedMap};
use crate::policy::{IndexedHeap, PerCell};

#[derive(Clone)]
struct Member<K> {
    function: u32,
    key: K,
    memory: u64,
    /// Its containers on the host, and the uses of those together.
    containers: u32,
    uses: u32,
    /// (last use, cell) of the idle ones, in order. Nearly all come and go at one of the ends.
    idle: VecDeque<(u64, u32)>,
}

impl<K> Member<K> {
    fn new(function: u32, key: K, memory: u64) -> Member<K> {
        Member { function, key, memory, containers: 0, uses: 0, idle: VecDeque::new() }
    }

    /// A container is not idle any more, if it was.
    fn forget(&mut self, idle: (u64, u32)) {
        if let Ok(at) = self.idle.binary_search(&idle) {
            self.idle.remove(at);
        }
    }
}

/// The functions that have containers on the host, by key.
#[derive(Clone)]
pub(crate) struct FunctionOrder<K> {
    /// The member of each function, or [`NONE`].
    member_of: PagedMap<u32>,
    members: Vec<Member<K>>,
    free: Vec<u32>,
    /// Members with idle containers, by key and the oldest use among those.
    order: IndexedHeap<(K, u64)>,
    last_use: PerCell<u64>,
    clock: u64,
}

impl<K: Ord + Copy + Default> FunctionOrder<K> {
    pub(super) fn new() -> FunctionOrder<K> {
        FunctionOrder {
            member_of: PagedMap::new(NONE),
            members: Vec::new(),
            free: Vec::new(),
            order: IndexedHeap::default(),
            last_use: PerCell::default(),
            clock: 0,
        }
    }

    pub(super) fn created(&mut self, container: &ContainerView) {
        let mut at = self.member_of.get(container.function);
        if at == NONE {
            at = self.free.pop().unwrap_or(self.members.len() as u32);
            let (key, memory) = (K::default(), container.memory);
            match self.members.get_mut(at as usize) {
                // Of a member that is gone, no container is idle.
                Some(old) => *old = Member { idle: std::mem::take(&mut old.idle), ..Member::new(container.function, key, memory) },
                None => self.members.push(Member::new(container.function, key, memory)),
            }
            self.member_of.set(container.function, at);
        }
        self.members[at as usize].containers += 1;
        self.last_use.set(container.cell, self.clock);
    }

    /// A container starts an invocation. Answers how many invocations the function's containers have started together.
    pub(super) fn used(&mut self, container: &ContainerView) -> u32 {
        let at = self.member_of.get(container.function);
        let Some(member) = self.members.get_mut(at as usize) else { return 0 };
        member.uses += 1;
        let uses = member.uses;
        member.forget((self.last_use.get(container.cell), container.cell));
        self.clock += 1;
        self.last_use.set(container.cell, self.clock);
        self.place(at);
        uses
    }

    /// How many uses there have been on the host: a clock that ticks with each.
    pub(super) fn clock(&self) -> u64 {
        self.clock
    }

    pub(super) fn set_key(&mut self, function: u32, key: K) {
        let at = self.member_of.get(function);
        if let Some(member) = self.members.get_mut(at as usize) {
            member.key = key;
            self.place(at);
        }
    }

    pub(super) fn key(&self, function: u32) -> K {
        self.members.get(self.member_of.get(function) as usize).map_or(K::default(), |m| m.key)
    }

    pub(super) fn idle(&mut self, container: &ContainerView) {
        let at = self.member_of.get(container.function);
        if let Some(member) = self.members.get_mut(at as usize) {
            let idle = (self.last_use.get(container.cell), container.cell);
            member.idle.insert(member.idle.partition_point(|other| *other < idle), idle);
            self.place(at);
        }
    }

    pub(super) fn removed(&mut self, container: &ContainerView) {
        let at = self.member_of.get(container.function);
        let Some(member) = self.members.get_mut(at as usize) else { return };
        member.forget((self.last_use.get(container.cell), container.cell));
        member.containers -= 1;
        member.uses = member.uses.saturating_sub(container.uses);
        let gone = member.containers == 0;
        self.place(at);
        if gone {
            self.member_of.set(container.function, NONE);
            self.free.push(at);
        }
    }

    pub(super) fn first(&self) -> Option<u32> {
        self.first_with_key().map(|(_, cell)| cell)
    }

    /// The least key with the container that it stands for.
    pub(super) fn first_with_key(&self) -> Option<(K, u32)> {
        let ((key, _), at) = self.order.first()?;
        self.members[at as usize].idle.front().map(|&(_, cell)| (key, cell))
    }

    /// How many containers a function has.
    pub(super) fn containers(&self, function: u32) -> u32 {
        self.members.get(self.member_of.get(function) as usize).map_or(0, |m| m.containers)
    }

    /// (key, memory) of every function that has containers, busy ones too.
    pub(super) fn members(&self) -> impl Iterator<Item = (K, u64)> + '_ {
        self.living().map(|at| (self.members[at as usize].key, self.members[at as usize].memory))
    }

    /// Sets the key of every function that has containers anew.
    pub(super) fn rekey(&mut self, new: impl Fn(K, u64) -> K) {
        let living: Vec<u32> = self.living().collect();
        for at in living {
            let member = &mut self.members[at as usize];
            member.key = new(member.key, member.memory);
            self.place(at);
        }
    }

    fn living(&self) -> impl Iterator<Item = u32> + '_ {
        (0..self.members.len() as u32).filter(|&at| self.member_of.get(self.members[at as usize].function) == at)
    }

    fn place(&mut self, at: u32) {
        let member = &self.members[at as usize];
        match member.idle.front() {
            Some(&(last_use, _)) => self.order.set(at, (member.key, last_use)),
            None => self.order.remove(at),
        }
    }
}
