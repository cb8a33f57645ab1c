//! Measures: what happened to each invocation, and what that says in figures and charts.

mod charting;
pub mod charts;
mod hosts;
mod jobs;
mod quantiles;
mod recorder;
mod series;
mod summary;

pub use charts::{Charts, Containers, HostLoad, Lasting, Percentiles, PlacerLoad};
pub use hosts::{HostLine, HostSeries};
pub use jobs::JobSummary;
pub use quantiles::Quantiles;
pub use recorder::{InvocationRow, Recorder};
pub use summary::{FunctionRow, HostRow, Summary, TransferRow};
