//! Pixels: which shapes a tile of the picture may see, what each ray meets, and its light.

use alloc::vec::Vec;

use super::light::{self, SUN, Tones};
use super::solid::{Hit, Kind, Placed};
use super::{Eye, Smoothing, Vec3, into_frame, unit};
use crate::math::scalar::{max, min, sqrt};
use crate::math::spatial::vec3;

/// Side of a tile, pixels.
const TILE: usize = 16;
/// Transparent surfaces seen one behind the other.
const LAYERS: usize = 4;
/// Nothing is seen beyond, m.
const FAR: f32 = 1e6;

/// One picture; `rgb` has the right length.
pub fn draw(
    all: &[Placed],
    eye: &Eye,
    smoothing: Smoothing,
    tones: &Tones,
    width: usize,
    height: usize,
    rgb: &mut [u8],
) {
    let shade = Shade::new(all);
    let mut tile: Vec<&Placed> = Vec::with_capacity(all.len());
    let (half_width, half_height) = (0.5 * width as f32, 0.5 * height as f32);
    for top in (0..height).step_by(TILE) {
        for left in (0..width).step_by(TILE) {
            let (right, bottom) = ((left + TILE).min(width), (top + TILE).min(height));
            let (x0, x1) = (left as f32 - half_width, right as f32 - half_width);
            let (y0, y1) = (top as f32 - half_height, bottom as f32 - half_height);
            let cone = Cone::around(eye, [x0, x1], [y0, y1]);
            tile.clear();
            tile.extend(all.iter().filter(|p| cone.touches(p)));
            for y in top..bottom {
                for x in left..right {
                    let (px, py) = (x as f32 - half_width, y as f32 - half_height);
                    let light = match smoothing {
                        Smoothing::None => seen(eye.towards(px + 0.5, py + 0.5), &tile, &shade, eye),
                        Smoothing::Four => [(0.25, 0.25), (0.75, 0.25), (0.25, 0.75), (0.75, 0.75)]
                            .into_iter()
                            .fold(vec3(0.0, 0.0, 0.0), |sum, (dx, dy)| {
                                sum + seen(eye.towards(px + dx, py + dy), &tile, &shade, eye).scale(0.25)
                            }),
                    };
                    let pixel = &mut rgb[(y * width + x) * 3..][..3];
                    pixel.copy_from_slice(&[tones.byte(light.x), tones.byte(light.y), tones.byte(light.z)]);
                }
            }
        }
    }
}

/// All rays of a tile lie in it.
struct Cone {
    axis: Vec3,
    sin: f32,
    cos: f32,
}

impl Cone {
    fn around(eye: &Eye, x: [f32; 2], y: [f32; 2]) -> Self {
        let axis = eye.towards(0.5 * (x[0] + x[1]), 0.5 * (y[0] + y[1]));
        let mut cos = 1.0;
        for (x, y) in [(x[0], y[0]), (x[1], y[0]), (x[0], y[1]), (x[1], y[1])] {
            cos = min(cos, axis.dot(eye.towards(x, y)));
        }
        let cos = max(cos - 1e-5, 0.0);
        Self { axis, sin: sqrt(max(1.0 - cos * cos, 0.0)), cos }
    }

    fn touches(&self, placed: &Placed) -> bool {
        let along = placed.center.dot(self.axis);
        let squared = placed.center.dot(placed.center);
        let beside = sqrt(max(squared - along * along, 0.0));
        // A plane's radius is infinite.
        beside * self.cos - along * self.sin <= placed.radius + 1e-3 * sqrt(squared)
    }
}

// Where two surfaces coincide (limbs that share a joint's ball), the earlier shape wins: rounding
// would speckle them.
fn first<'a>(solids: &[&'a Placed<'a>], o: Vec3, d: Vec3, near: f32) -> Option<(Hit, &'a Placed<'a>)> {
    let mut found = None;
    let mut far = FAR;
    for placed in solids {
        if let Some(hit) = placed.hit(o, d, near, far) {
            far = hit.distance * (1.0 - 3e-5);
            found = Some((hit, *placed));
        }
    }
    found
}

/// What may stand between a point and the sun, as the sun sees it: flat, so that most of it is told
/// apart by two coordinates. Half-transparent shapes let the sun through; below planes nothing is seen.
struct Shade<'a>(Vec<([f32; 3], &'a Placed<'a>)>);

// With SUN, right-handed axes of the sun's view.
const ACROSS: Vec3 = Vec3 { x: 0.8, y: 0.6, z: 0.0 };
const UPWARD: Vec3 = Vec3 { x: -0.48, y: 0.64, z: 0.6 };

impl<'a> Shade<'a> {
    fn new(all: &'a [Placed<'a>]) -> Self {
        let casts = |p: &&Placed| p.paint.opacity >= 0.5 && !matches!(p.kind, Kind::Plane);
        let disc = |p: &'a Placed<'a>| {
            let reach = p.radius * 1.001 + 1e-5 * sqrt(p.center.dot(p.center));
            ([p.center.dot(ACROSS), p.center.dot(UPWARD), reach * reach], p)
        };
        Self(all.iter().filter(casts).map(disc).collect())
    }

    fn covers(&self, point: Vec3) -> bool {
        let (across, upward) = (point.dot(ACROSS), point.dot(UPWARD));
        self.0.iter().any(|([x, y, reach], placed)| {
            let (dx, dy) = (x - across, y - upward);
            dx * dx + dy * dy <= *reach && placed.hit(point, SUN, 0.0, FAR).is_some()
        })
    }
}

fn seen(d: Vec3, tile: &[&Placed], shade: &Shade, eye: &Eye) -> Vec3 {
    let mut light = vec3(0.0, 0.0, 0.0);
    let mut left = 1.0;
    let mut near = 1e-3;
    for _ in 0..LAYERS {
        let Some((hit, placed)) = first(tile, vec3(0.0, 0.0, 0.0), d, near) else {
            break;
        };
        let opacity = placed.paint.opacity;
        light += surface(d, hit, placed, shade, eye).scale(left * opacity);
        left *= 1.0 - opacity;
        if left < 0.01 {
            return light;
        }
        near = hit.distance + 1e-4 * (1.0 + hit.distance);
    }
    light + light::sky(d).scale(left)
}

fn surface(d: Vec3, hit: Hit, placed: &Placed, shade: &Shade, eye: &Eye) -> Vec3 {
    let point = d.scale(hit.distance);
    let normal = unit(placed.rotation.rotate(hit.normal));
    let plane = matches!(placed.kind, Kind::Plane);
    let mut color = placed.paint.color;
    if placed.paint.checker {
        let local = into_frame(&placed.rotation, point - placed.position);
        let share = if plane {
            // A pixel's footprint grows with distance and as the view flattens.
            let width = hit.distance * eye.pixel / max(-normal.dot(d), 0.02);
            light::squares(local.x, local.y, width)
        } else if (local.x > 0.0) ^ (local.y > 0.0) ^ (local.z > 0.0) {
            1.0
        } else {
            0.0
        };
        color = light::toned(color, share);
    }
    let lifted = point + normal.scale(1e-4 * (2.0 + hit.distance));
    let sun = normal.dot(SUN) > 0.0 && !shade.covers(lifted);
    light::through_haze(light::reflected(color, normal, d, sun, !plane), hit.distance, eye.haze)
}
