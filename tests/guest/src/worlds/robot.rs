//! Random robots: small trees of bodies, written as MJCF and compiled as any robot is.

use std::fmt::Write as _;

use hyperdust_kernel::blueprint::{JointKind, Robot};
use hyperdust_scene::mjcf;
use proptest::{collection::vec, prelude::*};

use super::numbers::{gap, mostly, offsets, one_of, turn};

/// A body on one of those before it.
#[derive(Clone, Debug)]
struct Part {
    /// Index of its parent, modulo what there is; the ground for the first.
    parent: usize,
    /// A free joint, if it is a child of the ground.
    free: bool,
    position: [f32; 3],
    turn: [f32; 4],
    joints: Vec<Joint>,
    geoms: Vec<Geom>,
}

#[derive(Clone, Debug)]
struct Joint {
    slide: bool,
    axis: [f32; 3],
    anchor: [f32; 3],
    range: Option<[f32; 2]>,
    /// Damping, armature, stiffness, margin.
    numbers: [f32; 4],
    drive: Drive,
}

#[derive(Clone, Copy, Debug)]
enum Drive {
    None,
    Motor,
    Position,
    Velocity,
}

#[derive(Clone, Debug)]
struct Geom {
    capsule: bool,
    size: [f32; 2],
    position: [f32; 3],
    density: f32,
    friction: f32,
    margin: f32,
    frictionless: bool,
}

/// A robot over a floor, or over none.
#[derive(Clone, Debug)]
pub struct Tree {
    floor: bool,
    /// Of the lowest geom of the first body to the floor, m.
    gap: f32,
    parts: Vec<Part>,
}

/// Any robot.
pub fn tree() -> BoxedStrategy<Tree> {
    (prop::bool::weighted(0.8), gap(), vec(part(), 1..=4))
        .prop_map(|(floor, gap, parts)| Tree { floor, gap, parts })
        .boxed()
}

fn part() -> BoxedStrategy<Part> {
    let upright = prop_oneof![3 => Just([1.0, 0.0, 0.0, 0.0]), 1 => turn()];
    (any::<usize>(), any::<bool>(), offsets(), upright, vec(joint(), 0..=2), vec(geom(), 1..=2))
        .prop_map(|(parent, free, position, turn, joints, geoms)| Part { parent, free, position, turn, joints, geoms })
        .boxed()
}

fn joint() -> BoxedStrategy<Joint> {
    let axes: &[[f32; 3]] = &[
        [0.0, 0.0, 1.0],
        [0.0, 1.0, 0.0],
        [1.0, 0.0, 0.0],
        [-1.0, 0.0, -0.0],
        [1.0, 1.0, 0.0],
        [1.0, 1.0, 1.0],
        [0.3, -0.5, 0.8],
    ];
    let range = prop_oneof![
        2 => Just(None),
        2 => Just(Some([-0.5, 0.5])),
        // The bound at which it starts.
        2 => one_of(&[[0.0, 1.0], [-1.0, 0.0], [0.1, 0.2]]).prop_map(Some),
    ];
    let numbers =
        [mostly(&[0.1, 0.0, 10.0]), mostly(&[0.01, 1.0, 1e-4]), mostly(&[0.0, 1.0, 1e4]), mostly(&[0.0, 0.01])];
    let drive = one_of(&[Drive::Motor, Drive::None, Drive::Position, Drive::Velocity]);
    (prop::bool::weighted(0.25), one_of(axes), offsets(), range, numbers, drive)
        .prop_map(|(slide, axis, anchor, range, numbers, drive)| Joint { slide, axis, anchor, range, numbers, drive })
        .boxed()
}

fn geom() -> BoxedStrategy<Geom> {
    let size = || one_of(&[0.25, 0.1, 0.5, 0.05, 1e-3, 5.0]);
    let shape = (any::<bool>(), [size(), size()], prop_oneof![2 => Just([0.0; 3]), 1 => offsets()]);
    let contact = (
        mostly(&[1000.0, 1.0, 1e-2, 1e6]),
        mostly(&[1.0, 1e-5, 100.0, 0.5]),
        mostly(&[0.0, 0.01, 0.001]),
        prop::bool::weighted(0.2),
    );
    (shape, contact)
        .prop_map(|((capsule, size, position), (density, friction, margin, frictionless))| Geom {
            capsule,
            size,
            position,
            density,
            friction,
            margin,
            frictionless,
        })
        .boxed()
}

impl Tree {
    /// As a blueprint has it; the error is why it is no robot (a motion without inertia, say).
    pub fn build(&self) -> Result<Robot, hyperdust_scene::Error> {
        let robot = mjcf::load(&self.xml(), "random.xml", &|_| None)?.robot;
        debug_assert!(robot.joints.iter().filter(|joint| joint.kind == JointKind::Free).count() <= self.parts.len());
        Ok(robot)
    }

    /// As a file.
    pub fn xml(&self) -> String {
        let mut text = String::from("<mujoco><compiler angle=\"radian\"/><worldbody>");
        if self.floor {
            text += "<geom type=\"plane\" size=\"5 5 0.1\"/>";
        }
        for index in (0..self.parts.len()).filter(|&index| self.hangs_on_the_ground(index)) {
            self.body(index, true, &mut text);
        }
        text += "</worldbody><actuator>";
        for (index, part) in self.parts.iter().enumerate().filter(|(index, _)| !self.is_free(*index)) {
            for (number, joint) in part.joints.iter().enumerate() {
                let limits = "ctrllimited=\"true\" ctrlrange=\"-1 1\"";
                let name = format!("joint=\"j{index}_{number}\"");
                let _ = match joint.drive {
                    Drive::None => Ok(()),
                    Drive::Motor => write!(text, "<motor {name} gear=\"20\" {limits}/>"),
                    Drive::Position => write!(text, "<position {name} kp=\"30\" {limits}/>"),
                    Drive::Velocity => {
                        write!(text, "<velocity {name} kv=\"3\" forcelimited=\"true\" forcerange=\"-5 5\"/>")
                    }
                };
            }
        }
        text += "</actuator></mujoco>";
        text
    }

    fn hangs_on_the_ground(&self, index: usize) -> bool {
        self.parts[index].parent.is_multiple_of(index + 1)
    }

    /// Bodies that hang on the ground may be free.
    fn is_free(&self, index: usize) -> bool {
        let part = &self.parts[index];
        part.free && self.hangs_on_the_ground(index)
    }

    fn body(&self, index: usize, root: bool, text: &mut String) {
        let part = &self.parts[index];
        let mut position = part.position;
        if root {
            let lowest = part.geoms.iter().map(|geom| {
                let [radius, length] = geom.size;
                radius + if geom.capsule { length } else { 0.0 } - geom.position[2]
            });
            position[2] = lowest.fold(0.0, f32::max) + self.gap + index as f32;
        }
        // Writing to a string cannot fail.
        let _ = write!(text, "<body pos=\"{}\" quat=\"{}\">", list(&position), list(&part.turn));
        if self.is_free(index) {
            text.push_str("<freejoint/>");
        } else {
            for (number, joint) in part.joints.iter().enumerate() {
                let Joint { axis, anchor, numbers: [damping, armature, stiffness, margin], .. } = joint;
                let kind = if joint.slide { "slide" } else { "hinge" };
                let _ = write!(
                    text,
                    "<joint name=\"j{index}_{number}\" type=\"{kind}\" axis=\"{}\" pos=\"{}\" damping=\"{damping}\" \
                     armature=\"{armature}\" stiffness=\"{stiffness}\" margin=\"{margin}\"",
                    list(axis),
                    list(anchor)
                );
                if let Some(range) = joint.range {
                    let _ = write!(text, " limited=\"true\" range=\"{}\"", list(&range));
                }
                text.push_str("/>");
            }
        }
        for geom in &part.geoms {
            let Geom { position, density, friction, margin, .. } = geom;
            let kind = if geom.capsule { "capsule" } else { "sphere" };
            let condim = if geom.frictionless { 1 } else { 3 };
            let size = list(&geom.size[..if geom.capsule { 2 } else { 1 }]);
            let _ = write!(
                text,
                "<geom type=\"{kind}\" size=\"{size}\" pos=\"{}\" density=\"{density}\" friction=\"{friction}\" \
                 margin=\"{margin}\" condim=\"{condim}\"/>",
                list(position)
            );
        }
        for (child, other) in self.parts.iter().enumerate().skip(index + 1) {
            if other.parent % (child + 1) == index + 1 {
                self.body(child, false, text);
            }
        }
        text.push_str("</body>");
    }
}

fn list(numbers: &[f32]) -> String {
    numbers.iter().map(f32::to_string).collect::<Vec<_>>().join(" ")
}
