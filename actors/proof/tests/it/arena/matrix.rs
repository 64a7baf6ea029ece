//! Every adversary against an honest party, by name, and a few pairs of adversaries: who must be blamed, and why.

use hyperdust_proof::{
    Game, Party,
    game::{Challenge, Clock, Outcome, Part, Reason},
};

use super::{
    CLOCK,
    job::{Job, View},
    players::*,
    terms,
};

/// Node and step of the lie in most of these games: a policy's node, in the middle of its run.
pub const LIE: (u32, u64) = (2, 9);

/// A game, and how it has to end.
pub struct Case {
    pub name: &'static str,
    /// The claim that is disputed, and how.
    pub claim: View,
    pub challenge: Challenge,
    pub provider: Box<dyn Player>,
    pub challenger: Box<dyn Player>,
    pub blamed: Party,
    /// Whether the reason is the right one.
    pub because: fn(&Reason) -> bool,
}

impl Case {
    /// The game, played.
    pub fn play(&mut self, job: &Job) -> Game {
        let mut game = Game::new(terms(&self.claim, self.challenge, 16)).unwrap();
        super::play(&mut game, job, &mut *self.provider, &mut *self.challenger);
        game
    }

    /// Whether the game ended as it has to.
    pub fn expects(&self, outcome: Option<&Outcome>) -> bool {
        outcome.is_some_and(|outcome| outcome.blamed == self.blamed && (self.because)(&outcome.reason))
    }
}

fn refuted(reason: &Reason) -> bool {
    *reason == Reason::StepRefuted { node: LIE.0, step: LIE.1 - 1 }
}

fn proven(reason: &Reason) -> bool {
    matches!(reason, Reason::StepProven { .. })
}

fn timeout(reason: &Reason) -> bool {
    matches!(reason, Reason::Timeout { .. })
}

/// All of them.
pub fn cases(job: &Job) -> Vec<Case> {
    let (truth, lie) = (&job.truth, &job.lie(LIE.0, LIE.1));
    let honest = |party| Box::new(solving(party, truth)) as Box<dyn Player>;
    let (provider, challenger) = (Party::Provider, Party::Challenger);
    let mut cases = Vec::new();

    // A false claim, an honest challenger.
    let mut liar = |name, claim: &View, player: Box<dyn Player>, because: fn(&Reason) -> bool| {
        let (claim, challenge) = (claim.clone(), Challenge::Outputs);
        cases.push(Case {
            name,
            claim,
            challenge,
            provider: player,
            challenger: honest(challenger),
            blamed: provider,
            because,
        });
    };
    let paced = |party, view: &View, pace| Box::new(Solving { pace, ..solving(party, view) });
    let stopping = |party, view: &View, moves| Box::new(Solving { moves, ..solving(party, view) });
    liar("liar", lie, Box::new(solving(provider, lie)), refuted);
    let unused = &job.inconsistent_lie(LIE.0, LIE.1);
    liar("liar whose output is not used", unused, Box::new(solving(provider, unused)), refuted);
    liar("liar at the last second", lie, paced(provider, lie, Pace::LastSecond), refuted);
    liar("liar too late", lie, paced(provider, lie, Pace::TooLate), timeout);
    liar("liar who concedes", lie, Box::new(Conceding), |reason| *reason == Reason::Conceded);
    liar("silent liar", lie, Box::new(Silent), timeout);
    for (moves, name) in [(1, "silent after the graph"), (2, "silent after the opening"), (3, "silent after the trace")]
    {
        // The honest challenger does not wait for a proof of the last step.
        liar(name, lie, stopping(provider, lie, moves), if moves == 3 { refuted } else { timeout });
    }
    liar("unbalanced: a root too few", lie, unbalanced(lie, false), timeout);
    liar("unbalanced: a root too many", lie, unbalanced(lie, true), timeout);
    liar("noise", lie, noise(lie), timeout);
    liar("freeloading provider", lie, freeloader(lie), timeout);
    liar("poisoned opening", lie, poisoned_opening(lie, &job.poisoned(LIE.0)), |reason| {
        refuted(reason) || timeout(reason)
    });
    for (name, change) in LENGTHS {
        let because = |reason: &Reason| timeout(reason) || matches!(reason, Reason::StepRefuted { node: 2, .. });
        liar(name, lie, other_length(lie, change), because);
    }

    // A true claim, an honest provider.
    let mut troll = |name, player: Box<dyn Player>, because: fn(&Reason) -> bool| {
        let (claim, challenge) = (truth.clone(), Challenge::Outputs);
        cases.push(Case {
            name,
            claim,
            challenge,
            provider: honest(provider),
            challenger: player,
            blamed: challenger,
            because,
        });
    };
    troll("liar as a challenger", Box::new(solving(challenger, lie)), proven);
    troll("liar as a challenger, at the last second", paced(challenger, lie, Pace::LastSecond), proven);
    troll("liar as a challenger, too late", paced(challenger, lie, Pace::TooLate), timeout);
    troll("always attack", chooser(truth, Choice::First), proven);
    troll("always defend", chooser(truth, Choice::Last), proven);
    troll("a piece that does not exist", chooser(truth, Choice::Outside), timeout);
    troll("silent challenger", Box::new(Silent), timeout);
    troll("challenger silent after a choice", stopping(challenger, lie, 1), timeout);
    troll("freeloading challenger", Box::new(Copying), proven);
    troll("cheating challenger", Box::new(Cheating(lie.clone())), proven);

    // Inputs.
    let mut questioned = |name, claim: &View, challenge, party: Party, because: fn(&Reason) -> bool| {
        let claim = claim.clone();
        let player = Box::new(solving(provider, &claim));
        cases.push(Case {
            name,
            claim,
            challenge,
            provider: player,
            challenger: honest(challenger),
            blamed: party,
            because,
        });
    };
    let signed = |reason: &Reason| *reason == Reason::InputSigned { node: 1 };
    let (one, input) = (Challenge::Inputs { node: 1 }, |reason: &Reason| {
        matches!(reason, Reason::Input { node: 1, part: Part::Input(_) })
    });
    questioned("poisoned prestate", &job.poisoned(1), one, provider, input);
    questioned("poisoned prestate, searched for", &job.poisoned(1), Challenge::Plan, provider, input);
    questioned("another program, searched for", &job.reprogrammed(4), Challenge::Plan, provider, |reason| {
        *reason == Reason::Input { node: 4, part: Part::Program }
    });
    questioned("unsigned inputs", &job.unsigned(), one, provider, input);
    questioned("a question about signed inputs", truth, one, challenger, signed);
    questioned("a search through the agreed plan", truth, Challenge::Plan, challenger, |reason| {
        *reason == Reason::InputSigned { node: 0 }
    });
    let (claim, challenge) = (truth.clone(), Challenge::Inputs { node: 3 });
    let (silent, asks) = (Box::new(Silent), honest(challenger));
    cases.push(Case {
        name: "a question unanswered",
        claim,
        challenge,
        provider: silent,
        challenger: asks,
        blamed: provider,
        because: timeout,
    });

    let (claim, challenge) = (job.poisoned(1), Challenge::Plan);
    cases.push(Case {
        name: "noise for a plan",
        provider: noise(&claim),
        claim,
        challenge,
        challenger: honest(challenger),
        blamed: provider,
        because: timeout,
    });

    // Two adversaries: a Sybil loses to its own false claim, which upholds nothing, and only shows what the rules do.
    let claim = lie.clone();
    let (own, sybil) = (Box::new(solving(provider, lie)), chooser(lie, Choice::First));
    cases.push(Case {
        name: "a Sybil who loses on purpose",
        claim,
        challenge: Challenge::Outputs,
        provider: own,
        challenger: sybil,
        blamed: challenger,
        because: proven,
    });
    cases
}

/// Clocks for which honest latency is in time: as in these games, and the shortest.
pub const CLOCKS: [Clock; 2] = [CLOCK, Clock { budget: LATENCY, extension: LATENCY }];
