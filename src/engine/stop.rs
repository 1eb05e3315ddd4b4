//! Stop strings: the answer ends where the first of them would begin, wherever token borders fall.

/// Watches a growing text for any of several strings.
pub(super) struct StopStrings {
    stops: Vec<String>,
    /// The end of the text so far that may be the beginning of a stop string.
    held: String,
}

impl std::fmt::Debug for StopStrings {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "StopStrings({})", self.stops.len())
    }
}

/// What may be said after some text was taken.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Said {
    /// This much, and the answer goes on.
    Onward(String),
    /// This much, and a stop string follows.
    Stopped(String),
}

impl StopStrings {
    /// Watches for these; empty strings are ignored.
    pub(super) fn new(mut stops: Vec<String>) -> Self {
        stops.retain(|stop| !stop.is_empty());
        Self { stops, held: String::new() }
    }

    /// Takes more text. Of several stop strings the one that is complete first wins.
    pub(super) fn push(&mut self, text: &str) -> Said {
        self.held.push_str(text);
        let hits = self.stops.iter().filter_map(|stop| {
            let start = self.held.find(&**stop)?;
            Some((start + stop.len(), start))
        });
        if let Some((_, start)) = hits.min() {
            let mut said = std::mem::take(&mut self.held);
            said.truncate(start);
            return Said::Stopped(said);
        }
        let keep = self.stops.iter().map(|stop| overlap(&self.held, stop)).max().unwrap_or(0);
        let rest = self.held.split_off(self.held.len() - keep);
        Said::Onward(std::mem::replace(&mut self.held, rest))
    }

    /// Returns what was held back: no more text will come.
    pub(super) fn finish(&mut self) -> String {
        std::mem::take(&mut self.held)
    }
}

/// The length of the longest end of `text` that `stop` begins with.
fn overlap(text: &str, stop: &str) -> usize {
    let ends = stop.char_indices().map(|(at, _)| at).rev();
    ends.filter(|at| *at <= text.len())
        .find(|at| stop.get(..*at).is_some_and(|beginning| text.ends_with(beginning)))
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn run(stops: &[&str], pieces: &[&str]) -> (String, bool) {
        let mut watch = StopStrings::new(stops.iter().map(|stop| (*stop).to_owned()).collect());
        let mut said = String::new();
        for piece in pieces {
            match watch.push(piece) {
                Said::Onward(text) => said += &text,
                Said::Stopped(text) => return (said + &text, true),
            }
        }
        (said + &watch.finish(), false)
    }

    #[test]
    fn a_stop_string_is_found_across_borders_and_never_said() {
        assert_eq!(run(&["\n\n"], &["one\n", "\ntwo"]), ("one".to_owned(), true));
        assert_eq!(run(&["END"], &["an E", "N", " of it"]), ("an EN of it".to_owned(), false));
        assert_eq!(run(&["aab"], &["aa", "ab"]), ("a".to_owned(), true));
        assert_eq!(run(&["é!"], &["caf", "é", "?é"]), ("café?é".to_owned(), false));
        assert_eq!(run(&["", "x"], &["yx"]), ("y".to_owned(), true));
    }

    proptest! {
        #[test]
        fn borders_do_not_matter(text in "[abé]{0,24}", stop in "[abé]{1,4}", cut in 0_usize..24) {
            let cut = text.char_indices().map(|(at, _)| at).nth(cut).unwrap_or(text.len());
            let (one, two) = text.split_at(cut);
            let (said, stopped) = run(&[&stop], &[one, two]);
            let found = text.find(&stop);
            prop_assert_eq!(stopped, found.is_some());
            prop_assert_eq!(said, text.split_at(found.unwrap_or(text.len())).0);
        }
    }
}
