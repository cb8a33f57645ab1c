//! When charts are drawn: each in a task of its own, so that the page answers in between.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::{Rc, Weak};

use gloo::timers::callback::Timeout;

use super::easel::Easel;

thread_local! {
    static WAITING: RefCell<Queue> = RefCell::default();
}

#[derive(Default)]
struct Queue {
    easels: VecDeque<Weak<Easel>>,
    task: Option<Timeout>,
}

/// Draws a chart soon, and once however often it asks.
pub(super) fn draw_soon(easel: &Rc<Easel>) {
    WAITING.with_borrow_mut(|queue| {
        let easel = Rc::downgrade(easel);
        if !queue.easels.iter().any(|other| other.ptr_eq(&easel)) {
            queue.easels.push_back(easel);
        }
        if queue.task.is_none() {
            queue.task = Some(Timeout::new(0, draw_one));
        }
    });
}

fn draw_one() {
    let next = WAITING.with_borrow_mut(|queue| {
        let next = queue.easels.pop_front();
        queue.task = (!queue.easels.is_empty()).then(|| Timeout::new(0, draw_one));
        next
    });
    if let Some(easel) = next.and_then(|easel| easel.upgrade()).filter(|easel| easel.is_due()) {
        easel.draw_now();
    }
}
