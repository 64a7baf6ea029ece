//! A world is its poses and velocities: nothing else can make two runs differ.

use hyperdust_kernel::rigid::RigidWorld;

use crate::scenes::*;

// Of the menagerie after two simulated seconds. A deliberate change of physics bumps `VERSION` and this.
const GOLDEN: &str = "5d974cd8036f8a66d019a735d6f19e445917809ddcb48b62ed6d4bb45f4b1da1";

// Another way to the same state: through its numbers alone.
fn rebuilt(world: &RigidWorld, mut fresh: RigidWorld) -> RigidWorld {
    fresh.positions_mut().copy_from_slice(world.positions());
    fresh.orientations_mut().copy_from_slice(world.orientations());
    fresh.linear_velocities_mut().copy_from_slice(world.linear_velocities());
    fresh.angular_velocities_mut().copy_from_slice(world.angular_velocities());
    fresh
}

#[test]
fn a_world_rebuilt_from_its_numbers_goes_on_with_equal_bits() {
    let (rigid, options) = (menagerie(), options());
    let mut world = world(&rigid, &options);
    for step in 0..150 {
        let mut clone = world.clone();
        let mut twin = rebuilt(&world, RigidWorld::new(&rigid, &options));
        world.step(3);
        clone.step(3);
        twin.step(3);
        assert_eq!(bits(&world), bits(&clone), "clone, step {step}");
        assert_eq!(bits(&world), bits(&twin), "rebuilt, step {step}");
    }
}

#[test]
fn what_happened_earlier_is_forgotten() {
    let (rigid, options) = (menagerie(), options());
    let mut first = world(&rigid, &options);
    let mut used = world(&rigid, &options);
    for _ in 0..40 {
        used.step(2);
    }
    used.positions_mut()[3][0] = f32::NAN;
    used.step(2);
    assert_eq!(used.non_finite(), Some(3));
    used.reset_state();
    assert_eq!(used.non_finite(), None);
    for _ in 0..60 {
        first.step(2);
        used.step(2);
    }
    assert_eq!(bits(&first), bits(&used));
    let mut target = world(&stack(), &options);
    target.clone_from(&used);
    target.step(2);
    used.step(2);
    assert_eq!(bits(&target), bits(&used));
}

#[test]
fn the_state_is_canonical() {
    let mut world = world(&menagerie(), &options());
    world.linear_velocities_mut()[1] = [-0.0, -0.0, -0.0];
    world.orientations_mut()[2] = [0.0, 0.0, 0.0, 0.0];
    world.orientations_mut()[3] = [3.0, -0.0, 4.0, 0.0];
    world.normalize();
    assert_eq!(world.orientations()[2], [1.0, 0.0, 0.0, 0.0]);
    assert_eq!(world.orientations()[3], [0.6, 0.0, 0.8, 0.0]);
    for _ in 0..50 {
        assert!(!bits(&world).contains(&(-0.0_f32).to_bits()), "a negative zero");
        for q in world.orientations() {
            let length = q.iter().map(|x| x * x).sum::<f32>();
            assert!((length - 1.0).abs() < 1e-6);
        }
        world.step(1);
    }
}

#[test]
fn frame_skip_is_warm_inside_and_cold_between() {
    // Four physics steps in one environment step may use what they learn; the cost adds up.
    let mut one = world(&stack(), &options());
    let mut four = one.clone();
    let cost: u32 = (0..4).map(|_| one.step(1).contacts).sum();
    let together = four.step(4);
    assert_eq!(together.contacts, cost);
    assert_eq!(together.contacts, 4 * 5 * 4, "four steps, five faces, four points");
    assert_eq!(together.rows, together.contacts * 3 * 4);
}

#[test]
fn golden_digest_of_two_seconds() {
    // Bits, not closeness: fails when anything changes what a rigid scene does, and on a machine that differs.
    let mut world = world(&menagerie(), &options());
    for _ in 0..40 {
        world.step(5);
    }
    assert_eq!(world.non_finite(), None);
    let bytes: Vec<u8> = bits(&world).iter().flat_map(|b| b.to_le_bytes()).collect();
    assert_eq!(blake3::hash(&bytes).to_hex().as_str(), GOLDEN);
}
