//! Sets of rows as links name them: `1-5,8`. Old rows that are removed lie side by side, so a line is short.

use std::fmt::Write as _;

/// How many runs of rows one link names, so that no link grows without bound.
const RUNS_MAX: usize = 1_000;

/// Numbers of rows, as runs from one to another, both included, in ascending order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Rows(Vec<(i64, i64)>);

impl Rows {
    /// Of ascending numbers.
    pub(super) fn of(numbers: &[i64]) -> Self {
        let mut runs: Vec<(i64, i64)> = Vec::new();
        for &number in numbers {
            match runs.last_mut() {
                Some((_, to)) if to.checked_add(1) == Some(number) => *to = number,
                _ => runs.push((number, number)),
            }
        }
        Self(runs)
    }

    /// Reads what [`Rows::name`] wrote.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let run = |text: &str| {
            let (from, to) = text.split_once('-').unwrap_or((text, text));
            let (from, to) = (from.parse::<i64>().ok()?, to.parse::<i64>().ok()?);
            (0 < from && from <= to).then_some((from, to))
        };
        text.split(',').map(run).collect::<Option<Vec<_>>>().map(Self)
    }

    /// The same in parts that one link each can name.
    pub(super) fn parts(&self) -> impl Iterator<Item = Self> + '_ {
        self.0.chunks(RUNS_MAX).map(|runs| Self(runs.to_vec()))
    }

    /// How many rows there are.
    pub(super) fn count(&self) -> u64 {
        let length = |(from, to): &(i64, i64)| to.abs_diff(*from).saturating_add(1);
        self.0.iter().map(length).fold(0, u64::saturating_add)
    }

    /// Takes others in.
    pub(super) fn add(&mut self, others: Self) {
        self.0.extend(others.0);
        self.0.sort_unstable();
    }

    /// Whether a row is among them.
    pub(super) fn have(&self, row: i64) -> bool {
        let behind = self.0.partition_point(|(from, _)| *from <= row);
        let run = behind.checked_sub(1).and_then(|at| self.0.get(at));
        run.is_some_and(|(_, to)| row <= *to)
    }

    /// The first row of these that is not among ascending numbers.
    pub(super) fn first_beyond(&self, numbers: &[i64]) -> Option<i64> {
        let is_there = |row: &i64| numbers.binary_search(row).is_ok();
        self.0.iter().find_map(|(from, to)| (*from..=*to).find(|row| !is_there(row)))
    }

    /// What a link says.
    pub(super) fn name(&self) -> String {
        let mut out = String::new();
        for (from, to) in &self.0 {
            let comma = if out.is_empty() { "" } else { "," };
            // Writing to a string does not fail.
            let _written = if from == to {
                write!(out, "{comma}{from}")
            } else {
                write!(out, "{comma}{from}-{to}")
            };
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_named_in_runs_and_found_again() {
        let numbers = [1, 2, 3, 5, 8, 9];
        let rows = Rows::of(&numbers);
        assert_eq!((rows.name().as_str(), rows.count()), ("1-3,5,8-9", 6));
        assert_eq!(Rows::parse("1-3,5,8-9"), Some(rows.clone()));
        for row in 0..12 {
            assert_eq!(rows.have(row), numbers.contains(&row), "{row}");
        }
        assert_eq!(rows.first_beyond(&numbers), None);
        assert_eq!(rows.first_beyond(&[1, 2, 3, 8, 9]), Some(5));
        let mut both = Rows::of(&[20, 21]);
        both.add(rows);
        assert!(both.have(5) && both.have(21) && !both.have(10));
    }

    #[test]
    fn what_is_no_set_of_rows_is_not_read() {
        for text in ["", "x", "3-1", "0", "-4", "1-", "1,,2", "1;2"] {
            assert_eq!(Rows::parse(text), None, "{text}");
        }
    }

    #[test]
    fn many_runs_are_cut_into_parts() {
        let odd: Vec<i64> = (0..2_500).map(|it| 2 * it + 1).collect();
        let rows = Rows::of(&odd);
        let parts: Vec<Rows> = rows.parts().collect();
        assert_eq!(parts.iter().map(Rows::count).collect::<Vec<_>>(), [1_000, 1_000, 500]);
        let mut again = Rows::default();
        for part in parts {
            again.add(part);
        }
        assert_eq!(again, rows);
    }
}
