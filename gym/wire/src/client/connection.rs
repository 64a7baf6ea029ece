//! A connection, and everything that belongs to no session.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use super::{
    ClientError, Options, Session,
    link::{Link, Received},
};
use crate::{
    Endpoint, Header, Kind, Reply, Request, Sort, VERSION,
    message::{
        CommitRequest, EpisodeId, EpisodeList, EpisodeQuery, EpisodeSummary, Hello, JobId, JobList, Notice, Open,
        OpeningRequest, Payer, Policy, PolicyName, PolicyOpen, Resume, SceneList, Welcome,
    },
};

/// Notices that are kept until they are taken; older ones are forgotten.
const NOTICES: usize = 16;

/// A connection to a server.
pub struct Client {
    pub(super) link: Link,
    pub(super) timeout: Duration,
    welcome: Welcome,
    /// Number of the next request that belongs to no session.
    next: u64,
    /// Messages that came while another was waited for: answers of the session.
    inbox: VecDeque<Received>,
    notices: VecDeque<(u64, Notice)>,
}

impl core::fmt::Debug for Client {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Client").field("endpoint", &self.link.endpoint().as_str()).finish_non_exhaustive()
    }
}

impl Client {
    /// Connects and says HELLO.
    pub fn connect(endpoint: &str, options: &Options) -> Result<Self, ClientError> {
        let link = Link::new(endpoint.parse()?, options)?;
        let nobody = Welcome::nobody();
        let (inbox, notices) = (VecDeque::new(), VecDeque::new());
        let mut client = Self { link, timeout: options.timeout, welcome: nobody, next: 1, inbox, notices };
        let hello = Hello { versions: vec![VERSION], client: options.name.clone() };
        client.welcome = client.ask(&Request::Hello(hello), |reply| match reply {
            Reply::Welcome(welcome) => Some(welcome),
            _ => None,
        })?;
        Ok(client)
    }

    /// Where the server is.
    pub fn endpoint(&self) -> &Endpoint {
        self.link.endpoint()
    }

    /// What the server said of itself and of this client.
    pub fn welcome(&self) -> &Welcome {
        &self.welcome
    }

    /// How long a call may take.
    pub fn timeout(&self) -> Duration {
        self.timeout
    }

    /// Changes how long a call may take.
    pub fn set_timeout(&mut self, timeout: Duration) {
        self.timeout = timeout;
    }

    /// The oldest notice that was not taken yet, with its session.
    pub fn notice(&mut self) -> Option<(u64, Notice)> {
        self.notices.pop_front()
    }

    /// Asks for an answer; how long it took.
    pub fn ping(&mut self) -> Result<Duration, ClientError> {
        let start = Instant::now();
        self.done(&Request::Ping)?;
        Ok(start.elapsed())
    }

    /// The published scenes.
    pub fn scenes(&mut self) -> Result<SceneList, ClientError> {
        self.ask(&Request::Scenes, |reply| match reply {
            Reply::Scenes(list) => Some(list),
            _ => None,
        })
    }

    /// Opens a session. After a timeout it may be open all the same; the server forgets it in time.
    pub fn open(mut self, open: Open) -> Result<Session, ClientError> {
        let opened = self.ask(&Request::Open(Box::new(open)), |reply| match reply {
            Reply::Opened(opened) => Some(opened),
            _ => None,
        })?;
        Session::new(self, *opened, 1)
    }

    /// Takes a session over whose requests up to `answered` are answered, as after this program was started again.
    pub fn resume(mut self, resume: Resume) -> Result<Session, ClientError> {
        let resumed = self.ask(&Request::Resume(resume), |reply| match reply {
            Reply::Resumed(resumed) => Some(resumed),
            _ => None,
        })?;
        Session::new(self, resumed.opened, resumed.next)
    }

    /// A page of the recorded episodes.
    pub fn episodes(&mut self, query: EpisodeQuery) -> Result<EpisodeList, ClientError> {
        self.ask(&Request::Episodes(query), |reply| match reply {
            Reply::Episodes(list) => Some(list),
            _ => None,
        })
    }

    /// A recorded episode: what it is, and `hyperdust_gym::Episode`'s bytes.
    pub fn episode(&mut self, id: EpisodeId) -> Result<(EpisodeSummary, Vec<u8>), ClientError> {
        self.ask(&Request::Episode(id), |reply| match reply {
            Reply::Episode(summary, bytes) => Some((summary, bytes.to_vec())),
            _ => None,
        })
    }

    /// The shapes of a policy that the server hosts.
    pub fn policy(&mut self, name: &str) -> Result<Policy, ClientError> {
        self.open_policy(PolicyOpen { name: name.into(), payment: None })
    }

    /// The same, paid for with vouchers: [`super::PaidPolicy`] signs them.
    pub fn paid_policy(&mut self, name: &str, payer: Payer) -> Result<Policy, ClientError> {
        self.open_policy(PolicyOpen { name: name.into(), payment: Some(payer) })
    }

    fn open_policy(&mut self, open: PolicyOpen) -> Result<Policy, ClientError> {
        self.ask(&Request::PolicyOpen(open), |reply| match reply {
            Reply::Policy(policy) => Some(policy),
            _ => None,
        })
    }

    /// Actions of a policy for rows of observations, float32, row-major. `actions` has the bytes of as many rows of actions.
    pub fn act(&mut self, name: &str, observations: &[u8], actions: &mut [u8]) -> Result<(), ClientError> {
        self.asked(name, observations, None, actions)
    }

    /// The same with a `Signed<Voucher>` that pays for it.
    pub fn paid_act(
        &mut self,
        name: &str,
        observations: &[u8],
        voucher: &[u8],
        actions: &mut [u8],
    ) -> Result<(), ClientError> {
        self.asked(name, observations, Some(voucher), actions)
    }

    fn asked(
        &mut self,
        name: &str,
        observations: &[u8],
        voucher: Option<&[u8]>,
        actions: &mut [u8],
    ) -> Result<(), ClientError> {
        self.ask(&Request::PolicyAct(PolicyName { name: name.into() }, observations, voucher), |reply| match reply {
            Reply::Actions(bytes) if bytes.len() == actions.len() => {
                actions.copy_from_slice(bytes);
                Some(())
            }
            _ => None,
        })
    }

    /// The jobs that wait for this companion.
    pub fn jobs(&mut self) -> Result<JobList, ClientError> {
        self.ask(&Request::Jobs, |reply| match reply {
            Reply::Jobs(list) => Some(list),
            _ => None,
        })
    }

    /// A job's inputs.
    pub fn job(&mut self, job: JobId) -> Result<Vec<u8>, ClientError> {
        self.ask(&Request::Job(job), |reply| match reply {
            Reply::Job(bytes) => Some(bytes.to_vec()),
            _ => None,
        })
    }

    /// Commits to a result; the provider's claim.
    pub fn commit(&mut self, commit: CommitRequest) -> Result<Vec<u8>, ClientError> {
        self.ask(&Request::Commit(commit), |reply| match reply {
            Reply::Claim(bytes) => Some(bytes.to_vec()),
            _ => None,
        })
    }

    /// Opens the commitment, with the verdict.
    pub fn opening(&mut self, job: OpeningRequest, opening: &[u8]) -> Result<(), ClientError> {
        self.done(&Request::Opening(job, opening))
    }

    /// Drains and ends the server.
    pub fn shutdown(&mut self) -> Result<(), ClientError> {
        self.done(&Request::Shutdown)
    }

    fn done(&mut self, request: &Request<'_>) -> Result<(), ClientError> {
        self.ask(request, |reply| matches!(reply, Reply::Done).then_some(()))
    }

    /// Sends a request that belongs to no session and takes what it wants of the answer. It is sent again every heartbeat, unless
    /// that would open two sessions.
    fn ask<T>(&mut self, request: &Request<'_>, take: impl FnOnce(Reply<'_>) -> Option<T>) -> Result<T, ClientError> {
        let (kind, frames) = (request.kind(), request.encode()?);
        let header = Header::request(kind, self.next, 0);
        self.next += 1;
        let until = Instant::now() + self.timeout;
        self.link.send(&header, &frames)?;
        let mut again = Instant::now() + self.heartbeat();
        loop {
            let Some(received) = self.link.receive(until.min(again))? else {
                if Instant::now() >= until {
                    return Err(self.late(kind.name()));
                }
                if kind != Kind::Open {
                    self.link.send(&header, &frames)?;
                }
                again = Instant::now() + self.heartbeat();
                continue;
            };
            if received.header.session != 0 || received.header.sort == Sort::Notice {
                if self.note(&received)?.is_none() {
                    self.inbox.push_back(received);
                }
                continue;
            }
            if received.header.request != header.request {
                continue;
            }
            return match Reply::decode(&received.header, &received.slices())? {
                Reply::Failure(failure) => Err(failure.into()),
                reply if received.header.sort == Sort::Reply(kind) => {
                    take(reply).ok_or(ClientError::Unexpected { what: kind.name() })
                }
                _ => Err(ClientError::Unexpected { what: kind.name() }),
            };
        }
    }

    /// Sends a request that belongs to no session without waiting; its number.
    pub(super) fn post(&mut self, request: &Request<'_>) -> Result<u64, ClientError> {
        let number = self.next;
        self.next += 1;
        self.link.send(&Header::request(request.kind(), number, 0), &request.encode()?)?;
        Ok(number)
    }

    /// The next message that may be the session's: notices are noted, and returned too.
    pub(super) fn receive(&mut self, until: Instant) -> Result<Option<(Received, Option<Notice>)>, ClientError> {
        let received = match self.inbox.pop_front() {
            Some(received) => received,
            None => match self.link.receive(until)? {
                Some(received) => received,
                None => return Ok(None),
            },
        };
        let notice = self.note(&received)?;
        Ok(Some((received, notice)))
    }

    fn note(&mut self, received: &Received) -> Result<Option<Notice>, ClientError> {
        if received.header.sort != Sort::Notice {
            return Ok(None);
        }
        let Reply::Notice(notice) = Reply::decode(&received.header, &received.slices())? else { return Ok(None) };
        if self.notices.len() == NOTICES {
            self.notices.pop_front();
        }
        self.notices.push_back((received.header.session, notice.clone()));
        Ok(Some(notice))
    }

    pub(super) fn heartbeat(&self) -> Duration {
        Duration::from_millis(self.welcome.limits.heartbeat_ms.min(60_000))
    }

    pub(super) fn late(&self, what: &'static str) -> ClientError {
        ClientError::Timeout { endpoint: self.link.endpoint().clone(), what, after: self.timeout }
    }
}
