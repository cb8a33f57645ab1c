//! What page and worker say to each other.
//!
//! A message is an array: first the message itself in bytes, then what travels with it as it is (files, buffers). Both ends
//! are the same compiled module, so they always speak the same version.

use faaslab_core::measure::{Charts, GroupRow, Summary};
pub(crate) use faaslab_core::measure::{Column, RowFilter, Sort};
use faaslab_core::scenario::Problem;
use faaslab_core::sim::follow::Journey;
use faaslab_core::sim::life::Life;
use faaslab_core::sim::search::{Aim, Direction, Found};
use faaslab_core::sim::stage::StageWindow;
use faaslab_core::sim::why::Why;
use faaslab_core::trace::{Report, TraceError};
use js_sys::{Array, Uint8Array};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use wasm_bindgen::{JsCast, JsValue};

/// Something that takes the worker a while, by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Job {
    /// A run.
    Run(u32),
    /// The reading of a trace.
    Load(u32),
    /// A search for an event.
    Search(u32),
}

/// Page to worker.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum ToSim {
    /// Run a scenario; what runs already is given up.
    Run {
        /// The run's number.
        run: u32,
        /// The scenario, in JSON.
        scenario: String,
    },
    /// Give this up.
    Cancel(Job),
    /// Record a window of the stage.
    Window {
        /// The run.
        run: u32,
        /// Its start, in nanoseconds.
        from_ns: u64,
        /// Its end, in nanoseconds.
        to_ns: u64,
    },
    /// Show a part of a run more closely.
    Charts {
        /// The run.
        run: u32,
        /// Where the part begins, in nanoseconds.
        from_ns: u64,
        /// Where it ends, in nanoseconds.
        to_ns: u64,
    },
    /// Say what the containers of a host do in a part of a run.
    Containers {
        /// The run.
        run: u32,
        /// The number of the host.
        host: u32,
        /// Where the part begins, in nanoseconds.
        from_ns: u64,
        /// Where it ends, in nanoseconds.
        to_ns: u64,
    },
    /// Say what an invocation went through.
    Life {
        /// The run.
        run: u32,
        /// The invocation.
        invocation: u32,
    },
    /// Say why an invocation fared as it did.
    Why {
        /// The run.
        run: u32,
        /// The invocation.
        invocation: u32,
    },
    /// Give some rows of a table.
    Page {
        /// The run.
        run: u32,
        /// The table.
        query: Query,
        /// The first row.
        from: u32,
        /// How many.
        count: u32,
    },
    /// Write a table as a file.
    Export {
        /// The run.
        run: u32,
        /// The table.
        query: Query,
    },
    /// Find the next event of a kind, or the last one before; a search that goes on is given up.
    Next {
        /// The run.
        run: u32,
        /// The search's number.
        search: u32,
        /// What to look for.
        aim: Aim,
        /// Whether after or before the instant.
        direction: Direction,
        /// The instant, in nanoseconds.
        from_ns: u64,
    },
    /// Say where an invocation was.
    Follow {
        /// The run.
        run: u32,
        /// The invocation.
        invocation: u32,
    },
    /// Go on answering for this run when others have taken its place; or for none but those that are shown.
    Keep(Option<u32>),
    /// Read the files that travel with this as a trace; what is being read already is given up. It has this number.
    LoadTrace(u32),
    /// Take the packed trace whose handle travels with this.
    TakeTrace,
    /// Take the trace that was read from files with these hashes, if this browser keeps it.
    Recall {
        /// The number of this reading.
        load: u32,
        /// SHA-256 of each file.
        hashes: Vec<String>,
    },
    /// No longer keep the trace that was read from files with these hashes.
    Forget(Vec<String>),
    /// Draw a scenario of the gallery in mid-run.
    Still {
        /// Its id.
        id: String,
        /// The scenario, in JSON.
        scenario: String,
        /// The instant, in seconds.
        at_s: f64,
        /// Width and height, in pixels.
        size: (f64, f64),
    },
    /// Read the bytes that travel with this as the next of a file whose fingerprint is wanted.
    Hash,
    /// That file is complete.
    HashEnd,
    /// Take a later part of the program, which travels with this.
    TakePart(u8),
    /// Crash: for the test of what happens then.
    Crash,
}

/// Worker to page.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum FromSim {
    /// It listens.
    Ready,
    /// A run goes on.
    Progress {
        /// The run.
        run: u32,
        /// How much is done, from 0 to 1.
        fraction: f64,
        /// Measures so far, once in a while.
        partial: Option<Box<Outcome>>,
    },
    /// A run ended.
    Done {
        /// The run.
        run: u32,
        /// Its measures.
        outcome: Box<Outcome>,
    },
    /// A scenario cannot run.
    Refused {
        /// The run.
        run: u32,
        /// Why.
        problems: Vec<Problem>,
    },
    /// This has stopped, as it was asked to.
    Cancelled(Job),
    /// A window of the stage.
    Window {
        /// The run.
        run: u32,
        /// What happens in it.
        window: StageWindow,
    },
    /// A scenario of the gallery in mid-run.
    Still {
        /// Its id.
        id: String,
        /// The picture as SVG; nothing if it cannot run.
        picture: Option<String>,
    },
    /// A part of a run, as charts show it over time.
    Charts {
        /// The run.
        run: u32,
        /// The charts' data.
        charts: Box<Charts>,
    },
    /// The containers of a host.
    Containers {
        /// The run.
        run: u32,
        /// The number of the host.
        host: u32,
        /// The chart's data.
        charts: Box<Charts>,
    },
    /// What an invocation went through.
    Life {
        /// The run.
        run: u32,
        /// The invocation in figures.
        row: Row,
        /// Its states.
        life: Life,
    },
    /// Why an invocation fared as it did.
    Why {
        /// The run.
        run: u32,
        /// The answers.
        why: Why,
    },
    /// Rows of a table.
    Page {
        /// The run.
        run: u32,
        /// The table.
        query: Query,
        /// The first row.
        from: u32,
        /// How many rows the table has.
        total: u32,
        /// The rows.
        rows: Rows,
    },
    /// A table as comma-separated values, which travel with this.
    Exported {
        /// Which.
        table: Table,
    },
    /// A search has come to its end.
    Found {
        /// The run.
        run: u32,
        /// The search's number.
        search: u32,
        /// What was found, if there is anything.
        found: Option<Found>,
    },
    /// Where an invocation was.
    Journey {
        /// The run.
        run: u32,
        /// Its states, messages and machines.
        journey: Box<Journey>,
    },
    /// A trace is being read.
    Loading {
        /// Its number.
        load: u32,
        /// Bytes read.
        bytes: f64,
        /// Bytes in all.
        total: f64,
        /// Rows so far.
        rows: u64,
    },
    /// A trace was read; a handle of it, packed, travels with this.
    Loaded {
        /// Its number.
        load: u32,
        /// What was kept of it.
        report: Box<Report>,
        /// Whether this browser keeps it for the next visit.
        kept: bool,
        /// Whether it was kept already, and not read from its files.
        recalled: bool,
    },
    /// Bytes of a file were read; its fingerprint, once it was complete.
    Hashed(Option<String>),
    /// This browser does not keep the trace that was asked for.
    Unkept {
        /// The number of that reading.
        load: u32,
    },
    /// The trace is no longer kept; another handle of it travels with this.
    Forgotten,
    /// A trace could not be read.
    Unreadable {
        /// Its number; nothing for a packed trace.
        load: Option<u32>,
        /// Why.
        error: Box<TraceError>,
    },
    /// The worker panicked and is gone.
    Crashed(String),
}

/// A table of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Table {
    /// A row for each invocation.
    Invocations,
    /// A row for each function.
    Functions,
    /// A row for each zone.
    Zones,
    /// A row for each host.
    Hosts,
}

/// Rows of a table in an order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Query {
    /// The table.
    pub(crate) table: Table,
    /// The order.
    pub(crate) sort: Sort,
    /// Which invocations; of the others all are shown.
    pub(crate) filter: RowFilter,
}

/// Rows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum Rows {
    /// Of invocations.
    Invocations(Vec<Row>),
    /// Of what they have in common.
    Groups(Vec<GroupRow>),
}

/// An invocation of a list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Row {
    /// Its number.
    pub(crate) invocation: u32,
    /// The id of its function.
    pub(crate) function: String,
    /// When it was submitted, in nanoseconds.
    pub(crate) submitted_ns: u64,
    /// How long it took, in nanoseconds; nothing if it has not ended.
    pub(crate) response_ns: Option<u64>,
    /// Response time over execution time, of what was completed.
    pub(crate) slowdown: Option<f64>,
    /// How it ended, in one word.
    pub(crate) outcome: String,
    /// Whether it started cold.
    pub(crate) cold: bool,
    /// How many attempts it took.
    pub(crate) attempts: u16,
    /// The id of its host.
    pub(crate) host: String,
}

/// The measures of a run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Outcome {
    /// Figures.
    pub(crate) summary: Summary,
    /// Chart data.
    pub(crate) charts: Charts,
    /// Names of the first functions, for the stage.
    pub(crate) functions: Vec<String>,
    /// Wall time of the simulation, in seconds.
    pub(crate) wall_s: f64,
}

/// A message with what travels with it, ready to post: the array and the buffers to transfer.
pub(crate) fn pack(message: &impl Serialize, with: &[JsValue]) -> (Array, Array) {
    let bytes = postcard::to_allocvec(message).unwrap_or_default();
    let head = Uint8Array::from(bytes.as_slice());
    let transfer = Array::of1(&head.buffer());
    let array = Array::of1(&head);
    for value in with {
        array.push(value);
        if let Some(view) = value.dyn_ref::<Uint8Array>() {
            transfer.push(&view.buffer());
        }
    }
    (array, transfer)
}

/// A message and what travelled with it; nothing if it is not one of ours.
pub(crate) fn unpack<T: DeserializeOwned>(data: &JsValue) -> Option<(T, Vec<JsValue>)> {
    let array: &Array = data.dyn_ref()?;
    let bytes = array.get(0).dyn_into::<Uint8Array>().ok()?.to_vec();
    let message = postcard::from_bytes(&bytes).ok()?;
    Some((message, array.iter().skip(1).collect()))
}
