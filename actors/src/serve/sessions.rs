//! The supervisor of sessions: opens, resumes and ends them, and answers what belongs to none.
//!
//! It holds the only lasting address of each [`Session`]; when it lets go of that, the session's actor and its thread end. What
//! takes long (cooking a scene, reading the store) runs beside the actors.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

use actix::prelude::*;
use hyperdust_wire::{
    Code, Failure, Hex,
    message::{
        Closed, CommitRequest, EpisodeId, EpisodeQuery, JobId, NoticeKind, Open, OpeningRequest, Reply, Request,
        Resume, Role, SceneList, SceneSummary,
    },
};

use super::{
    Error, Hub,
    catalogue::Order,
    gateway::{Out, Rights, Ticket},
    jobs,
    ledger::Ledger,
    opening::{Opening, prepare},
    policy,
    recorder::{Flush, Follow, Forget},
    session::{Bind, Session, Shared},
};

/// Between looks at who is idle.
const SWEEP: Duration = Duration::from_secs(1);

/// The longest that the log of a session that ended may take to go.
const GONE: Duration = Duration::from_secs(60);

/// A request that belongs to no session.
#[derive(Debug)]
pub enum Ask {
    /// A new session.
    Open(Box<Open>),
    /// A session goes on.
    Resume(Resume),
    /// The scenes.
    Scenes,
    /// Lists recorded episodes.
    Episodes(EpisodeQuery),
    /// A recorded episode.
    Episode(EpisodeId),
    /// The jobs that wait for a companion.
    Jobs,
    /// A job's inputs.
    Job(JobId),
    /// A companion's commitment.
    Commit(CommitRequest),
    /// What it hides.
    Opening(OpeningRequest, Vec<u8>),
    /// A hosted policy's.
    Policy(policy::Ask),
    /// The server ends.
    Shutdown,
}

impl Ask {
    /// None where the server does not do it.
    pub fn of(request: Request<'_>) -> Option<Self> {
        Some(match request {
            Request::Open(open) => Self::Open(open),
            Request::Resume(resume) => Self::Resume(resume),
            Request::Scenes => Self::Scenes,
            Request::Episodes(query) => Self::Episodes(query),
            Request::Episode(id) => Self::Episode(id),
            Request::Jobs => Self::Jobs,
            Request::Job(id) => Self::Job(id),
            Request::Commit(commit) => Self::Commit(commit),
            Request::Opening(job, frame) => Self::Opening(job, frame.to_vec()),
            Request::PolicyOpen(open) => Self::Policy(policy::Ask::Open(open)),
            Request::PolicyAct(name, observations, voucher) => {
                Self::Policy(policy::Ask::Act(name, observations.to_vec(), voucher.map(<[u8]>::to_vec)))
            }
            Request::Shutdown => Self::Shutdown,
            _ => return None,
        })
    }
}

/// A request from the gateway.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct Asked(pub Ticket, pub Ask);

/// A client closes its session.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct Close {
    /// Which.
    pub session: u64,
    /// How it is answered.
    pub ticket: Ticket,
}

/// A session ends.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct End {
    /// Which.
    pub session: u64,
    /// For people.
    pub why: String,
    /// Whether its client is told, because it did not ask for it.
    pub lost: bool,
}

/// All sessions.
#[derive(Debug, Message)]
#[rtype(result = "Vec<Arc<Shared>>")]
pub struct List;

/// Everybody is told, what is under way is finished, what is recorded is flushed.
#[derive(Debug, Message)]
#[rtype(result = "Result<(), Error>")]
pub struct Drain;

struct Held {
    shared: Arc<Shared>,
    address: Addr<Session>,
    /// Its steps when they were last looked at.
    steps: u64,
}

/// The actor.
pub struct Sessions {
    hub: Arc<Hub>,
    open: HashMap<u64, Held>,
    /// Sessions that are being brought back from the store.
    reviving: HashSet<u64>,
    /// Sessions that ended a moment ago: their logs may still be there, and must not bring them back.
    gone: HashMap<u64, Instant>,
}

impl Sessions {
    /// None yet.
    pub fn new(hub: Arc<Hub>) -> Self {
        Self { hub, open: HashMap::new(), reviving: HashSet::new(), gone: HashMap::new() }
    }

    fn begin(&mut self, shared: Arc<Shared>, ctx: &Context<Self>) -> Addr<Session> {
        let (hub, sessions) = (self.hub.clone(), ctx.address().downgrade());
        let session = Session::new(shared.clone(), hub, sessions);
        let address = actix::Supervisor::start(move |_| session);
        self.hub.recorder.do_send(Follow(shared.clone()));
        tracing::info!(
            session = shared.id,
            scene = shared.opening.open.scene,
            lanes = shared.shape.lanes,
            "a session begins"
        );
        self.hub.desk.begins(shared.id);
        self.open.insert(shared.id, Held { shared, address: address.clone(), steps: 0 });
        self.hub.metrics.sessions.set(self.open.len() as i64);
        address
    }

    fn end(&mut self, session: u64, why: &str, lost: bool) {
        let held = self.open.remove(&session);
        // It is about to begin, or is being brought back: whoever wants it to end says so again.
        if held.is_none() && (self.reviving.contains(&session) || self.hub.desk.lives(session)) {
            return;
        }
        tracing::info!(session, why, "a session ends");
        // Of an earlier server's sessions only the log is there, from which nobody is to bring it back any more.
        self.hub.recorder.do_send(Forget(session));
        self.gone.insert(session, Instant::now());
        let Some(held) = held else { return };
        held.shared.lease.give_back();
        self.hub.outbox.put(Out::Forget(session));
        self.hub.desk.ended(session);
        if let Some(client) = held.shared.client().filter(|_| lost) {
            self.hub.outbox.send(&client, held.shared.notice(NoticeKind::SessionLost, why));
        }
        self.hub.metrics.sessions.set(self.open.len() as i64);
    }

    fn sweep(&mut self) {
        self.gone.retain(|_, ended| ended.elapsed() < GONE);
        for Held { shared, steps, .. } in self.open.values_mut() {
            let now = shared.steps.load(Ordering::Relaxed);
            let made = now.saturating_sub(std::mem::replace(steps, now));
            shared.rate.store(made * shared.shape.lanes as u64, Ordering::Relaxed);
        }
        let limits = &self.hub.config;
        let gone = Duration::from_secs(limits.wire.silence.saturating_add(limits.wire.resumable));
        let idle = Duration::from_secs(limits.quota.idle);
        let due = |shared: &Shared| {
            if shared.client().is_none_or(|client| client.silent() > gone) && shared.idle() > gone {
                Some("its client did not come back")
            } else if shared.idle() > idle {
                Some("it was idle for too long")
            } else {
                None
            }
        };
        let due: Vec<_> = self.open.iter().filter_map(|(id, held)| Some((*id, due(&held.shared)?))).collect();
        due.into_iter().for_each(|(id, why)| self.end(id, why, true));
    }

    /// Forgets the logs of sessions that nobody has come back to.
    fn forget_others(&self, ctx: &mut Context<Self>) {
        let vault = self.hub.vault.clone();
        let listed = tokio::task::spawn_blocking(move || vault.journals());
        let told = listed.into_actor(self).map(|listed, sessions, _| match listed {
            Ok(Ok(journals)) => {
                let lives = |id: &u64| sessions.open.contains_key(id) || sessions.reviving.contains(id);
                let others = journals.into_iter().filter(|id| !lives(id));
                others.for_each(|id| sessions.hub.recorder.do_send(Forget(id)));
            }
            Ok(Err(error)) => tracing::error!(%error, "the logs of earlier sessions cannot be listed"),
            Err(_) => tracing::error!("the logs of earlier sessions cannot be listed: a fault of the server"),
        });
        ctx.spawn(told);
    }

    /// Prepares beside the actors, then begins the session and binds it; `ledger`: it is brought back.
    fn prepare(&mut self, opening: Opening, ledger: Option<Ledger>, bind: Bind, ctx: &mut Context<Self>) {
        let hub = self.hub.clone();
        let id = opening.session;
        let prepared = tokio::task::spawn_blocking(move || prepare(&hub, opening, ledger));
        let begun = prepared.into_actor(self).map(move |prepared, sessions, ctx| {
            sessions.reviving.remove(&id);
            let failure = match prepared {
                Ok(Ok(_)) if sessions.hub.draining() => draining(),
                Ok(Ok(shared)) => return sessions.begin(Arc::new(shared), ctx).do_send(bind),
                Ok(Err(failure)) => failure,
                Err(_) => Failure::new(Code::Internal, "preparing the session failed: a fault of the server"),
            };
            sessions.hub.desk.ended(id);
            bind.ticket.refuse(failure);
        });
        ctx.spawn(begun);
    }

    fn open(&mut self, ticket: Ticket, open: Open, ctx: &mut Context<Self>) {
        let client = &ticket.client;
        let rights = Rights::owner(client.role);
        match Opening::new(open, &client.user, self.hub.config.wire.pipeline, self.hub.provider.as_deref()) {
            Ok(opening) => self.prepare(opening, None, Bind { ticket, rights, answered: None }, ctx),
            Err(failure) => ticket.refuse(failure),
        }
    }

    fn resume(&mut self, ticket: Ticket, resume: Resume, ctx: &mut Context<Self>) {
        let answered = Some(resume.needed());
        if let Some(held) = self.open.get(&resume.session) {
            return match rights(&ticket, &resume, &held.shared.opening) {
                Ok(rights) => held.address.do_send(Bind { ticket, rights, answered }),
                Err(failure) => ticket.refuse(failure),
            };
        }
        if self.gone.contains_key(&resume.session) {
            let why = format!("session {} has ended", resume.session);
            return ticket.refuse(Failure::new(Code::UnknownSession, why));
        }
        if !self.reviving.insert(resume.session) {
            return ticket.refuse(Failure::new(Code::Busy, "the session is being brought back already"));
        }
        let (vault, session) = (self.hub.vault.clone(), resume.session);
        let read = tokio::task::spawn_blocking(move || vault.journal(session));
        let revived = read.into_actor(self).map(move |read, sessions, ctx| {
            let failure = match read {
                Ok(Ok(Some((opening, checkpoint, log)))) => match rights(&ticket, &resume, &opening) {
                    Ok(rights) => {
                        let ledger = Ledger::restored(opening.pipeline, checkpoint, log);
                        return sessions.prepare(opening, Some(ledger), Bind { ticket, rights, answered }, ctx);
                    }
                    Err(failure) => failure,
                },
                Ok(Ok(None)) => Failure::new(Code::UnknownSession, format!("there is no session {session}")),
                Ok(Err(error)) => Failure::new(Code::Storage, error),
                Err(_) => Failure::new(Code::Internal, "reading the session's log failed: a fault of the server"),
            };
            sessions.reviving.remove(&session);
            ticket.refuse(failure);
        });
        ctx.spawn(revived);
    }

    /// Reads the store beside the actors and answers.
    fn read(&self, ticket: Ticket, read: impl FnOnce(&Hub, Ticket) + Send + 'static) {
        let hub = self.hub.clone();
        tokio::task::spawn_blocking(move || read(&hub, ticket));
    }
}

impl Actor for Sessions {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.run_interval(SWEEP, |sessions, _| sessions.sweep());
        // Sessions of an earlier server may be resumed for as long as those of this one.
        let resumable = Duration::from_secs(self.hub.config.wire.resumable);
        ctx.run_later(resumable, |sessions, ctx| sessions.forget_others(ctx));
    }
}

impl Handler<Asked> for Sessions {
    type Result = ();

    fn handle(&mut self, Asked(ticket, ask): Asked, ctx: &mut Self::Context) {
        match ask {
            Ask::Open(_) | Ask::Resume(_) if self.hub.draining() => ticket.refuse(draining()),
            // A key's role may have changed since it opened a session.
            Ask::Open(_) | Ask::Resume(_) if ticket.client.role == Role::Companion => {
                ticket.refuse(Failure::new(Code::Forbidden, "companions have no sessions"));
            }
            Ask::Open(open) => self.open(ticket, *open, ctx),
            Ask::Resume(resume) => self.resume(ticket, resume, ctx),
            Ask::Scenes => self.read(ticket, |hub, ticket| ticket.reply(&Reply::Scenes(scenes(hub)))),
            Ask::Episodes(_) | Ask::Episode(_) if ticket.client.role == Role::Companion => {
                ticket.refuse(Failure::new(Code::Forbidden, "companions read no episodes"));
            }
            Ask::Episodes(query) => {
                self.read(ticket, move |hub, ticket| match hub.vault.episodes(&query, owner(&ticket)) {
                    Ok(list) => ticket.reply(&Reply::Episodes(list)),
                    Err(error) => ticket.refuse(Failure::new(Code::Storage, error)),
                });
            }
            Ask::Episode(id) => {
                self.read(ticket, move |hub, ticket| match hub.vault.episode(&id.id, owner(&ticket)) {
                    Ok(Some((summary, bytes))) => ticket.reply(&Reply::Episode(summary, &bytes)),
                    Ok(None) => ticket.refuse(Failure::new(Code::NotFound, format!("there is no episode {}", id.id))),
                    Err(error) => ticket.refuse(Failure::new(Code::Storage, error)),
                });
            }
            Ask::Jobs | Ask::Job(_) | Ask::Commit(_) | Ask::Opening(..) if ticket.client.role == Role::Agent => {
                ticket.refuse(Failure::new(Code::Forbidden, "agents get no jobs to check"));
            }
            Ask::Jobs => self.read(ticket, |hub, ticket| match jobs::list(hub, &ticket.client) {
                Ok(list) => ticket.reply(&Reply::Jobs(list)),
                Err(failure) => ticket.refuse(failure),
            }),
            Ask::Job(id) => self.read(ticket, move |hub, ticket| match jobs::filed(hub, &id.job) {
                Ok(filed) => ticket.reply(&Reply::Job(&filed.job.encode())),
                Err(failure) => ticket.refuse(failure),
            }),
            Ask::Commit(commit) => {
                self.read(ticket, move |hub, ticket| match jobs::commit(hub, &ticket.client, &commit) {
                    Ok(claim) => ticket.reply(&Reply::Claim(&claim)),
                    Err(failure) => ticket.refuse(failure),
                });
            }
            Ask::Opening(job, frame) => {
                self.read(ticket, move |hub, ticket| match jobs::open(hub, &ticket.client, &job.job, &frame) {
                    Ok(()) => ticket.reply(&Reply::Done),
                    Err(failure) => ticket.refuse(failure),
                });
            }
            Ask::Policy(ask) => self.hub.policies.ask(ticket, ask, &self.hub.quota),
            Ask::Shutdown if ticket.client.role != Role::Operator => {
                ticket.refuse(Failure::new(Code::Forbidden, "only operators may end the server"));
            }
            Ask::Shutdown => {
                ticket.reply(&Reply::Done);
                self.hub.shutdown.notify_one();
            }
        }
    }
}

impl Handler<Close> for Sessions {
    type Result = ();

    fn handle(&mut self, Close { session, ticket }: Close, ctx: &mut Self::Context) {
        let Some(shared) = self.open.get(&session).map(|held| held.shared.clone()) else { return };
        let flushed = self.hub.recorder.send(Flush).into_actor(self).map(move |flushed, sessions, _| {
            let next = shared.ledger().next();
            match flushed {
                Ok(Ok(())) => {
                    let (steps, episodes) = (&shared.steps, &shared.saved);
                    let closed =
                        Closed { steps: steps.load(Ordering::Relaxed), episodes: episodes.load(Ordering::Relaxed) };
                    // Who is told may open another one at once.
                    sessions.end(session, "its client closed it", false);
                    ticket.reply(&Reply::Closed(closed));
                }
                Ok(Err(error)) => ticket.refuse(Failure::new(Code::Storage, error).next(next)),
                Err(_) => ticket.refuse(Failure::new(Code::Internal, "the recorder has stopped").next(next)),
            }
        });
        ctx.spawn(flushed);
    }
}

impl Handler<End> for Sessions {
    type Result = ();

    fn handle(&mut self, End { session, why, lost }: End, _: &mut Self::Context) {
        self.end(session, &why, lost);
    }
}

impl Handler<List> for Sessions {
    type Result = MessageResult<List>;

    fn handle(&mut self, _: List, _: &mut Self::Context) -> Self::Result {
        MessageResult(self.open.values().map(|held| held.shared.clone()).collect())
    }
}

impl Handler<Drain> for Sessions {
    type Result = ResponseFuture<Result<(), Error>>;

    fn handle(&mut self, _: Drain, _: &mut Self::Context) -> Self::Result {
        // The gateway refuses new steps from here on. Threads end once they have finished what they were given.
        let held: Vec<_> = self.open.drain().collect();
        let hub = self.hub.clone();
        let shared: Vec<_> = held
            .into_iter()
            .map(|(id, Held { shared, .. })| {
                hub.outbox.put(Out::Forget(id));
                shared
            })
            .collect();
        Box::pin(async move {
            let patience = Duration::from_secs(hub.config.wire.drain);
            let done = async {
                while hub.workers() > 0 {
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
            };
            if tokio::time::timeout(patience, done).await.is_err() {
                tracing::warn!(workers = hub.workers(), "some sessions did not finish what they were doing");
            }
            // Those who asked a policy are answered. Others may go on asking: it is not waited for a moment when nobody does.
            let answered = async {
                while !hub.policies.idle() {
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
            };
            let _ = tokio::time::timeout(Duration::from_secs(1), answered).await;
            let flushed = hub.recorder.send(Flush).await;
            drop(shared);
            flushed.unwrap_or(Err(Error::Stopped("recorder")))
        })
    }
}

fn draining() -> Failure {
    Failure::new(Code::Draining, "the server is about to end and begins nothing new")
}

/// What whoever has this token may do with the session; or why nothing.
fn rights(ticket: &Ticket, resume: &Resume, opening: &Opening) -> Result<Rights, Failure> {
    if resume.token != opening.token {
        return Err(Failure::new(Code::BadToken, "the token is not this session's"));
    }
    let user = ticket.client.user.as_str();
    if user == opening.owner {
        Ok(Rights::owner(ticket.client.role))
    } else if Some(user) == opening.open.agent.as_deref() {
        Ok(Rights::agent())
    } else if ticket.client.role == Role::Operator {
        Ok(Rights::owner(Role::Operator))
    } else {
        Err(Failure::new(Code::Forbidden, "the session is another key's, and was not handed to yours"))
    }
}

/// Whose episodes a client may read; none: everybody's.
fn owner(ticket: &Ticket) -> Option<&str> {
    (ticket.client.role != Role::Operator).then_some(ticket.client.user.as_str())
}

/// Scenes that can be cooked as they are.
fn scenes(hub: &Hub) -> SceneList {
    let summary = |scene: &hyperdust_scene::Scene| {
        let dish = hub.catalogue.cook(&Order::of(scene.name())).ok()?;
        Some(SceneSummary {
            name: scene.name().into(),
            title: scene.metadata().title.clone(),
            blueprint: Hex(dish.id().0),
            tier: match dish.metadata.tier {
                hyperdust_scene::Tier::Provable => "provable".into(),
                _ => "attested".into(),
            },
            max_episode_steps: dish.model.blueprint().task.max_episode_steps,
            parameters: scene.parameters().iter().map(|parameter| parameter.name.clone()).collect(),
        })
    };
    SceneList { scenes: hub.catalogue.scenes().filter_map(summary).collect() }
}
