//! Nothing that is not finite leaves a world: the episode is cut off, with a reason, and waits for a reset.

use hyperdust_kernel::blueprint::*;
use hyperdust_kernel::{Cap, Fault, FaultKind, Outcome, World};

use super::{fixture, future, model, push};

/// Steps into the fault, and sees that nothing moved and that it lasts until the reset.
fn falls_into(world: &mut World, action: &[u8], fault: Fault) {
    let (qpos, qvel, observation, steps) =
        (world.qpos().to_vec(), world.qvel().to_vec(), world.observation().to_vec(), world.steps());
    let bodies = world.bodies();
    let cut = Outcome { reward: 0.0, terminated: false, truncated: true, timed_out: false, fault: Some(fault) };
    assert_eq!(world.step(action), cut);
    let digest = world.digest();
    assert_eq!(world.step(&push(0.3)), cut, "the same fault until a reset");
    assert_eq!(world.steps(), steps + 1, "only the step that faulted counts");
    assert_ne!(world.digest(), digest, "the action is in the record, so in the digest");
    assert_eq!((world.qpos(), world.qvel(), world.observation()), (&qpos[..], &qvel[..], &observation[..]));
    assert_eq!(world.bodies(), bodies);
    assert_eq!(world.fault(), Some(fault));
    assert!(world.set_state(&qpos, &qvel).unwrap_err().to_string().contains("reset"));

    let mut copy = World::new(world.model().clone(), 77);
    copy.restore(&world.snapshot()).unwrap();
    assert_eq!(copy.step(&push(0.1)), cut, "a snapshot keeps it");
    copy.reset(Some(1));
    assert_eq!(copy.fault(), None);
}

fn fault(kind: FaultKind, body: Option<u16>) -> Fault {
    Fault { kind, body }
}

#[test]
fn bad_actions() {
    let model = model(fixture::everything());
    for (action, expected) in [
        (push(f32::NAN).to_vec(), fault(FaultKind::ActionNotFinite, Some(1))),
        (push(f32::INFINITY).to_vec(), fault(FaultKind::ActionNotFinite, Some(1))),
        (vec![], fault(FaultKind::ActionLength, None)),
        (vec![0; 4], fault(FaultKind::ActionLength, None)),
        (vec![0; 10_000], fault(FaultKind::ActionLength, None)),
    ] {
        let mut world = World::new(model.clone(), 1);
        future(&mut world, 3);
        falls_into(&mut world, &action, expected);
    }
}

/// Physics that explodes names the body.
#[test]
fn exploding_physics() {
    let mut blueprint = fixture::cart_pole(Integrator::Euler);
    let robot = blueprint.robot.as_mut().unwrap();
    robot.actuators[0].gain = 1e9;
    robot.actuators[0].gear = 1e9;
    robot.actuators[0].control_range = None;
    let mut world = World::new(model(blueprint), 1);
    falls_into(&mut world, &push(1e30), fault(FaultKind::StateNotFinite, Some(1)));
}

#[test]
fn rewards_infos_ends_and_observations() {
    let ln_of_position =
        fixture::program(&[Op::Load(fixture::slice(Source::Qpos, 0, 1)), Op::Neg, Op::Const(2.0), Op::Sub, Op::Ln]);
    type Spoil<'a> = &'a dyn Fn(&mut Task);
    // Finite at the reset where it is evaluated there, not afterwards: log of a negative number once steps > 0.
    let late = fixture::program(&[
        Op::Load(fixture::slice(Source::Steps, 0, 1)),
        Op::Const(0.0),
        Op::Const(1.0),
        Op::Select,
        Op::Ln,
    ]);
    let cases: [(FaultKind, Spoil<'_>); 4] = [
        (FaultKind::RewardNotFinite, &|t| t.rewards[0].value = ln_of_position.clone()),
        (FaultKind::TerminationNotFinite, &|t| t.terminations[0].value = ln_of_position.clone()),
        (FaultKind::InfoNotFinite, &|t| t.infos[0].value = late.clone()),
        (FaultKind::ObservationNotFinite, &|t| {
            t.observations[1].terms[0].value = Value::Program(late.clone());
        }),
    ];
    for (kind, spoil) in cases {
        let mut blueprint = fixture::everything();
        spoil(&mut blueprint.task);
        let mut world = World::new(model(blueprint), 1);
        assert_eq!(world.fault(), None, "{kind:?}");
        falls_into(&mut world, &push(0.1), fault(kind, None));
    }
}

/// A weight can overflow a finite value, and a sum finite summands.
#[test]
fn overflowing_rewards() {
    let mut blueprint = fixture::cart_pole(Integrator::Euler);
    for reward in &mut blueprint.task.rewards {
        reward.value = fixture::program(&[Op::Const(3e38)]);
        reward.weight = 1.0;
    }
    falls_into(&mut World::new(model(blueprint), 1), &push(0.0), fault(FaultKind::RewardNotFinite, None));
}

/// A world whose first observation is not finite is born with the fault, and every float of it is finite.
#[test]
fn a_reset_can_fault() {
    let mut blueprint = fixture::everything();
    blueprint.task.infos[0].value = fixture::program(&[Op::Const(0.0), Op::Ln]);
    let mut world = World::new(model(blueprint), 1);
    assert_eq!(world.fault(), Some(fault(FaultKind::InfoNotFinite, None)));
    assert!(world.record().truncated);
    assert!(world.step(&push(0.0)).truncated);
    assert!(world.observation().iter().all(|&b| b == 0));
    let copy = world.snapshot();
    world.restore(&copy).unwrap();
}

#[test]
fn budgets_cut_off() {
    for (budget, cap) in [
        (Budget { contacts: 1, ..Budget::default() }, Cap::Contacts),
        (Budget { rows: 3, ..Budget::default() }, Cap::Rows),
    ] {
        let mut blueprint = fixture::everything();
        blueprint.task.budget = budget;
        let mut world = World::new(model(blueprint), 1);
        let mut steps = 0;
        let fault = loop {
            steps += 1;
            assert!(steps < 49, "the balls touch the ground long before");
            let before = world.clone();
            if let Some(fault) = world.step(&push(0.0)).fault {
                world = before;
                break fault;
            }
        };
        assert_eq!(fault, Fault { kind: FaultKind::BudgetExceeded(cap), body: None });
        falls_into(&mut world, &push(0.0), fault);
    }
}

#[test]
fn faults_are_sentences() {
    let text = fault(FaultKind::StateNotFinite, Some(3)).to_string();
    assert_eq!(text, "the physics state is not finite (body 3)");
}
