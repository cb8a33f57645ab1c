//! A discrete-event model of serverless scheduling.
//!
//! Data goes one way: a [`scenario`] says what exists and how it is scheduled; a [`workload`] is drawn from it; a
//! [`sim::Simulation`] turns both into events; [`measure`] makes figures and charts of what a probe saw.
//!
//! ```
//! use std::sync::Arc;
//! use faaslab_core::measure::{Recorder, Summary};
//! use faaslab_core::scenario::Scenario;
//! use faaslab_core::sim::{Library, Simulation};
//! use faaslab_core::workload::Workload;
//!
//! let scenario = Scenario::from_json(r#"{
//!     "version": 1,
//!     "zones": [{"id": "home"}],
//!     "nodes": [
//!         {"id": "users", "zone": "home", "roles": ["client", "cloud_controller"]},
//!         {"id": "worker", "zone": "home", "roles": ["worker"], "cores": 2}
//!     ],
//!     "functions": [{"id": "hello", "execution": {"kind": "exponential", "mean_ms": 50}}],
//!     "workload": {"arrivals": {"kind": "poisson", "rate_per_s": 10}},
//!     "frame": {"architecture": {"kind": "centralized"}},
//!     "run": {"seed": 7, "duration_s": 60}
//! }"#)?;
//! let workload = Arc::new(Workload::new(&scenario, None)?);
//! let mut recorder = Recorder::new(Arc::clone(&workload), 0.0);
//! let mut simulation = Simulation::new(&scenario, workload, &Library::default()).map_err(|p| p[0].to_string())?;
//! simulation.run(&mut recorder);
//! let summary = Summary::new(&simulation, &recorder);
//! assert_eq!(summary.completed, summary.submitted);
//! assert_eq!(summary.sojourn_ns, summary.in_system_ns); // Little's law, to the nanosecond
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![deny(missing_docs)]
#![forbid(unsafe_code)]

pub mod dist;
pub mod edit;
pub mod engine;
pub mod frame;
pub mod measure;
pub mod platform;
pub mod policy;
pub mod registry;
pub mod rng;
pub mod scenario;
pub mod share;
pub mod sim;
pub mod trace;
pub mod units;
pub mod view;
pub mod workload;
