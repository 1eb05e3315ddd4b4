//! The first half of a cascade: the local answer is heard to its end before anybody sees it, judged,
//! and told only if it is good enough.

use std::collections::VecDeque;

use super::super::comparison::Sample;
use super::super::settlement::{Bill, Settlement, Verified};
use super::super::{Look, Wanted};
use super::{Attended, note_waiting};
use crate::chat::Request;
use crate::engine::{EngineError, Event, Finish, Summary};
use crate::inspect::Task;
use crate::policy::{Candidate, Verdict, Verify};

/// Where the events of an answer come from.
pub(super) enum Source {
    /// The engine, as it makes them.
    Live(Attended),
    /// An answer that has been heard.
    Told(VecDeque<Event>),
}

impl Source {
    pub(super) async fn next(&mut self) -> Option<Event> {
        match self {
            Self::Live(generation) => generation.next().await,
            Self::Told(events) => events.pop_front(),
        }
    }
}

/// A whole answer.
pub(in crate::dispatch) struct Heard {
    /// Everything that the engine said, to be told.
    pub(super) events: VecDeque<Event>,
    texts: Vec<String>,
    is_cut_off: bool,
    summary: Summary,
}

impl Heard {
    /// What the engine worked for it.
    pub(super) fn bill(&self) -> Bill {
        Bill::Local(super::used(&self.summary), self.summary.engine_time)
    }
}

/// Listens to the end of an answer.
pub(super) async fn hear(
    generation: &mut Attended,
    settlement: &mut Settlement,
    choices: usize,
) -> Result<Heard, EngineError> {
    let mut events = VecDeque::new();
    let mut texts = vec![String::new(); choices];
    let mut is_cut_off = false;
    loop {
        match generation.next().await {
            Some(Event::Failed(error)) => return Err(error),
            None => return Err(EngineError::Stopped),
            Some(Event::Done(summary)) => {
                events.push_back(Event::Done(summary));
                return Ok(Heard { events, texts, is_cut_off, summary });
            }
            Some(event) => {
                note_waiting(settlement);
                match &event {
                    Event::Text(piece) => {
                        if let Some(text) = texts.get_mut(piece.choice) {
                            text.push_str(&piece.text);
                        }
                    }
                    Event::Ended { finish, .. } => is_cut_off |= *finish == Finish::Length,
                    Event::Done(_) | Event::Failed(_) => {}
                }
                events.push_back(event);
            }
        }
    }
}

/// Judges an answer and counts what became of it.
pub(super) fn judge(
    heard: &Heard,
    verify: &Verify,
    settlement: &mut Settlement,
    (request, task): (&Request, Task),
) -> Verdict {
    let score = heard.summary.certainty.p10;
    let verdict = verify.judge(&Candidate {
        texts: &heard.texts,
        p10: score,
        // Who sets a short limit wants a short answer.
        is_cut_off: heard.is_cut_off && request.output_max.is_none(),
        task,
        asked: &super::render(request, task, &settlement.app().templates),
    });
    settlement.note_verified(Verified { score, verdict });
    let route = &settlement.case().route;
    settlement.app().metrics.verified(route, verdict.name(), f64::from(score));
    verdict
}

/// Draws accepted answers that are compared with what the next target of the decision says.
pub(super) fn draw(heard: &Heard, look: Look<'_>, settlement: &mut Settlement, wanted: Wanted<'_>) {
    // Of several answers there is none to compare.
    let [said] = &*heard.texts else { return };
    if look.verify.draws(&settlement.case().id)
        && let Some(clearance) = look.rest.next()
        && let Some(sample) =
            Sample::of(settlement, said.clone(), (clearance, look.estimates), wanted)
    {
        settlement.compare_later(sample);
    }
}
