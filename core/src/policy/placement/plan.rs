//! What a placer has planned in the round that it is in: nothing of it has happened yet, and it must not be planned twice.

/// The plan of one round of a placer that holds tasks and starts as many as its hosts have room for.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// Per host of the view, thousandths of cores that are spoken for.
    booked: Vec<u64>,
    /// Hosts with something in `booked`.
    touched: Vec<u32>,
    /// Idle containers that are spoken for: (host, function).
    claimed: Vec<(u32, u32)>,
    /// Images that will be on their way to a disk or to memory: (host, image).
    copies: Vec<(u32, u32)>,
    loads: Vec<(u32, u32)>,
    /// How many tasks of each function wait in this round, with the time that their executions may take together: by function.
    demand: Vec<(u32, u32, u64)>,
}

impl Plan {
    /// Begins a round over so many hosts.
    pub(crate) fn clear(&mut self, hosts: usize) {
        self.booked.resize(hosts, 0);
        self.touched.drain(..).for_each(|n| self.booked[n as usize] = 0);
        self.claimed.clear();
        self.copies.clear();
        self.loads.clear();
        self.demand.clear();
    }

    pub(crate) fn book(&mut self, number: u32, millicores: u32) {
        self.booked[number as usize] += u64::from(millicores);
        self.touched.push(number);
    }

    pub(crate) fn claim(&mut self, number: u32, function: u32) {
        self.claimed.push((number, function));
    }

    pub(crate) fn copy(&mut self, number: u32, image: u32) {
        self.copies.push((number, image));
    }

    pub(crate) fn load(&mut self, number: u32, image: u32) {
        self.loads.push((number, image));
    }

    pub(crate) fn wants(&mut self, function: u32, work_ns: u64) {
        match self.demand.iter_mut().find(|d| d.0 == function) {
            Some(known) => (known.1, known.2) = (known.1 + 1, known.2.saturating_add(work_ns)),
            None => self.demand.push((function, 1, work_ns)),
        }
    }

    pub(super) fn booked(&self, number: u32) -> u64 {
        self.booked.get(number as usize).copied().unwrap_or(0)
    }

    pub(super) fn claims(&self, number: u32, function: u32) -> u32 {
        self.claimed.iter().filter(|&&c| c == (number, function)).count() as u32
    }

    pub(super) fn copies(&self, number: u32, image: u32) -> bool {
        self.copies.contains(&(number, image))
    }

    pub(super) fn loads(&self, number: u32, image: u32) -> bool {
        self.loads.contains(&(number, image))
    }

    /// Per function that waits: (function, tasks, nanoseconds that their executions may take together).
    pub fn demand(&self) -> &[(u32, u32, u64)] {
        &self.demand
    }
}
