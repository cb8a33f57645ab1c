//! What the charts over time and the scrubber share: the instant under the pointer.
//!
//! It moves many times a second, so that it goes from one to the others without the virtual DOM.

use std::cell::Cell;
use std::cell::RefCell;
use std::rc::Rc;

type Listener = Rc<dyn Fn(Option<f64>)>;

/// An instant that whoever listens shows. Clones share it.
#[derive(Clone, Default)]
pub(crate) struct Shared(Rc<Inner>);

#[derive(Default)]
struct Inner {
    listeners: RefCell<Vec<(u32, Listener)>>,
    count: Cell<u32>,
}

impl PartialEq for Shared {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

/// Listens for as long as it lives.
pub(crate) struct Listening {
    shared: Shared,
    number: u32,
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.shared.0.listeners.borrow_mut().retain(|(number, _)| *number != self.number);
    }
}

impl Shared {
    /// Calls `listener` with the instant in seconds whenever another points somewhere, and with nothing when nobody does.
    pub(crate) fn listen(&self, listener: impl Fn(Option<f64>) + 'static) -> Listening {
        let number = self.0.count.get() + 1;
        self.0.count.set(number);
        self.0.listeners.borrow_mut().push((number, Rc::new(listener)));
        Listening { shared: self.clone(), number }
    }

    /// Points at an instant, or at none. Everybody hears of it but the one who says it.
    pub(crate) fn point(&self, at_s: Option<f64>, from: Option<&Listening>) {
        let listeners = self.0.listeners.borrow().clone();
        for (_, listener) in listeners.iter().filter(|(number, _)| from.is_none_or(|from| from.number != *number)) {
            listener(at_s);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everybody_else_hears_until_they_leave() {
        let shared = Shared::default();
        let heard: Rc<RefCell<Vec<(u8, Option<f64>)>>> = Rc::default();
        let listen = |name: u8| {
            let heard = Rc::clone(&heard);
            shared.listen(move |at| heard.borrow_mut().push((name, at)))
        };
        let (one, two) = (listen(1), listen(2));
        shared.point(Some(3.0), Some(&one));
        drop(two);
        shared.point(None, None);
        assert_eq!(*heard.borrow(), [(2, Some(3.0)), (1, None)]);
    }
}
