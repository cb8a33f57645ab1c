//! What an edit moves glides to its new place; what the hand moves is there at once.

use std::rc::Rc;

use faaslab_core::scenario::Scenario;
use faaslab_core::view::{LASTS_MS, Viewport, eased, scenario_between, viewport_between};
use gloo::render::AnimationFrame;
use yew::prelude::*;

use crate::theme::holds;

/// What can be on its way to another of its kind.
trait Glides {
    /// So far on the way.
    fn towards(&self, target: &Self, share: f64) -> Self;
}

/// A scenario, which is another one if it is another allocation.
#[derive(Clone, Debug)]
struct Version(Rc<Scenario>);

impl PartialEq for Version {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

impl Glides for Version {
    fn towards(&self, target: &Version, share: f64) -> Version {
        let there = scenario_between(&self.0, &target.0, share);
        // The same allocation if nothing moves, so that it counts as the same.
        if there == *target.0 { target.clone() } else { Version(Rc::new(there)) }
    }
}

/// A part of the world on a screen of a size.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Sight {
    viewport: Viewport,
    size: (f64, f64),
}

impl Glides for Sight {
    fn towards(&self, target: &Sight, share: f64) -> Sight {
        Sight { viewport: viewport_between(self.viewport, target.viewport, share, target.size), ..*target }
    }
}

/// Whether the person asked for less motion.
pub(super) fn reduced_motion() -> bool {
    holds("(prefers-reduced-motion: reduce)")
}

fn now_ms() -> f64 {
    web_sys::window().and_then(|w| w.performance()).map_or(0.0, |p| p.now())
}

/// The target, or on the way to it from what was shown when the key changed.
#[hook]
fn use_glide<K, T>(key: K, target: T, at_once: bool) -> T
where
    K: PartialEq + 'static,
    T: Glides + Clone + PartialEq + 'static,
{
    let last = use_mut_ref(|| None::<(K, T)>);
    let way = use_mut_ref(|| None::<(T, f64)>);
    let frame = use_mut_ref(|| None::<AnimationFrame>);
    let update = use_force_update();
    if let Some((before, shown)) = &*last.borrow()
        && *before != key
    {
        let moves = !at_once && !reduced_motion() && shown.towards(&target, 0.0) != target;
        *way.borrow_mut() = moves.then(|| (shown.clone(), now_ms()));
    }
    way.borrow_mut().take_if(|(_, began)| now_ms() - *began >= LASTS_MS);
    let shown = match &*way.borrow() {
        Some((from, began)) => from.towards(&target, eased((now_ms() - began) / LASTS_MS)),
        None => target,
    };
    *last.borrow_mut() = Some((key, shown.clone()));
    use_effect(move || {
        let again = way.borrow().is_some().then(|| gloo::render::request_animation_frame(move |_| update.force_update()));
        *frame.borrow_mut() = again;
    });
    shown
}

/// The scenario to draw: what an edit moved is on its way.
#[hook]
pub(super) fn use_places(target: Rc<Scenario>, at_once: bool) -> Rc<Scenario> {
    let target = Version(target);
    use_glide(target.clone(), target, at_once).0
}

/// The part of the world to show: the one that was chosen is glided to, what the hand or the size changes is there at once.
#[hook]
pub(super) fn use_viewport(chosen: Option<Viewport>, target: Viewport, size: (f64, f64), at_once: bool) -> Viewport {
    use_glide(chosen, Sight { viewport: target, size }, at_once).viewport
}
