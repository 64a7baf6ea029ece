//! Which geoms may touch, and with what parameters: MuJoCo's filters and merge rules.
//!
//! Order is MuJoCo's: by the two bodies' numbers; within two bodies first the author's `<pair>`s, then by the first and
//! the second geom. In each pair the smaller shape type comes first (plane < sphere < capsule < …), then the lower body.
//!
//! MuJoCo 4 detects a contact below `margin + gap` and gives it force below `margin`, and adds up both geoms' margins
//! and gaps. The kernel's pair says the same with other words: its `margin` is where a contact begins to exist, and
//! its `gap` how much of that has no force.

use std::collections::BTreeSet;

use super::spec::{GeomSpec, ModelSpec};
use super::tree::Tree;

/// Below this a solver mix is none (MuJoCo's `mjMINVAL`).
const TINY: f64 = 1e-15;
/// MuJoCo's least friction coefficient.
const LEAST_FRICTION: f64 = 1e-5;

/// A geom as (body, index in its geoms).
pub(crate) type GeomAt = (usize, usize);

/// Two geoms and their merged parameters.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Contact {
    pub first: GeomAt,
    pub second: GeomAt,
    pub dimension: u8,
    pub friction: [f64; 2],
    pub solref: [f64; 2],
    pub solimp: [f64; 5],
    /// Contacts have force below this distance.
    pub margin: f64,
    /// Contacts exist below `margin + gap`.
    pub gap: f64,
}

/// All pairs that may touch, shapes without contact routines included. `None`: more than `limit`.
pub(crate) fn contacts(model: &ModelSpec, tree: &Tree, limit: usize) -> Option<Vec<Contact>> {
    let mut found = Vec::new();
    if !model.options.contacts {
        return Some(found);
    }
    let geom = |at: GeomAt| &model.bodies[at.0].geoms[at.1];
    let excluded: BTreeSet<_> = model.excludes.iter().map(|(a, b)| (*a.min(b), *a.max(b))).collect();
    // Bodies with geoms that touch anything at all, and those geoms.
    let solid: Vec<(usize, Vec<GeomAt>)> = (0..model.bodies.len())
        .map(|b| (b, (0..model.bodies[b].geoms.len()).map(|g| (b, g)).filter(|at| touches(geom(*at))).collect()))
        .filter(|(_, geoms): &(_, Vec<_>)| !geoms.is_empty())
        .collect();

    // The author's pairs ignore every filter, even bodies'.
    let mut authored: Vec<Contact> = model
        .pairs
        .iter()
        .map(|pair| {
            let [a, b] = pair.geoms;
            let (first, second) = by_type(model, if a.0 > b.0 { (b, a) } else { (a, b) });
            let (dimension, friction, solref) = (pair.dimension, pair.friction, pair.solref);
            let (solimp, margin, gap) = (pair.solimp, pair.margin, pair.gap);
            Contact { first, second, dimension, friction, solref, solimp, margin, gap }
        })
        // Within one link nothing can move: MuJoCo drops such rows too.
        .filter(|c| tree.link_of[c.first.0] != tree.link_of[c.second.0])
        .collect();
    authored.sort_by_key(signature);
    let given: BTreeSet<_> = authored.iter().map(|c| (c.first.min(c.second), c.first.max(c.second))).collect();

    let mut next = 0;
    for (position, (low, lower)) in solid.iter().enumerate() {
        for (high, higher) in &solid[position + 1..] {
            let (low, high) = (*low, *high);
            if !may_touch(model, tree, low, high) || excluded.contains(&(low, high)) {
                continue;
            }
            while next < authored.len() && signature(&authored[next]) <= (low, high) {
                found.push(authored[next].clone());
                next += 1;
            }
            let start = found.len();
            for &one in lower {
                for &two in higher {
                    let (g, h) = (geom(one), geom(two));
                    let masked = g.contype & h.conaffinity == 0 && h.contype & g.conaffinity == 0;
                    if masked || given.contains(&(one, two)) {
                        continue;
                    }
                    if found.len() >= limit {
                        return None;
                    }
                    let (first, second) = by_type(model, (one, two));
                    found.push(merge(first, geom(first), second, geom(second)));
                }
            }
            found[start..].sort_by_key(|c| (c.first, c.second));
        }
    }
    found.extend(authored.drain(next..));
    (found.len() <= limit).then_some(found)
}

fn touches(geom: &GeomSpec) -> bool {
    geom.contype != 0 || geom.conaffinity != 0
}

fn signature(c: &Contact) -> (usize, usize) {
    (c.first.0.min(c.second.0), c.first.0.max(c.second.0))
}

fn by_type(model: &ModelSpec, (a, b): (GeomAt, GeomAt)) -> (GeomAt, GeomAt) {
    let rank = |at: GeomAt| model.bodies[at.0].geoms[at.1].shape.rank();
    if rank(a) > rank(b) { (b, a) } else { (a, b) }
}

/// Bodies of one link never touch, nor do two links of which neither moves, nor a link and its parent link unless
/// that is the world.
fn may_touch(model: &ModelSpec, tree: &Tree, low: usize, high: usize) -> bool {
    let (a, b) = (tree.link_of[low], tree.link_of[high]);
    let related = a != 0 && b != 0 && (tree.links[a].parent == b || tree.links[b].parent == a);
    a != b && !(related && model.options.filter_parent)
}

/// The parameters of a contact between two geoms without a `<pair>`.
fn merge(first: GeomAt, g: &GeomSpec, second: GeomAt, h: &GeomSpec) -> Contact {
    let (margin, gap) = (g.margin + h.margin, g.gap + h.gap);
    let (dimension, slide, solref, solimp) = if g.priority == h.priority {
        let mix = match (g.solmix >= TINY, h.solmix >= TINY) {
            (true, true) => g.solmix / (g.solmix + h.solmix),
            (false, false) => 0.5,
            (false, true) => 0.0,
            (true, false) => 1.0,
        };
        // Time constants are mixed; where one is a stiffness (negative), the stiffer wins.
        let solref = if g.solref[0] > 0.0 && h.solref[0] > 0.0 {
            std::array::from_fn(|i| mix * g.solref[i] + (1.0 - mix) * h.solref[i])
        } else {
            std::array::from_fn(|i| g.solref[i].min(h.solref[i]))
        };
        let solimp = std::array::from_fn(|i| mix * g.solimp[i] + (1.0 - mix) * h.solimp[i]);
        (g.dimension.max(h.dimension), g.friction[0].max(h.friction[0]), solref, solimp)
    } else {
        let winner = if g.priority > h.priority { g } else { h };
        (winner.dimension, winner.friction[0], winner.solref, winner.solimp)
    };
    let friction = [slide.max(LEAST_FRICTION); 2];
    Contact { first, second, dimension, friction, solref, solimp, margin, gap }
}
