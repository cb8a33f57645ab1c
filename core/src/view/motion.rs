//! How the stage gets from one arrangement to the next: what an edit moves glides there.

use super::viewport::Viewport;
use crate::scenario::Scenario;

/// How long that takes, in milliseconds.
pub const LASTS_MS: f64 = 160.0;

/// How much of the way is done after a share of the time: quick at first, then slower.
pub fn eased(time: f64) -> f64 {
    let left = 1.0 - time.clamp(0.0, 1.0);
    1.0 - left * left * left
}

/// The scenario `to` with everything that is also in `from` so far on its way from there.
pub fn scenario_between(from: &Scenario, to: &Scenario, share: f64) -> Scenario {
    let mut there = to.clone();
    let mix = |a: f64, b: f64| a + (b - a) * share;
    for node in &mut there.nodes {
        if let Some(before) = from.node(&node.id) {
            (node.x, node.y) = (mix(before.x, node.x), mix(before.y, node.y));
        }
    }
    for zone in &mut there.zones {
        let before = from.zones.iter().find(|z| z.id == zone.id);
        if let Some((Some(x0), Some(y0))) = before.map(|z| (z.x, z.y))
            && let (Some(x), Some(y)) = (zone.x, zone.y)
        {
            (zone.x, zone.y) = (Some(mix(x0, x)), Some(mix(y0, y)));
        }
    }
    there
}

/// The viewport so far on its way between two. What is in the middle of `width` by `height` pixels moves evenly.
pub fn viewport_between(from: Viewport, to: Viewport, share: f64, (width, height): (f64, f64)) -> Viewport {
    let scale = from.scale * libm::pow(to.scale / from.scale, share);
    let middle = |v: Viewport| v.to_world((width / 2.0, height / 2.0));
    let ((ax, ay), (bx, by)) = (middle(from), middle(to));
    Viewport::centred((ax + (bx - ax) * share, ay + (by - ay) * share), scale, width, height)
}

#[cfg(test)]
mod tests {
    use super::super::layout::tests::{node, scenario};
    use super::*;
    use crate::scenario::Role;

    #[test]
    fn it_is_quick_at_first_and_arrives() {
        assert_eq!([eased(0.0), eased(0.5), eased(1.0), eased(3.0)], [0.0, 0.875, 1.0, 1.0]);
    }

    #[test]
    fn what_was_there_glides_and_what_is_new_stands() {
        let at = |id: &str, x: f64| node(id, "z", Role::Worker, x, 10.0);
        let from = scenario(&["z"], vec![at("a", 0.0), at("gone", 5.0)], vec![]);
        let mut to = scenario(&["z", "y"], vec![at("new", 7.0), at("a", 100.0)], vec![]);
        (to.zones[1].x, to.zones[1].y) = (Some(3.0), Some(4.0));
        let half = scenario_between(&from, &to, 0.5);
        assert_eq!(half.nodes.iter().map(|n| n.x).collect::<Vec<_>>(), [7.0, 50.0]);
        assert_eq!(half.zones, to.zones);
        assert_eq!(scenario_between(&from, &to, 1.0), to);
    }

    #[test]
    fn the_viewport_arrives_at_both_ends() {
        let (a, b) = (Viewport { x: 10.0, y: 20.0, scale: 1.0 }, Viewport { x: 300.0, y: -20.0, scale: 4.0 });
        let near = |v: Viewport, w: Viewport| (v.x - w.x).abs() + (v.y - w.y).abs() + (v.scale - w.scale).abs() < 1e-9;
        let at = |share| viewport_between(a, b, share, (800.0, 400.0));
        assert!(near(at(0.0), a) && near(at(1.0), b));
        assert!((at(0.5).scale - 2.0).abs() < 1e-9);
    }
}
