//! `<keyframe>`: named states.

use super::{Reader, schema, unique};
use crate::Error;
use crate::robot::spec::KeyframeSpec;
use crate::robot::xml::Element;

/// Keyframes of one model.
const MOST: usize = 1000;

/// All keyframes; their lengths are checked when the model is compiled.
pub(super) fn read(root: &Element, reader: &mut Reader) -> Result<Vec<KeyframeSpec>, Error> {
    let mut keys = Vec::new();
    let mut names = std::collections::BTreeMap::new();
    for e in root.children("keyframe").flat_map(|section| &section.children) {
        if e.name != "key" {
            return Err(schema::unknown(e, "keyframe", &["key"]));
        }
        schema::check(e, schema::KEY, &mut reader.warnings)?;
        if keys.len() >= MOST {
            return Err(e.wrong("one more key", format!("at most {MOST}")));
        }
        let list = |attribute| e.list(attribute).map(Option::unwrap_or_default);
        let key = KeyframeSpec {
            name: e.text("name").unwrap_or_default().to_owned(),
            place: e.place(),
            qpos: list("qpos")?,
            qvel: list("qvel")?,
            ctrl: list("ctrl")?,
        };
        unique(&mut names, &key.name, (), &key.place, "key")?;
        keys.push(key);
    }
    Ok(keys)
}
