//! What a placer believes of its hosts: exact for its own assignments, late by a message for everything else.

use super::Ask;

/// The load of one host as a placer sees it.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Seen {
    host: u32,
    memory: u64,
    millicores: u32,
    /// Invocations assigned and not known to have ended.
    load: u32,
    /// Invocations ever assigned by this placer; the tie-break.
    assigned: u32,
}

impl Seen {
    /// Load per core, then the one that got fewest, then the first: a total order as one number, which is compared without a branch.
    fn rank(&self, number: u32) -> u128 {
        let per_core = u64::from(self.load) * 1_000_000_000 / u64::from(self.millicores.max(1));
        u128::from(per_core) << 64 | u128::from(self.assigned) << 32 | u128::from(number)
    }

    fn fits(&self, ask: &Ask) -> bool {
        self.memory >= ask.memory && self.millicores >= ask.millicores
    }
}

/// Idle containers of a function that a host is believed to have.
#[derive(Clone, Copy, Debug)]
struct Warm {
    function: u32,
    count: u32,
    /// Where the host stands among those that have any.
    place: u32,
}

/// Where a function stands among those of a host, which are in order; or where it would stand.
fn place_in(held: &[Warm], function: u32) -> Result<usize, usize> {
    held.binary_search_by_key(&function, |warm| warm.function)
}

/// A placer's view of some hosts, numbered from 0 in the view.
#[derive(Clone, Debug)]
pub struct View {
    hosts: Vec<Seen>,
    /// The rank of each host, the number of the host in its last 32 bits. Empty where nobody asks.
    ranks: Vec<u128>,
    /// A tournament: tree[1] is the number of the least loaded host, leaves are the hosts in order. Empty where nobody asks.
    tree: Vec<u32>,
    /// Whether it holds all hosts of the platform, with the same numbers.
    whole: bool,
    leaves: usize,
    /// Whether all hosts have as many cores.
    alike: bool,
    /// Per function, the hosts believed to hold idle containers of it.
    warm: Vec<Vec<u32>>,
    /// Per host, which functions it holds idle containers of; empty before the first.
    held: Vec<Vec<Warm>>,
    least_memory: u64,
    least_millicores: u32,
    total_load: u64,
    total_millicores: u64,
    /// Per host, (bytes, thousandths of cores) of what was assigned and is not known to have ended; empty before the first.
    taken: Vec<(u64, u64)>,
}

impl View {
    /// A view of hosts, each (host, memory in bytes, thousandths of cores), with no load.
    pub fn new(hosts: impl IntoIterator<Item = (u32, u64, u32)>, functions: usize) -> View {
        let seen = |(host, memory, millicores)| Seen { host, memory, millicores, load: 0, assigned: 0 };
        let hosts: Vec<Seen> = hosts.into_iter().map(seen).collect();
        let leaves = hosts.len().next_power_of_two().max(1);
        let mut view = View {
            ranks: (0..).zip(&hosts).map(|(number, seen)| seen.rank(number)).collect(),
            tree: vec![0; 2 * leaves],
            leaves,
            alike: hosts.iter().all(|h| h.millicores == hosts[0].millicores),
            whole: (0..).zip(&hosts).all(|(number, seen)| seen.host == number),
            warm: vec![Vec::new(); functions],
            held: Vec::new(),
            least_memory: hosts.iter().map(|h| h.memory).min().unwrap_or(0),
            least_millicores: hosts.iter().map(|h| h.millicores).min().unwrap_or(0),
            total_load: 0,
            total_millicores: hosts.iter().map(|h| u64::from(h.millicores)).sum(),
            taken: Vec::new(),
            hosts,
        };
        for i in 0..leaves {
            view.tree[leaves + i] = i as u32;
        }
        for i in (1..leaves).rev() {
            view.tree[i] = view.winner(view.tree[2 * i], view.tree[2 * i + 1]);
        }
        view
    }

    /// The same for a placer that sees its hosts as they are: all that it needs to note is how many tasks it assigned to each.
    pub(crate) fn unranked(self) -> View {
        View { tree: Vec::new(), ranks: Vec::new(), ..self }
    }

    /// Whether hosts have the same numbers here as on the platform.
    pub(super) fn is_whole(&self) -> bool {
        self.whole
    }

    /// Whether all hosts have as many cores.
    pub(super) fn are_alike(&self) -> bool {
        self.alike
    }

    /// The number of hosts in the view.
    pub fn len(&self) -> usize {
        self.hosts.len()
    }

    /// About how many bytes a copy takes: there is a list for each function.
    pub(crate) fn size(&self) -> usize {
        self.hosts.len() * size_of::<Seen>()
            + self.ranks.len() * size_of::<u128>()
            + self.tree.len() * 4
            + self.taken.len() * 16
            + self.warm.iter().map(|list| size_of_val(list) + list.len() * (4 + size_of::<Warm>())).sum::<usize>()
            + self.held.len() * size_of::<Vec<Warm>>()
    }

    /// Whether the view holds no host.
    pub fn is_empty(&self) -> bool {
        self.hosts.is_empty()
    }

    /// The platform's number of a host of the view.
    pub fn host(&self, number: u32) -> u32 {
        self.hosts[number as usize].host
    }

    /// Invocations that are believed to be on a host or on their way to it.
    pub fn load(&self, number: u32) -> u32 {
        self.hosts[number as usize].load
    }

    /// Cores of a host, in thousandths.
    pub fn millicores(&self, number: u32) -> u32 {
        self.hosts[number as usize].millicores
    }

    /// Memory of a host, in bytes.
    pub fn memory(&self, number: u32) -> u64 {
        self.hosts[number as usize].memory
    }

    /// Memory that nothing is believed to hold, in bytes: what was assigned holds its function's from assignment to finish.
    pub fn memory_free(&self, number: u32) -> u64 {
        self.memory(number).saturating_sub(self.taken.get(number as usize).map_or(0, |t| t.0))
    }

    /// Cores that what was assigned asks for, in thousandths; may be more than there are.
    pub fn cores_asked(&self, number: u32) -> u64 {
        self.taken.get(number as usize).map_or(0, |t| t.1)
    }

    /// Whether a task can ever run on a host.
    #[inline]
    pub fn fits(&self, number: u32, ask: &Ask) -> bool {
        self.hosts[number as usize].fits(ask)
    }

    /// Invocations and thousandths of cores of all hosts of the view, as believed.
    pub(super) fn total(&self) -> (u64, u64) {
        (self.total_load, self.total_millicores)
    }

    /// (running + queued) / cores over all hosts of the view, as believed; infinite without hosts.
    pub fn total_load(&self) -> f64 {
        if self.total_millicores == 0 { f64::INFINITY } else { self.total_load as f64 * 1000.0 / self.total_millicores as f64 }
    }

    /// The hosts believed to hold idle containers of a function.
    pub fn warm(&self, function: u32) -> impl Iterator<Item = u32> + '_ {
        self.warm.get(function as usize).into_iter().flatten().copied()
    }

    /// The least loaded host on which the task can run; of equals, the one that got fewest tasks, then the first.
    pub fn least_loaded(&self, ask: &Ask) -> Option<u32> {
        let fits_all = self.least_memory >= ask.memory && self.least_millicores >= ask.millicores;
        let least = self.tree.get(1).copied().filter(|_| fits_all && !self.hosts.is_empty());
        least.or_else(|| self.least_loaded_of((0..self.hosts.len() as u32).filter(|&i| self.fits(i, ask))))
    }

    /// Of some hosts, the least loaded, as [`View::least_loaded`].
    pub fn least_loaded_of(&self, numbers: impl Iterator<Item = u32>) -> Option<u32> {
        numbers.map(|i| self.ranks[i as usize]).min().map(|rank| rank as u32)
    }

    /// Tasks ever assigned to a host.
    pub fn ever_assigned(&self, number: u32) -> u32 {
        self.hosts[number as usize].assigned
    }

    /// A task was assigned to a host: its load rises, and an idle container of the function is taken.
    #[inline]
    pub(crate) fn assigned(&mut self, number: u32, ask: &Ask) {
        if self.tree.is_empty() {
            self.hosts[number as usize].assigned += 1;
        } else {
            self.takes(number, ask);
        }
    }

    fn takes(&mut self, number: u32, ask: &Ask) {
        if self.taken.is_empty() {
            self.taken = vec![(0, 0); self.hosts.len()];
        }
        let taken = &mut self.taken[number as usize];
        *taken = (taken.0.saturating_add(ask.memory), taken.1 + u64::from(ask.millicores));
        let seen = &mut self.hosts[number as usize];
        let load = seen.load + 1;
        seen.assigned += 1;
        self.total_load += 1;
        self.has_load(number, load);
        let warm = self.warm_count(number, ask.function);
        self.set_warm(number, ask.function, warm.saturating_sub(1));
    }

    /// A task assigned earlier is known to have ended.
    #[inline]
    pub(crate) fn ended(&mut self, number: u32, ask: &Ask) {
        if !self.tree.is_empty() {
            self.gives_back(number, ask);
        }
    }

    fn gives_back(&mut self, number: u32, ask: &Ask) {
        if let Some(taken) = self.taken.get_mut(number as usize) {
            *taken = (taken.0.saturating_sub(ask.memory), taken.1.saturating_sub(ask.millicores.into()));
        }
        let seen = &mut self.hosts[number as usize];
        debug_assert!(seen.load > 0, "more tasks ended than were assigned");
        let load = seen.load.saturating_sub(1);
        self.total_load = self.total_load.saturating_sub(1);
        self.has_load(number, load);
    }

    /// A host is said to have so much load, which asks for so many thousandths of cores.
    pub(crate) fn set_load(&mut self, number: u32, load: u32, millicores: u64) {
        if self.taken.is_empty() {
            self.taken = vec![(0, 0); self.hosts.len()];
        }
        self.taken[number as usize].1 = millicores;
        let seen = &mut self.hosts[number as usize];
        if seen.load != load {
            self.total_load = self.total_load - u64::from(seen.load) + u64::from(load);
            self.has_load(number, load);
        }
    }

    /// A host told how many idle containers of a function it has.
    #[inline]
    pub(crate) fn set_warm(&mut self, number: u32, function: u32, count: u32) {
        if !self.tree.is_empty() {
            self.has_warm(number, function, count);
        }
    }

    fn has_warm(&mut self, number: u32, function: u32, count: u32) {
        if self.held.is_empty() {
            self.held = vec![Vec::new(); self.hosts.len()];
        }
        let (held, list) = (&mut self.held[number as usize], &mut self.warm[function as usize]);
        match place_in(held, function) {
            Ok(i) if count > 0 => held[i].count = count,
            Ok(i) => {
                let place = held.remove(i).place;
                list.swap_remove(place as usize);
                // The last of the list has taken its place.
                if let Some(&moved) = list.get(place as usize)
                    && let Ok(i) = place_in(&self.held[moved as usize], function)
                {
                    self.held[moved as usize][i].place = place;
                }
            }
            Err(i) if count > 0 => {
                held.insert(i, Warm { function, count, place: list.len() as u32 });
                list.push(number);
            }
            Err(_) => {}
        }
    }

    /// Idle containers of a function that a host is believed to have.
    pub(super) fn warm_count(&self, number: u32, function: u32) -> u32 {
        let held = self.held.get(number as usize);
        held.and_then(|held| place_in(held, function).ok().map(|i| held[i].count)).unwrap_or(0)
    }

    fn winner(&self, a: u32, b: u32) -> u32 {
        match (self.ranks.get(a as usize), self.ranks.get(b as usize)) {
            (Some(x), Some(y)) if y < x => b,
            (None, Some(_)) => b,
            _ => a,
        }
    }

    fn has_load(&mut self, number: u32, load: u32) {
        let seen = &mut self.hosts[number as usize];
        seen.load = load;
        self.ranks[number as usize] = seen.rank(number);
        let mut at = (self.leaves + number as usize) / 2;
        while at >= 1 {
            let before = self.tree[at];
            let winner = self.winner(self.tree[2 * at], self.tree[2 * at + 1]);
            if winner == before && winner != number {
                return; // above, nothing has changed
            }
            self.tree[at] = winner;
            at /= 2;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SMALL: Ask = Ask { function: 0, memory: 1, millicores: 1 };

    proptest! {
        #[test]
        fn the_tournament_agrees_with_a_scan(cores in proptest::collection::vec(1u32..5, 1..20),
                                             steps in proptest::collection::vec((any::<prop::sample::Index>(), any::<bool>()), 0..100)) {
            let mut view = View::new(cores.iter().enumerate().map(|(i, &c)| (i as u32, 10, c * 1000)), 1);
            for (index, up) in steps {
                let number = index.index(cores.len()) as u32;
                if up {
                    view.assigned(number, &SMALL);
                } else if view.load(number) > 0 {
                    view.ended(number, &SMALL);
                }
                prop_assert_eq!(view.least_loaded(&SMALL), view.least_loaded_of(0..cores.len() as u32));
            }
        }
    }

    #[test]
    fn hosts_that_are_too_small_are_passed_over() {
        let mut view = View::new([(0, 10, 1000), (1, 100, 1000)], 1);
        view.assigned(1, &SMALL);
        let ask = Ask { memory: 50, ..SMALL };
        assert_eq!(view.least_loaded(&ask), Some(1));
        assert_eq!(view.least_loaded(&Ask { memory: 500, ..ask }), None);
    }

    #[test]
    fn an_assignment_takes_an_idle_container() {
        let mut view = View::new([(0, 10, 1000)], 1);
        view.set_warm(0, 0, 2);
        view.assigned(0, &SMALL);
        assert_eq!(view.warm(0).count(), 1);
        view.assigned(0, &SMALL);
        assert_eq!(view.warm(0).count(), 0);
    }

    proptest! {
        #[test]
        fn hosts_with_idle_containers_agree_with_a_plain_map(
            steps in proptest::collection::vec((0u32..6, 0u32..3, 0u32..3), 0..100)) {
            let mut view = View::new((0..6).map(|host| (host, 10, 1000)), 3);
            let mut map = std::collections::BTreeMap::new();
            for (number, function, count) in steps {
                view.set_warm(number, function, count);
                map.insert((function, number), count);
                for f in 0..3 {
                    let mut warm: Vec<u32> = view.warm(f).collect();
                    warm.sort_unstable();
                    let expected: Vec<u32> = map.iter().filter(|((of, _), n)| *of == f && **n > 0).map(|((_, h), _)| *h).collect();
                    prop_assert_eq!(warm, expected);
                    for host in 0..6 {
                        prop_assert_eq!(view.warm_count(host, f), map.get(&(f, host)).copied().unwrap_or(0));
                    }
                }
            }
        }
    }

    #[test]
    fn memory_and_cores_are_taken_from_assignment_to_finish() {
        let mut view = View::new([(0, 10, 1000)], 1);
        let ask = Ask { memory: 7, millicores: 800, ..SMALL };
        assert_eq!((view.memory_free(0), view.cores_asked(0)), (10, 0));
        view.assigned(0, &ask);
        view.assigned(0, &ask);
        assert_eq!((view.memory_free(0), view.cores_asked(0)), (0, 1600));
        view.ended(0, &ask);
        assert_eq!((view.memory_free(0), view.cores_asked(0)), (3, 800));
    }
}
