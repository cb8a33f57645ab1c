//! Queue order: which of the tasks that wait in a queue, of a host or of a placer that holds tasks, is served next.
//!
//! Each queue has an instance of its own. It ranks a task once, when it comes; the rank does not change while the task waits,
//! but for what is overdue, which comes before everything else. It hears of what is served. What a task will take is known by
//! estimates only ([`crate::policy::estimate`]).

mod edf;
mod fair_share;
mod fcfs;
mod priority;
mod sjf;
mod srpt;

use std::sync::Arc;

use crate::platform::FunctionSpec;
use crate::registry::{Args, Choice, Entry};
use crate::units::SimTime;

/// What an order may know of a task that comes to its queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Newcomer {
    /// Its function.
    pub function: u32,
    /// When its client submitted it.
    pub submitted: SimTime,
    /// The estimate of its execution time, in nanoseconds.
    pub estimate_ns: u64,
    /// The estimate of what is left of its job, itself included, in nanoseconds; of a lone task the estimate of its execution.
    pub remaining_ns: u64,
    /// When it should have ended; never if its function has no deadline.
    pub deadline: SimTime,
    /// Its function's priority, larger first.
    pub priority: u32,
    /// The key of its function's app.
    pub app: u64,
}

impl Newcomer {
    /// A task of a function, with the estimates of its execution time and of what is left of its job, in nanoseconds.
    pub fn new(function: u32, spec: &FunctionSpec, submitted: SimTime, estimate_ns: u64, remaining_ns: u64) -> Newcomer {
        Newcomer {
            function,
            submitted,
            estimate_ns,
            remaining_ns,
            deadline: spec.deadline.map_or(SimTime::NEVER, |after| submitted + after),
            priority: spec.priority,
            app: spec.app,
        }
    }
}

/// Where a task stands among those that wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rank {
    /// The least is served first; of equals, the one that came first.
    pub key: u64,
    /// Later than this it is overdue, and served before all that are not, the longest overdue first; never if it cannot be.
    pub due: SimTime,
}

impl Rank {
    /// After all others, in the order of arrival.
    pub const LAST: Rank = Rank::of(u64::MAX);

    /// A rank of what is never overdue.
    pub const fn of(key: u64) -> Rank {
        Rank { key, due: SimTime::NEVER }
    }
}

/// The order of one queue.
pub trait QueueOrder {
    /// The rank of a task that comes to the queue now; none where tasks are served in the order in which they come.
    fn rank(&mut self, task: &Newcomer, now: SimTime) -> Option<Rank>;
    /// A task with this key is served: it leaves the queue to run.
    fn served(&mut self, _key: u64) {}
}

/// An order from outside this crate, clonable with its state.
pub trait ExternalOrder: QueueOrder + Send + Sync {
    /// A copy with the same state.
    fn clone_box(&self) -> Box<dyn ExternalOrder>;
}

/// Makes an external order from its parameters.
pub type MakeOrder = Arc<dyn Fn(Args<'_>) -> Box<dyn ExternalOrder> + Send + Sync>;

macro_rules! registry {
    ($($module:ident :: $name:ident),* $(,)?) => {
        /// Every built-in queue order.
        pub const REGISTRY: &[&Entry] = &[$(&$module::ENTRY),*];

        /// A queue order: one of the built-in ones, or one from outside.
        #[allow(missing_docs, private_interfaces)] // the variants are for this module; matching on them is not offered
        pub enum Order { $($name($module::$name),)* External(Box<dyn ExternalOrder>) }

        impl Order {
            fn builtin(choice: &Choice) -> Order {
                $(if choice.kind == $module::ENTRY.kind {
                    return Order::$name($module::$name::new(Args::new(choice, &$module::ENTRY)));
                })*
                Order::builtin(&Choice::of(REGISTRY[0].kind))
            }
        }

        impl Clone for Order {
            fn clone(&self) -> Self {
                match self {
                    $(Order::$name(p) => Order::$name(p.clone()),)*
                    Order::External(p) => Order::External(p.clone_box()),
                }
            }
        }

        impl QueueOrder for Order {
            fn rank(&mut self, task: &Newcomer, now: SimTime) -> Option<Rank> {
                match self { $(Order::$name(p) => p.rank(task, now),)* Order::External(p) => p.rank(task, now) }
            }
            fn served(&mut self, key: u64) {
                match self { $(Order::$name(p) => p.served(key),)* Order::External(p) => p.served(key) }
            }
        }
    };
}

registry!(fcfs::Fcfs, sjf::Sjf, srpt::Srpt, edf::Edf, priority::Priority, fair_share::FairShare,);

impl Order {
    /// The order that a choice names, from outside if one of that kind was added, else built in.
    pub fn new(choice: &Choice, external: &[(&'static Entry, MakeOrder)]) -> Order {
        match external.iter().find(|(entry, _)| entry.kind == choice.kind) {
            Some((entry, make)) => Order::External(make(Args::new(choice, entry))),
            None => Order::builtin(choice),
        }
    }
}

impl Order {
    /// Whether it never ranks anything.
    pub fn is_fcfs(&self) -> bool {
        matches!(self, Order::Fcfs(_))
    }
}

impl Default for Order {
    /// First come, first served.
    fn default() -> Self {
        Order::builtin(&Choice::of(REGISTRY[0].kind))
    }
}

impl std::fmt::Debug for Order {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Order")
    }
}

#[cfg(test)]
pub(crate) mod testing {
    use super::*;
    use crate::platform::RunQueue;

    /// A lone task of an app, submitted at an instant, with an estimate, without a deadline.
    pub(crate) fn task(app: u64, submitted: u64, estimate_ns: u64) -> Newcomer {
        let deadline = SimTime::NEVER;
        let submitted = SimTime(submitted);
        Newcomer { function: app as u32, submitted, estimate_ns, remaining_ns: estimate_ns, deadline, priority: 0, app }
    }

    /// The order in which tasks that come at one instant are served at another: their indices.
    pub(crate) fn service(choice: Choice, tasks: &[Newcomer], comes: u64, served: u64) -> Vec<usize> {
        let (mut order, mut queue) = (Order::new(&choice, &[]), RunQueue::new());
        for (i, task) in tasks.iter().enumerate() {
            queue.push(i, order.rank(task, SimTime(comes)));
        }
        let mut out = Vec::new();
        while let Some((place, i)) = queue.pop_front(SimTime(served)) {
            order.served(place.key);
            out.push(i);
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::testing::{service, task};
    use super::*;

    #[test]
    fn of_equal_tasks_the_first_to_come_is_served_first_in_every_order() {
        for entry in REGISTRY {
            let all = [task(1, 5, 10), task(1, 5, 10), task(1, 5, 10)];
            assert_eq!(service(Choice::of(entry.kind), &all, 5, 6), [0, 1, 2], "{}", entry.kind);
        }
    }

    #[test]
    fn an_order_from_outside_is_taken_and_copied_with_its_state() {
        /// Last come, first served.
        #[derive(Clone)]
        struct Stack(u64);
        impl QueueOrder for Stack {
            fn rank(&mut self, _: &Newcomer, _: SimTime) -> Option<Rank> {
                self.0 -= 1;
                Some(Rank::of(self.0))
            }
        }
        impl ExternalOrder for Stack {
            fn clone_box(&self) -> Box<dyn ExternalOrder> {
                Box::new(self.clone())
            }
        }
        static STACK: Entry =
            Entry { kind: "stack", name: "Stack", summary: "The last to come.", source: "This test.", params: &[], decides: &[] };
        let external: [(&'static Entry, MakeOrder); 1] = [(&STACK, Arc::new(|_: Args<'_>| Box::new(Stack(100))))];
        let mut order = Order::new(&Choice::of("stack"), &external);
        let key = |order: &mut Order| order.rank(&task(0, 0, 0), SimTime::ZERO).map(|r| r.key);
        assert_eq!(key(&mut order), Some(99));
        let mut copy = order.clone();
        assert_eq!((key(&mut order), key(&mut order), key(&mut copy)), (Some(98), Some(97), Some(98)));
    }
}
