//! Measures: what happened to each invocation, and what that says in figures and charts.

mod charting;
pub mod charts;
pub mod csv;
mod groups;
mod hosts;
mod jobs;
mod order;
mod quantiles;
mod recorder;
mod series;
mod summary;

pub use charts::{Charts, Containers, HostLoad, Lasting, Percentiles, PlacerLoad};
pub use groups::{GroupBy, GroupRow, groups};
pub use hosts::{HostLine, HostSeries};
pub use jobs::JobSummary;
pub use order::{Column, RowFilter, Sort, order_of_groups, order_of_invocations};
pub use quantiles::Quantiles;
pub use recorder::{InvocationRow, Recorder};
pub use summary::{FunctionRow, HostRow, Summary, TransferRow};
