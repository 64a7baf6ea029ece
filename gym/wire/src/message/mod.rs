//! All messages, with the frames after the header borrowed.

mod companion;
mod connection;
mod episodes;
mod policy;
mod receipts;
mod reply;
mod request;
mod session;

pub use companion::{CommitRequest, JobId, JobList, JobSummary, OpeningRequest};
pub use connection::{Hello, Limits, Notice, NoticeKind, Role, SceneList, SceneSummary, Welcome};
pub use episodes::{EpisodeId, EpisodeList, EpisodeQuery, EpisodeSummary};
pub use policy::{Payer, PaymentSoFar, Policy, PolicyName, PolicyOpen, PolicyTerms};
pub use receipts::{PaymentTerms, SigningRequest, SigningTerms};
pub use reply::Reply;
pub use request::Request;
pub use session::{Closed, Open, Opened, Reset, Resume, Resumed, Right, Run, SeedsFrame, Value};
