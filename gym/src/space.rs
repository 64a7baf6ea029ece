//! Spaces: a layout as Gymnasium describes it.

use hyperdust_kernel::layout::{Dtype, Layout, Segment};

/// What Gymnasium's `observation_space` or `action_space` must say of a layout.
#[derive(Clone, Debug, PartialEq)]
pub enum Space {
    /// An array; bounds per element, in row-major order.
    Box {
        /// Element type.
        dtype: Dtype,
        /// Row-major; empty: a scalar.
        shape: Vec<usize>,
        /// Lower bounds (−∞: none).
        low: Vec<f32>,
        /// Upper bounds (∞: none).
        high: Vec<f32>,
    },
    /// A number from 0 to `choices - 1`, held in an `i32`.
    Discrete {
        /// Number of choices, at least 1.
        choices: u32,
    },
    /// Named spaces, in the layout's order.
    Dict(Vec<(String, Space)>),
}

impl Space {
    /// A single segment is a plain space, several are a `Dict`.
    pub fn new(layout: &Layout) -> Self {
        match layout.segments.as_slice() {
            [segment] => Self::of(segment),
            segments => Self::Dict(segments.iter().map(|s| (s.name.clone(), Self::of(s))).collect()),
        }
    }

    /// The space of one segment.
    pub fn of(segment: &Segment) -> Self {
        if segment.choices > 0 {
            return Self::Discrete { choices: segment.choices };
        }
        Self::Box {
            dtype: segment.dtype,
            shape: segment.shape.clone(),
            low: segment.low.clone(),
            high: segment.high.clone(),
        }
    }

    /// Whether an arena of this layout holds only members of the space: its length is the layout's, each
    /// number is within its bounds and none is a NaN.
    pub fn contains(layout: &Layout, arena: &[u8]) -> bool {
        arena.len() == layout.size
            && layout.segments.iter().all(|s| Self::of(s).holds(&arena[s.offset..s.offset + s.bytes()]))
    }

    /// Whether the contiguous bytes of one element of this space belong to it. A `Dict`'s are its
    /// members', one after the other without padding.
    pub fn holds(&self, bytes: &[u8]) -> bool {
        match self {
            Self::Box { dtype, low, high, .. } => {
                bytes.len() == low.len() * dtype.size()
                    && numbers(*dtype, bytes)
                        .zip(low.iter().zip(high))
                        .all(|(x, (low, high))| f64::from(*low) <= x && x <= f64::from(*high))
            }
            Self::Discrete { choices } => {
                bytes.len() == 4 && numbers(Dtype::I32, bytes).all(|x| (0.0..f64::from(*choices)).contains(&x))
            }
            Self::Dict(spaces) => {
                let mut rest = bytes;
                for (_, space) in spaces {
                    let Some((head, tail)) = rest.split_at_checked(space.bytes()) else { return false };
                    if !space.holds(head) {
                        return false;
                    }
                    rest = tail;
                }
                rest.is_empty()
            }
        }
    }

    /// Bytes of one element, without padding.
    pub fn bytes(&self) -> usize {
        match self {
            Self::Box { dtype, low, .. } => low.len() * dtype.size(),
            Self::Discrete { .. } => 4,
            Self::Dict(spaces) => spaces.iter().map(|(_, space)| space.bytes()).sum(),
        }
    }
}

fn numbers(dtype: Dtype, bytes: &[u8]) -> Box<dyn Iterator<Item = f64> + '_> {
    match dtype {
        Dtype::F32 => Box::new(bytes.as_chunks().0.iter().map(|c| f64::from(f32::from_le_bytes(*c)))),
        Dtype::F64 => Box::new(bytes.as_chunks().0.iter().map(|c| f64::from_le_bytes(*c))),
        Dtype::I32 => Box::new(bytes.as_chunks().0.iter().map(|c| f64::from(i32::from_le_bytes(*c)))),
        Dtype::U8 | Dtype::Bool => Box::new(bytes.iter().map(|b| f64::from(*b))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout() -> Layout {
        let mut layout = Layout::default();
        layout.push(Segment {
            name: "joints".into(),
            dtype: Dtype::F32,
            shape: vec![3],
            unit: "rad".into(),
            offset: 0,
            low: vec![-1.0, f32::NEG_INFINITY, f32::NEG_INFINITY],
            high: vec![1.0, f32::INFINITY, f32::INFINITY],
            choices: 0,
        });
        layout.push(Segment {
            name: "gear".into(),
            dtype: Dtype::I32,
            shape: vec![],
            unit: String::new(),
            offset: 0,
            low: vec![],
            high: vec![],
            choices: 3,
        });
        layout
    }

    fn arena(joints: [f32; 3], gear: i32) -> Vec<u8> {
        let mut bytes: Vec<u8> = joints.iter().flat_map(|x| x.to_le_bytes()).collect();
        bytes.resize(16, 0);
        bytes.extend(gear.to_le_bytes());
        bytes.resize(24, 0);
        bytes
    }

    /// Bounds are inclusive, missing bounds are infinite, a NaN is nowhere inside, choices end before `n`.
    #[test]
    fn membership() {
        let layout = layout();
        assert!(Space::contains(&layout, &arena([1.0, 1e30, -1e30], 2)));
        assert!(!Space::contains(&layout, &arena([1.1, 0.0, 0.0], 0)));
        assert!(!Space::contains(&layout, &arena([0.0, f32::NAN, 0.0], 0)));
        assert!(!Space::contains(&layout, &arena([0.0; 3], 3)));
        assert!(!Space::contains(&layout, &arena([0.0; 3], -1)));
        assert!(!Space::contains(&layout, &arena([0.0; 3], 0)[..23]));
    }

    /// Several segments are a `Dict` in order, and one alone is plain.
    #[test]
    fn shape_of_spaces() {
        let mut layout = layout();
        let Space::Dict(spaces) = Space::new(&layout) else { panic!("two segments make a Dict") };
        assert_eq!(spaces.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["joints", "gear"]);
        assert_eq!(spaces[1].1, Space::Discrete { choices: 3 });
        layout.segments.truncate(1);
        let Space::Box { low, high, .. } = Space::new(&layout) else { panic!("one segment is plain") };
        assert_eq!((low[0], low[1], high[1]), (-1.0, f32::NEG_INFINITY, f32::INFINITY));
    }
}
