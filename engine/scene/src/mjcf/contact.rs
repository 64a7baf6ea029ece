//! `<contact>`: pairs of geoms that touch by the author's word, and pairs of bodies that never do.

use std::collections::BTreeSet;

use super::geom::{dimension, warn_dimension};
use super::joint::{SOLIMP, SOLREF, soft};
use super::schema::{self, Warnings};
use super::{Names, Reader, find};
use crate::Error;
use crate::robot::spec::{BodySpec, PairSpec};
use crate::robot::xml::Element;

/// MuJoCo's least friction coefficient.
const LEAST_FRICTION: f64 = 1e-5;

/// A pair as its default classes and its element have it so far. MuJoCo 4 gives pairs defaults of their own: nothing
/// is taken from the two geoms.
#[derive(Clone, Debug)]
pub(super) struct PairDraft {
    dimension: u8,
    friction: [f64; 5],
    solref: [f64; 2],
    solimp: [f64; 5],
    margin: f64,
    gap: f64,
}

impl Default for PairDraft {
    fn default() -> Self {
        Self {
            dimension: 3,
            friction: [1.0, 1.0, 0.005, 0.0001, 0.0001],
            solref: SOLREF,
            solimp: SOLIMP,
            margin: 0.0,
            gap: 0.0,
        }
    }
}

impl PairDraft {
    pub(super) fn apply(&mut self, e: &Element, warnings: &mut Warnings) -> Result<(), Error> {
        schema::check(e, schema::PAIR, warnings)?;
        self.dimension = dimension(e)?.unwrap_or(self.dimension);
        e.numbers("friction", &mut self.friction, 1)?;
        soft(e, ["solref", "solimp"], &mut self.solref, &mut self.solimp)?;
        e.number("margin", &mut self.margin)?;
        e.number("gap", &mut self.gap)?;
        Ok(())
    }
}

/// Pairs, and excluded bodies.
type Contacts = (Vec<PairSpec>, Vec<(usize, usize)>);

/// Reads all `<contact>` sections.
pub(super) fn read(root: &Element, names: &Names, bodies: &[BodySpec], reader: &mut Reader) -> Result<Contacts, Error> {
    debug_assert!(names.bodies.len() <= bodies.len());
    let (mut pairs, mut excludes, mut seen) = (Vec::new(), Vec::new(), BTreeSet::new());
    for e in root.children("contact").flat_map(|section| &section.children) {
        match e.name.as_str() {
            "pair" => {
                let mut draft = reader.classes.get(reader.classes.named(e, "class", 0)?).pair.clone();
                draft.apply(e, &mut reader.warnings)?;
                warn_dimension(e, draft.dimension, &mut reader.warnings);
                let geoms = [find(e, "geom1", &names.geoms, "geom")?, find(e, "geom2", &names.geoms, "geom")?];
                if !seen.insert(geoms) || !seen.insert([geoms[1], geoms[0]]) {
                    return Err(e.refuse("geom2", "two different geoms, and each pair once"));
                }
                pairs.push(PairSpec {
                    geoms,
                    dimension: draft.dimension,
                    friction: [draft.friction[0].max(LEAST_FRICTION), draft.friction[1].max(LEAST_FRICTION)],
                    solref: draft.solref,
                    solimp: draft.solimp,
                    margin: draft.margin,
                    gap: draft.gap,
                });
            }
            "exclude" => {
                schema::check(e, schema::EXCLUDE, &mut reader.warnings)?;
                excludes.push((find(e, "body1", &names.bodies, "body")?, find(e, "body2", &names.bodies, "body")?));
            }
            _ => return Err(schema::unknown(e, "contact", &["pair", "exclude"])),
        }
    }
    Ok((pairs, excludes))
}
