//! The page's end: starts the worker, keeps what is said before it listens, and starts another after a crash.

use std::cell::RefCell;
use std::rc::Rc;

use js_sys::{Object, Reflect};
use wasm_bindgen::prelude::*;
use web_sys::{Blob, ErrorEvent, HtmlLinkElement, MessageEvent, WorkerOptions, WorkerType};
use yew::Callback;

use super::protocol::{FromSim, ToSim, pack, unpack};

/// A worker, and what to do with what it says. Buffers that travel with a message come second.
#[derive(Clone)]
pub(crate) struct Client {
    inner: Rc<RefCell<Inner>>,
    listener: Callback<(FromSim, Vec<JsValue>)>,
}

#[derive(Default)]
struct Inner {
    worker: Option<web_sys::Worker>,
    /// How many workers have been started: what an earlier one still says is no longer heard.
    started: u32,
    ready: bool,
    /// What was said before the worker listened.
    waiting: Vec<(js_sys::Array, js_sys::Array)>,
    /// How many numbers have been given to traces.
    loads: u32,
    /// The packed trace, for the next worker if this one is lost: a handle, whose bytes the browser keeps outside of the page.
    trace: Option<Blob>,
    /// The later parts of the program, in order, for each worker.
    parts: Vec<JsValue>,
}

impl PartialEq for Client {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.inner, &other.inner)
    }
}

impl Client {
    /// A client without a worker; the first message starts it.
    pub(crate) fn new(listener: Callback<(FromSim, Vec<JsValue>)>) -> Client {
        Client { inner: Rc::default(), listener }
    }

    /// Says something to the worker.
    pub(crate) fn say(&self, message: &ToSim) {
        self.say_with(message, &[]);
    }

    /// Says something, with files or buffers.
    pub(crate) fn say_with(&self, message: &ToSim, with: &[JsValue]) {
        if self.inner.borrow().worker.is_none() {
            self.start();
        }
        let (message, transfer) = pack(message, with);
        let mut inner = self.inner.borrow_mut();
        match &inner.worker {
            Some(worker) if inner.ready => drop(worker.post_message_with_transfer(&message, &transfer)),
            _ => inner.waiting.push((message, transfer)),
        }
    }

    /// A number for a trace to be read.
    pub(crate) fn next_load(&self) -> u32 {
        let mut inner = self.inner.borrow_mut();
        inner.loads += 1;
        inner.loads
    }

    /// Keeps a packed trace for workers to come.
    pub(crate) fn keep_trace(&self, packed: Blob) {
        self.inner.borrow_mut().trace = Some(packed);
    }

    /// Keeps a later part of the program, those before it being kept already, for this worker and those to come.
    pub(crate) fn keep_part(&self, part: u8, module: JsValue) {
        self.inner.borrow_mut().parts.push(module.clone());
        if self.inner.borrow().worker.is_some() {
            self.say_with(&ToSim::TakePart(part), &[module]);
        }
    }

    /// Ends the worker, whatever it does. The next message starts another, which gets the trace that was kept.
    pub(crate) fn end(&self) {
        let mut inner = self.inner.borrow_mut();
        if let Some(worker) = inner.worker.take() {
            worker.terminate();
        }
        inner.ready = false;
        inner.waiting.clear();
    }

    fn start(&self) {
        let Some(worker) = spawn() else {
            self.listener.emit((FromSim::Crashed("The browser did not start a worker.".to_owned()), Vec::new()));
            return;
        };
        let number = self.inner.borrow().started + 1;
        let is_current = move |client: &Client| {
            let inner = client.inner.borrow();
            inner.started == number && inner.worker.is_some()
        };
        let client = self.clone();
        let on_message = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
            if let Some((message, with)) = unpack::<FromSim>(&event.data())
                && is_current(&client)
            {
                client.hear(message, with);
            }
        });
        let client = self.clone();
        let on_error = Closure::<dyn FnMut(ErrorEvent)>::new(move |event: ErrorEvent| {
            event.prevent_default();
            // A panic has said so itself before it stopped the worker, and another may run by now.
            if is_current(&client) {
                client.hear(FromSim::Crashed(event.message()), Vec::new());
            }
        });
        worker.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        worker.set_onerror(Some(on_error.as_ref().unchecked_ref()));
        on_message.forget(); // one each per worker, and there are few
        on_error.forget();
        let mut inner = self.inner.borrow_mut();
        (inner.worker, inner.started) = (Some(worker), number);
        let trace = inner.trace.clone().map(|trace| pack(&ToSim::TakeTrace, &[trace.into()]));
        let parts: Vec<_> =
            (1..).zip(&inner.parts).map(|(part, module)| pack(&ToSim::TakePart(part), std::slice::from_ref(module))).collect();
        inner.waiting.splice(0..0, parts.into_iter().chain(trace));
    }

    fn hear(&self, message: FromSim, with: Vec<JsValue>) {
        match &message {
            FromSim::Ready => {
                let mut inner = self.inner.borrow_mut();
                inner.ready = true;
                for (message, transfer) in std::mem::take(&mut inner.waiting) {
                    if let Some(worker) = &inner.worker {
                        let _ = worker.post_message_with_transfer(&message, &transfer);
                    }
                }
            }
            FromSim::Crashed(_) => self.end(),
            _ => {}
        }
        self.listener.emit((message, with));
    }
}

/// A worker that runs the page's own compiled module, so that nothing is fetched or compiled twice.
fn spawn() -> Option<web_sys::Worker> {
    let document = web_sys::window()?.document()?;
    let script: HtmlLinkElement = document.query_selector("link[rel=modulepreload]").ok()??.dyn_into().ok()?;
    let options = WorkerOptions::new();
    options.set_type(WorkerType::Module);
    let worker = web_sys::Worker::new_with_options("./worker.js", &options).ok()?;
    let boot = Object::new();
    Reflect::set(&boot, &"script".into(), &script.href().into()).ok()?;
    Reflect::set(&boot, &"module".into(), &wasm_bindgen::module()).ok()?;
    worker.post_message(&boot).ok()?;
    Some(worker)
}
