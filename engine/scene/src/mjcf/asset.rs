//! `<asset>`: what geoms look like.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::classes::Classes;
use super::schema::{self, Warnings};
use super::settings::Settings;
use super::{Files, document, unique};
use crate::Error;
use crate::robot::mesh::{Library, MeshSpec, PlacedMesh};
use crate::robot::vector::{Vec3, unit_quat};
use crate::robot::xml::Element;

/// A material as its default classes and its element have it so far.
#[derive(Clone, Debug)]
pub(super) struct MaterialDraft {
    rgba: [f64; 4],
}

impl Default for MaterialDraft {
    fn default() -> Self {
        Self { rgba: [1.0; 4] }
    }
}

impl MaterialDraft {
    pub(super) fn apply(&mut self, e: &Element, warnings: &mut Warnings) -> Result<(), Error> {
        schema::check(e, schema::MATERIAL, warnings)?;
        e.numbers("rgba", &mut self.rgba, 4)?;
        Ok(())
    }
}

/// A mesh as its default classes and its element have it so far.
#[derive(Clone, Debug)]
pub(super) struct MeshDraft {
    scale: Vec3,
}

impl Default for MeshDraft {
    fn default() -> Self {
        Self { scale: [1.0; 3] }
    }
}

impl MeshDraft {
    pub(super) fn apply(&mut self, e: &Element, warnings: &mut Warnings) -> Result<(), Error> {
        schema::check(e, schema::MESH, warnings)?;
        e.numbers("scale", &mut self.scale, 3)?;
        Ok(())
    }
}

/// A material.
#[derive(Clone, Copy, Debug)]
pub(super) struct Material {
    pub rgba: [f64; 4],
    pub checker: bool,
}

/// The assets of one model.
#[derive(Debug, Default)]
pub(super) struct Assets {
    pub materials: BTreeMap<String, Material>,
    pub meshes: BTreeMap<String, PlacedMesh>,
}

impl Assets {
    pub(super) fn read(
        root: &Element,
        settings: &Settings,
        classes: &Classes,
        files: &Files,
        warnings: &mut Warnings,
    ) -> Result<Self, Error> {
        let mut assets = Self::default();
        let (mut checkers, mut library) = (BTreeMap::new(), Library::new(files));
        let sections: Vec<_> = root.children("asset").collect();
        for e in sections.iter().flat_map(|s| s.children("texture")) {
            if let Some(name) = e.text("name") {
                checkers.insert(name, e.text("builtin") == Some("checker"));
            }
        }
        for e in sections.iter().flat_map(|s| &s.children) {
            let class = classes.get(classes.named(e, "class", 0)?);
            match e.name.as_str() {
                "texture" => {}
                "material" => {
                    let mut draft = class.material.clone();
                    draft.apply(e, warnings)?;
                    let checker = e.text("texture").is_some_and(|t| checkers.get(t).copied().unwrap_or(false));
                    let name = e.text("name").unwrap_or_default();
                    unique(
                        &mut assets.materials,
                        name,
                        Material { rgba: draft.rgba, checker },
                        &e.place(),
                        "material",
                    )?;
                }
                "mesh" => {
                    let mut draft = class.mesh.clone();
                    draft.apply(e, warnings)?;
                    let (name, mesh) = read_mesh(e, &draft, settings, &mut library, warnings)?;
                    unique(&mut assets.meshes, &name, mesh, &e.place(), "mesh")?;
                }
                "hfield" | "skin" | "model" => warnings.element(e, "not simulated and not drawn"),
                _ => {
                    return Err(schema::unknown(
                        e,
                        "asset",
                        &["texture", "material", "mesh", "hfield", "skin", "model"],
                    ));
                }
            }
        }
        Ok(assets)
    }
}

/// A mesh, and the name it has or gets from its file.
fn read_mesh(
    e: &Element,
    draft: &MeshDraft,
    settings: &Settings,
    library: &mut Library,
    warnings: &mut Warnings,
) -> Result<(String, PlacedMesh), Error> {
    let file = e.text("file");
    let stem = file.map(|f| f.rsplit('/').next().unwrap_or(f)).map(|f| f.rsplit_once('.').map_or(f, |(stem, _)| stem));
    let name = e.text("name").or(stem).ok_or_else(|| e.refuse("name", "a name, or a file that gives one"))?;
    let mut mesh = Arc::new(MeshSpec::default());
    if let Some(numbers) = e.list("vertex")? {
        if numbers.len() % 3 != 0 || numbers.len() < 12 {
            return Err(e.refuse("vertex", "at least four points of three numbers"));
        }
        let vertices = numbers.chunks_exact(3).map(|p| [p[0], p[1], p[2]]).collect();
        mesh = Arc::new(MeshSpec { vertices, triangles: Vec::new() });
    } else if let Some(file) = file {
        let path = document::relative(&settings.mesh(file));
        let path = path.ok_or_else(|| e.refuse("file", "a path inside the scene's folder, with forward slashes"))?;
        match library.get(&path) {
            Ok(read) => mesh = read,
            Err(reason) => {
                warnings.add(e.place(), &format!("mesh {name}"), format!("mesh {name}: {path} is not drawn: {reason}"))
            }
        }
    }
    let mut placed = PlacedMesh { scale: draft.scale, ..PlacedMesh::new(mesh) };
    e.numbers("refpos", &mut placed.position, 3)?;
    if let Some(q) = e.exactly::<4>("refquat")? {
        placed.rotation = unit_quat(q).ok_or_else(|| e.refuse("refquat", "four numbers, not all zero"))?;
    }
    Ok((name.to_owned(), placed))
}
