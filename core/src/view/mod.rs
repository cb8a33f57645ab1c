//! What the stage looks like: (topology, window of a run, instant, viewport) to a display list.
//!
//! [`Layout`] says where everything is in the world, [`Viewport`] which part of the world the screen shows. [`statics`]
//! draws what only edits change, [`Playback`] what time changes, both as a list of few primitives ([`Item`]) whose colours
//! are names ([`Ink`]). The page paints that list on a canvas; [`svg()`] writes it as a picture. All of it is pure: the same
//! arguments give the same list, at any instant and in any order.

mod additions;
mod anatomy;
mod display;
mod facts;
mod film;
mod flights;
mod hosts;
mod images;
mod journey;
mod layout;
mod live;
mod motion;
mod moving;
mod notes;
mod outline;
mod place;
mod placers;
mod routes;
mod spans;
pub mod statics;
mod still;
mod svg;
mod upload;
mod viewport;

pub use additions::{linked, new_link, new_node, new_zone};
pub use display::{Anchor, Dash, Fill, Ink, Item, Point, Stroke, Weight, fit_text, hatch, text_width};
pub use facts::Facts;
pub use film::Film;
pub use layout::{Grid, Hit, Layout, LinkLine, NodeBox, Rect, Shape, ZoneBox};
pub use live::Live;
pub use motion::{LASTS_MS, eased, scenario_between, viewport_between};
pub use moving::{FrameOptions, Playback, Tally};
pub use outline::{Entry, outline};
pub use place::{Guide, Moving, auto_place, relocation, snap};
pub use still::still;
pub use svg::{Theme, svg};
pub use upload::{FlightNumbers, Upload, kind_number};
pub use viewport::Viewport;
