//! From an OPEN, or from what was written down of one, to a session that can begin.

use std::sync::Arc;

use hyperdust_gym::autoreset_mode;
use hyperdust_scene::ParameterValue;
use hyperdust_wire::{
    ArraySpec, Code, FAULTS, Failure, Hex, Layout, Token,
    message::{Open, Opened, SigningTerms, Value},
};
use serde::{Deserialize, Serialize};

use super::{
    Hub,
    catalogue::Order,
    ledger::Ledger,
    session::Shared,
    signing::{self, Agreed, Provider},
    worlds::Shape,
};

/// Bytes of a lane beside its observations: its world, and what a checkpoint of it takes. More than any published scene needs.
const LANE: u64 = 32 << 10;

/// What a session was opened with: all that is written down of it beside its log.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Opening {
    /// Its number.
    pub session: u64,
    /// What RESUME needs.
    pub token: Token,
    /// Whose it is.
    pub owner: String,
    /// As asked for.
    pub open: Open,
    /// Requests that may be unanswered at a time.
    pub pipeline: u32,
    /// What it steps, once that is known: a session does not go on in another scene.
    pub blueprint: Option<Hex<32>>,
    /// What is signed, if anything is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signing: Option<SigningTerms>,
}

impl Opening {
    /// A new session of this client.
    pub fn new(open: Open, owner: &str, most: u32, provider: Option<&Provider>) -> Result<Self, Failure> {
        let signing = match (&open.signing, provider) {
            (None, _) => None,
            (Some(asked), Some(provider)) => Some(provider.terms(asked, open.num_envs)?),
            (Some(_), None) => {
                let why = "signing: found a request for it; accepted: none, it is off here";
                return Err(Failure::new(Code::Invalid, why));
            }
        };
        let mut token = [0; 16];
        let entropy = |error: getrandom::Error| Failure::new(Code::Internal, error);
        getrandom::fill(&mut token).map_err(entropy)?;
        // Numbers that every language's JSON keeps.
        let session = (getrandom::u64().map_err(entropy)? >> 16).max(1);
        let pipeline = open.pipeline.clamp(1, most);
        Ok(Self { session, token: Token(Hex(token)), owner: owner.into(), open, pipeline, blueprint: None, signing })
    }
}

/// Cooks the scene and takes what the session needs of its client's quota. May take seconds.
pub fn prepare(hub: &Hub, mut opening: Opening, ledger: Option<Ledger>) -> Result<Shared, Failure> {
    let open = &opening.open;
    let value = |value: &Value| match value.clone() {
        Value::Bool(value) => ParameterValue::Bool(value),
        Value::Integer(value) => ParameterValue::Integer(value),
        Value::Float(value) => ParameterValue::Float(value),
        Value::Text(value) => ParameterValue::Text(value),
        Value::List(value) => ParameterValue::List(value),
    };
    let order = Order {
        scene: open.scene.clone(),
        parameters: open.parameters.iter().map(|(name, given)| (name.clone(), value(given))).collect(),
        max_episode_steps: open.max_episode_steps,
    };
    let dish = hub.catalogue.cook(&order).map_err(|error| {
        let unknown = matches!(*error, hyperdust_scene::Error::UnknownScene { .. });
        Failure::new(if unknown { Code::NotFound } else { Code::Invalid }, error)
    })?;
    let blueprint = Hex(dish.id().0);
    if opening.blueprint.is_some_and(|before| before != blueprint) {
        return Err(Failure::new(Code::RolledBack, "the scene is not the one that the session was opened with"));
    }
    opening.blueprint = Some(blueprint);
    let fresh = ledger.is_none();
    if let Some(terms) = opening.signing.as_mut().filter(|_| fresh) {
        admit(hub, terms, &opening.open, &blueprint)?;
    }
    let open = &opening.open;
    let invalid = |error: &dyn std::fmt::Display| Failure::new(Code::Invalid, error);
    let mode = autoreset_mode(&open.autoreset).map_err(|error| invalid(&error))?;
    let (model, lanes) = (&dish.model, open.num_envs);
    let layout = Layout::new(model, lanes, mode).map_err(|error| Failure::from(&error))?;
    let frame = layout.batch.size + layout.finals.as_ref().map_or(0, |finals| finals.size);
    let bytes = lanes as u64 * LANE
        + (frame as u64) * (u64::from(opening.pipeline) + 4)
        + 2 * hub.config.store.checkpoint as u64
        + opening.signing.as_ref().map_or(0, |_| hub.config.signing.log as u64);
    let lease = hub.quota.lease(&opening.owner, lanes, bytes).map_err(|error| Failure::new(Code::Quota, error))?;
    let options = &model.blueprint().options;
    let seconds = f64::from(options.timestep) * f64::from(options.frame_skip);
    let opened = Opened {
        session: opening.session,
        token: opening.token,
        scene: open.scene.clone(),
        blueprint,
        num_envs: lanes,
        autoreset: mode.name().into(),
        max_episode_steps: model.blueprint().task.max_episode_steps,
        pipeline: opening.pipeline,
        rights: Vec::new(),
        actions: ArraySpec::of(model.actions()),
        observations: ArraySpec::of(model.observations()),
        infos: model.info_names().to_vec(),
        bodies: dish.names.bodies.clone(),
        faults: FAULTS.iter().map(ToString::to_string).collect(),
        layout,
        render_fps: (1.0 / seconds).round().max(1.0) as u32,
        signing: opening.signing.clone(),
    };
    let agreed = |terms: SigningTerms| match &hub.provider {
        // One that was opened under another key cannot go on.
        Some(provider) if provider.signs(&terms) => Ok(Agreed { provider: Arc::clone(provider), terms }),
        _ => Err(Failure::new(Code::RolledBack, "the server signs with another key than the session was opened with")),
    };
    let signing = opening.signing.clone().map(agreed).transpose()?;
    let (threads, record, policies) = (hub.config.threads, open.record, hub.policies.clone());
    let shape = Shape { dish: Arc::clone(&dish), lanes, mode, threads, record, signing, policies };
    if let Some(policy) = ledger.iter().flat_map(Ledger::policies).find(|policy| hub.policies.known(policy).is_none()) {
        let why = format!("policy {}, which has driven the session, is not hosted any more", Hex(*policy));
        return Err(Failure::new(Code::RolledBack, why));
    }
    if let (Some(terms), Some(settlement)) =
        (opening.signing.as_ref().filter(|terms| fresh && terms.payment.is_some()), &hub.settlement)
    {
        // Last of all: from here on nobody else is served for it. It lives before it is written down, so that nobody takes it for one that has ended.
        hub.desk.begins(opening.session);
        let write = || signing::serve(&hub.vault, terms, &opening.open.scene, &blueprint, opening.session);
        settlement.begin(terms.session.0, write)?;
    }
    let ledger = ledger.unwrap_or_else(|| Ledger::new(opening.pipeline, lanes));
    let counters = hub.metrics.counters(&open.scene);
    Ok(Shared::new(opening, shape, opened, lease, counters, ledger))
}

/// Looks a session of the chain up that a new session here names.
fn admit(hub: &Hub, terms: &mut SigningTerms, open: &Open, blueprint: &Hex<32>) -> Result<(), Failure> {
    let Some(asked) = open.signing.as_ref().filter(|asked| asked.session.is_some()) else { return Ok(()) };
    let (Some(settlement), Some(provider)) = (&hub.settlement, &hub.provider) else {
        let why = "signing.session: found one; accepted: none, nothing is paid here";
        return Err(Failure::new(Code::Invalid, why));
    };
    asked.verify(&settlement.domain())?;
    terms.payment = Some(settlement.admit(terms, blueprint, &provider.program)?);
    Ok(())
}
