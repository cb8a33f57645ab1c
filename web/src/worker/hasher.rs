//! Fingerprints of files, computed in a worker of their own while the one that simulates reads the rows: each takes as long as the
//! other.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

use js_sys::{Array, Function, Promise, Reflect, Uint8Array};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{MessageEvent, WorkerOptions, WorkerType};

use super::protocol::{FromSim, ToSim, pack, unpack};
use crate::parts;

/// So many pieces of a file may wait for it; more would fill the memory.
const MOST_WAITING: usize = 3;

/// A worker that computes fingerprints. It ends when this is dropped.
pub(super) struct Hasher {
    worker: web_sys::Worker,
    state: Rc<RefCell<State>>,
    _on_message: Closure<dyn FnMut(MessageEvent)>,
    _on_error: Closure<dyn FnMut(web_sys::Event)>,
}

/// A message, and what is given away with it.
type Message = (Array, Array);

struct State {
    /// What was said before it listened; nothing once it does.
    waiting: Option<Vec<Message>>,
    /// It has failed.
    lost: bool,
    /// Pieces that it has not read.
    pieces: usize,
    /// Fingerprints that nobody has fetched.
    done: VecDeque<String>,
    /// Wakes who waits for any of this.
    wake: Option<Function>,
}

impl Hasher {
    /// Starts one; nothing where a worker cannot have a worker.
    pub(super) fn start() -> Option<Hasher> {
        let boot = Reflect::get(&js_sys::global(), &"faaslabBoot".into()).ok().filter(JsValue::is_object)?;
        let options = WorkerOptions::new();
        options.set_type(WorkerType::Module);
        let worker = web_sys::Worker::new_with_options("./worker.js", &options).ok()?;
        let state = State { waiting: Some(Vec::new()), lost: false, pieces: 0, done: VecDeque::new(), wake: None };
        let state = Rc::new(RefCell::new(state));
        let change = {
            let state = Rc::clone(&state);
            move |change: &dyn Fn(&mut State)| {
                let wake = {
                    let mut state = state.borrow_mut();
                    change(&mut state);
                    state.wake.take()
                };
                if let Some(wake) = wake {
                    let _ = wake.call0(&JsValue::NULL);
                }
            }
        };
        let (heard, ears) = (change.clone(), worker.clone());
        let on_message = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| match unpack(&event.data()) {
            Some((FromSim::Ready, _)) => heard(&|state| {
                for (message, transfer) in state.waiting.take().into_iter().flatten() {
                    let _ = ears.post_message_with_transfer(&message, &transfer);
                }
            }),
            Some((FromSim::Hashed(None), _)) => heard(&|state| state.pieces -= 1),
            Some((FromSim::Hashed(Some(sha256)), _)) => heard(&|state| state.done.push_back(sha256.clone())),
            _ => heard(&|state| state.lost = true),
        });
        let on_error = Closure::<dyn FnMut(web_sys::Event)>::new(move |event: web_sys::Event| {
            event.prevent_default();
            change(&|state| state.lost = true);
        });
        worker.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        worker.set_onerror(Some(on_error.as_ref().unchecked_ref()));
        worker.post_message(&boot).ok()?;
        let hasher = Hasher { worker, state, _on_message: on_message, _on_error: on_error };
        parts::each(|part, module| hasher.say(&ToSim::TakePart(part), std::slice::from_ref(module)));
        Some(hasher)
    }

    /// Waits for something, or until the worker is lost: then nothing more comes.
    async fn until(&self, is_so: impl Fn(&State) -> bool) {
        let comes = |state: &State| !state.lost && !is_so(state);
        while comes(&self.state.borrow()) {
            let woken = Promise::new(&mut |resolve, _| self.state.borrow_mut().wake = Some(resolve));
            let _ = JsFuture::from(woken).await;
        }
    }

    fn say(&self, message: &ToSim, with: &[JsValue]) {
        let (message, transfer) = pack(message, with);
        match &mut self.state.borrow_mut().waiting {
            Some(waiting) => waiting.push((message, transfer)),
            None => drop(self.worker.post_message_with_transfer(&message, &transfer)),
        }
    }

    /// The next bytes of a file, which are given away; waits while too many wait already.
    pub(super) async fn push(&self, bytes: Uint8Array) {
        self.state.borrow_mut().pieces += 1;
        self.say(&ToSim::Hash, &[bytes.into()]);
        self.until(|state| state.pieces < MOST_WAITING).await;
    }

    /// The fingerprint of the file, which is complete; nothing if the worker is lost.
    pub(super) async fn end_file(&self) -> Option<String> {
        self.say(&ToSim::HashEnd, &[]);
        self.until(|state| !state.done.is_empty()).await;
        self.state.borrow_mut().done.pop_front()
    }
}

impl Drop for Hasher {
    fn drop(&mut self) {
        // What it has said already must find nobody: who would hear it goes now.
        self.worker.set_onmessage(None);
        self.worker.set_onerror(None);
        self.worker.terminate();
    }
}
