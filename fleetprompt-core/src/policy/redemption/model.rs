//! The protocol, searched whole: every order in which two requests for two attempts can be read,
//! committed, lost, crashed and repeated, while ownership, attempts, the key and receipts come and
//! go. The steps call the decisions that redemption calls.

use std::collections::{HashSet, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher as _};

use super::{Grounds, MismatchEffect, Presentation, Verdict, weigh};
use crate::domain::{AttemptStatus, EntitlementState};
use crate::error::ErrorCode;

const ATTEMPTS: usize = 2;
const REQUESTS: usize = 2;
/// Mismatches from before the search begins: one more revokes.
const MISMATCHES: u8 = super::MISMATCHES_MAX - 1;

/// The decisions that redemption makes; a test puts a broken one in.
#[derive(Clone, Copy)]
struct Rules {
    weigh: fn(Option<&Presentation>) -> Verdict,
    /// Whether a kept success may still be told.
    withdrawal: fn(&Grounds) -> Option<ErrorCode>,
    /// Whether a token is genuine whoever presents it, as if keys were not derived for systems.
    trusts_any_system: bool,
}

const RULES: Rules = Rules { weigh, withdrawal: Grounds::withdrawal, trusts_any_system: false };

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum State {
    Issued,
    Redeemed,
    Revoked,
}

/// Whose key a request comes under: the one that its system derives from token, subject and
/// tenant, or a fresh one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Key {
    Own,
    Other,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Row {
    state: State,
    mismatches: u8,
    redeemed_under: Option<Key>,
    /// How often the move from issued to redeemed was made: for the invariants only.
    redemptions: u8,
}

/// What a request is: which token, under which key, for whom, and from which system.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Request {
    attempt: usize,
    key: Key,
    addressed: bool,
    right_system: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Answer {
    Manifest,
    Refused(ErrorCode),
}

/// A request that has read and decided, and not committed: what it decided, and whether something
/// that it rests on has changed since. A store sees that by the revisions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Decided {
    request: Request,
    verdict: Verdict,
    stale: bool,
}

impl Decided {
    /// Whether there is anything to commit: a change, an event or an answer to keep.
    fn commits(&self) -> bool {
        match self.verdict {
            Verdict::Invalid => false,
            Verdict::Refused(code) => code.is_kept(),
            Verdict::Mismatch(effect) => effect != MismatchEffect::None,
            Verdict::RedeemedBefore | Verdict::Replay | Verdict::Redeem => true,
        }
    }
}

/// What a right system finds kept under a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Kept {
    Nothing,
    Done,
    Refused(ErrorCode),
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct World {
    rows: [Row; ATTEMPTS],
    /// By attempt and key. Keys of requests for another subject are others by construction.
    kept: [[Kept; 2]; ATTEMPTS],
    /// In the order in which they arrived.
    flight: Vec<Decided>,
    entitlement: EntitlementState,
    in_window: bool,
    kid_stands: bool,
    expired: bool,
}

impl World {
    fn start() -> Self {
        let row = Row {
            state: State::Issued,
            mismatches: MISMATCHES,
            redeemed_under: None,
            redemptions: 0,
        };
        World {
            rows: [row; ATTEMPTS],
            kept: [[Kept::Nothing; 2]; ATTEMPTS],
            flight: Vec::new(),
            entitlement: EntitlementState::Active,
            in_window: true,
            kid_stands: true,
            expired: false,
        }
    }

    fn grounds(&self) -> Grounds {
        Grounds {
            entitlement: self.entitlement,
            in_window: self.in_window,
            release_available: true,
            listing_available: true,
            publisher_suspended: false,
            reference_confirmed: true,
        }
    }

    fn kept(&self, request: Request) -> Kept {
        // A mismatch is never kept, and another system has keys of its own.
        if request.addressed && request.right_system {
            self.kept[request.attempt][request.key as usize]
        } else {
            Kept::Nothing
        }
    }

    /// What a request is answered out of what is kept, if anything.
    fn replay(&self, rules: Rules, request: Request) -> Option<Answer> {
        match self.kept(request) {
            Kept::Nothing => None,
            Kept::Refused(code) => Some(Answer::Refused(code)),
            Kept::Done => {
                let refused = (rules.withdrawal)(&self.grounds());
                Some(refused.map_or(Answer::Manifest, Answer::Refused))
            }
        }
    }

    /// Reads and decides, as redemption does after it found nothing kept.
    fn decide(&self, rules: Rules, request: Request) -> Decided {
        let row = self.rows[request.attempt];
        let presented = Presentation {
            addressed: request.addressed,
            status: match row.state {
                State::Redeemed => AttemptStatus::Redeemed,
                State::Revoked => AttemptStatus::Revoked,
                State::Issued if self.expired => AttemptStatus::Expired,
                State::Issued => AttemptStatus::Issued,
            },
            mismatches: row.mismatches,
            same_request: request.addressed && row.redeemed_under == Some(request.key),
            grounds: self.grounds(),
        };
        let genuine = self.kid_stands && (request.right_system || rules.trusts_any_system);
        let verdict = (rules.weigh)(genuine.then_some(&presented));
        Decided { request, verdict, stale: false }
    }

    /// Everything that was read of an attempt (`None`: of all) and not committed is stale.
    fn touch(&mut self, attempt: Option<usize>) {
        for decided in &mut self.flight {
            if attempt.is_none_or(|attempt| attempt == decided.request.attempt) {
                // What it decided does not matter any more.
                *decided = Decided { verdict: Verdict::Redeem, stale: true, ..*decided };
            }
        }
    }

    /// Commits what was decided; `None` when the key is known by now, or something it rests on has
    /// changed, so that the request is begun again.
    fn commit(&mut self, decided: Decided) -> Option<Answer> {
        let Decided { request, verdict, stale } = decided;
        if self.kept(request) != Kept::Nothing || stale {
            return None;
        }
        let row = &mut self.rows[request.attempt];
        let answer = match verdict {
            Verdict::Redeem => {
                row.state = State::Redeemed;
                row.redemptions += 1;
                row.redeemed_under = Some(request.key);
                self.touch(Some(request.attempt));
                Answer::Manifest
            }
            Verdict::Replay => Answer::Manifest,
            Verdict::Mismatch(effect) => {
                row.mismatches += 1;
                if effect == MismatchEffect::Revokes {
                    row.state = State::Revoked;
                }
                self.touch(Some(request.attempt));
                Answer::Refused(ErrorCode::SubjectMismatch)
            }
            Verdict::RedeemedBefore => Answer::Refused(ErrorCode::TokenRedeemed),
            Verdict::Refused(code) => Answer::Refused(code),
            Verdict::Invalid => Answer::Refused(ErrorCode::InvalidToken),
        };
        let keep = match answer {
            Answer::Manifest => Kept::Done,
            Answer::Refused(code) if code.is_kept() => Kept::Refused(code),
            Answer::Refused(_) => Kept::Nothing,
        };
        if request.addressed && request.right_system {
            self.kept[request.attempt][request.key as usize] = keep;
        }
        Some(answer)
    }

    /// A request begins, or begins again: it is answered out of what is kept, or refused without a
    /// trace, or goes on to its commit.
    fn begin(&mut self, rules: Rules, request: Request) -> Result<(), &'static str> {
        if let Some(answer) = self.replay(rules, request) {
            return self.check_answer(request, answer);
        }
        let decided = self.decide(rules, request);
        if decided.commits() {
            self.flight.push(decided);
        }
        Ok(())
    }

    /// The same request, alone and undisturbed.
    fn undisturbed(&self, rules: Rules, request: Request) -> Answer {
        let mut world = self.clone();
        if let Some(answer) = world.replay(rules, request) {
            return answer;
        }
        let decided = world.decide(rules, request);
        world.commit(decided).unwrap_or(Answer::Refused(ErrorCode::Contended))
    }

    /// What must hold of every answer, at the moment that it is made.
    fn check_answer(&self, request: Request, answer: Answer) -> Result<(), &'static str> {
        if answer != Answer::Manifest {
            return Ok(());
        }
        let row = self.rows[request.attempt];
        if !request.right_system {
            return Err("a manifest went to another system");
        }
        if !request.addressed {
            return Err("a manifest went to another subject or tenant");
        }
        if row.state != State::Redeemed || row.redeemed_under != Some(request.key) {
            return Err("a manifest went to a request that did not redeem");
        }
        if matches!(self.entitlement, EntitlementState::Revoked | EntitlementState::Suspended) {
            return Err("a manifest was answered after the ownership was withdrawn");
        }
        Ok(())
    }

    /// What must hold always.
    fn check(&self, rules: Rules) -> Result<(), &'static str> {
        for (attempt, row) in self.rows.iter().enumerate() {
            if row.redemptions > 1 {
                return Err("an attempt was redeemed twice");
            }
            // Nothing bought is lost because an answer was: whoever redeemed can ask again, while
            // either the receipt or the key is there.
            let Some(key) = row.redeemed_under else { continue };
            let again = Request { attempt, key, addressed: true, right_system: true };
            let reachable = self.kid_stands || self.kept(again) == Kept::Done;
            if self.entitlement == EntitlementState::Active
                && reachable
                && self.undisturbed(rules, again) != Answer::Manifest
            {
                return Err("what was redeemed can't be had again");
            }
        }
        Ok(())
    }

    /// Every world that one step leads to.
    fn steps(&self, rules: Rules) -> Result<Vec<World>, &'static str> {
        let mut next = Vec::new();
        for slot in 0..self.flight.len() {
            let mut world = self.clone();
            let decided = world.flight.remove(slot);
            // A crash, or a caller that is gone: nothing is committed.
            next.push(world.clone());
            // Whether the answer to a commit arrives or is lost, the world is the same; to lose it
            // means that the same request may arrive again, as every request may.
            match world.commit(decided) {
                Some(answer) => world.check_answer(decided.request, answer)?,
                None => world.begin(rules, decided.request)?,
            }
            next.push(world);
        }
        if self.flight.len() < REQUESTS {
            for attempt in 0..ATTEMPTS {
                for (key, addressed, right_system) in [
                    (Key::Own, true, true),
                    (Key::Other, true, true),
                    (Key::Other, false, true),
                    (Key::Other, true, false),
                ] {
                    let mut world = self.clone();
                    world.begin(rules, Request { attempt, key, addressed, right_system })?;
                    next.push(world);
                }
            }
        }
        self.disturb(&mut next);
        Ok(next)
    }

    /// What others do in the meantime.
    fn disturb(&self, next: &mut Vec<World>) {
        let ownership: &[EntitlementState] = match self.entitlement {
            EntitlementState::Active => &[EntitlementState::Suspended, EntitlementState::Revoked],
            EntitlementState::Suspended => &[EntitlementState::Active, EntitlementState::Revoked],
            _ => &[],
        };
        for &entitlement in ownership {
            let mut world = World { entitlement, ..self.clone() };
            world.touch(None);
            next.push(world);
        }
        for attempt in 0..ATTEMPTS {
            if self.rows[attempt].state == State::Issued {
                let mut world = self.clone();
                world.rows[attempt].state = State::Revoked;
                world.touch(Some(attempt));
                next.push(world);
            }
        }
        // Neither the ring, nor time, nor pruning is anything that a commit could expect.
        next.push(World { kid_stands: false, ..self.clone() });
        next.push(World { expired: true, ..self.clone() });
        next.push(World { in_window: false, ..self.clone() });
        next.push(World { kept: [[Kept::Nothing; 2]; ATTEMPTS], ..self.clone() });
    }
}

impl World {
    /// Which attempt is called the first, and which of two requests came first, makes no
    /// difference: of the worlds that differ in no more than that, one is looked at.
    fn canonical(mut self) -> Self {
        let code = |attempt: usize| {
            let flight = self.flight.iter().filter(|it| it.request.attempt == attempt);
            let flight = flight.map(|it| {
                let request = Request { attempt: 0, ..it.request };
                hash(&Decided { request, ..*it })
            });
            hash(&(self.rows[attempt], self.kept[attempt], flight.fold(0, u64::wrapping_add)))
        };
        if code(0) > code(1) {
            self.rows.reverse();
            self.kept.reverse();
            for decided in &mut self.flight {
                decided.request.attempt = ATTEMPTS - 1 - decided.request.attempt;
            }
        }
        self.flight.sort_by_key(hash);
        self
    }
}

fn hash(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

/// Looks at every world that can be reached; how many there are, or what is broken.
fn search(rules: Rules) -> Result<usize, &'static str> {
    let start = World::start();
    let (mut seen, mut queue) = (HashSet::from([start.clone()]), VecDeque::from([start]));
    while let Some(world) = queue.pop_front() {
        world.check(rules)?;
        for next in world.steps(rules)? {
            let next = next.canonical();
            if !seen.contains(&next) {
                seen.insert(next.clone());
                queue.push_back(next);
            }
        }
    }
    Ok(seen.len())
}

#[test]
fn nothing_that_can_happen_breaks_the_protocol() {
    let states = search(RULES).unwrap();
    println!("looked at {states} states");
    assert!(states > 10_000, "the search looks at next to nothing: {states} states");
}

/// A search that finds nothing wrong with anything proves nothing.
#[test]
fn every_broken_decision_is_found_out() {
    let broken: [(&str, Rules); 8] = [
        ("a manifest went to another system", Rules { trusts_any_system: true, ..RULES }),
        (
            "an attempt was redeemed twice",
            Rules {
                weigh: |presented| match weigh(presented) {
                    Verdict::RedeemedBefore => Verdict::Redeem,
                    verdict => verdict,
                },
                ..RULES
            },
        ),
        (
            "a manifest went to another subject or tenant",
            Rules {
                weigh: |presented| {
                    weigh(presented.map(|it| Presentation { addressed: true, ..*it }).as_ref())
                },
                ..RULES
            },
        ),
        (
            "a manifest went to a request that did not redeem",
            Rules {
                weigh: |presented| match weigh(presented) {
                    Verdict::RedeemedBefore => Verdict::Replay,
                    verdict => verdict,
                },
                ..RULES
            },
        ),
        (
            "a manifest was answered after the ownership was withdrawn",
            Rules { withdrawal: |_| None, ..RULES },
        ),
        (
            "a manifest was answered after the ownership was withdrawn",
            Rules {
                withdrawal: |grounds| grounds.withdrawal().filter(|_| grounds.in_window),
                ..RULES
            },
        ),
        ("what was redeemed can't be had again", Rules { withdrawal: Grounds::refusal, ..RULES }),
        (
            "what was redeemed can't be had again",
            Rules {
                weigh: |presented| match weigh(presented) {
                    Verdict::Replay => Verdict::RedeemedBefore,
                    verdict => verdict,
                },
                ..RULES
            },
        ),
    ];
    for (expected, rules) in broken {
        assert_eq!(search(rules), Err(expected));
    }
}
