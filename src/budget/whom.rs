//! Whose requests a budget counts: everybody's, those of callers with certain names, or the rest's.

use super::ledger::SubjectKeys;

/// Whose requests a budget counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Whom {
    /// Everybody's.
    #[default]
    All,
    /// Those of callers that a selector means.
    Matching(Selector),
    /// Those of callers that none of these selectors means: the default for who has no budget of their own.
    Rest(Vec<Selector>),
}

impl Whom {
    /// Whether a request of this caller counts.
    pub fn concerns(&self, keys: &SubjectKeys<'_>) -> bool {
        match self {
            Self::All => true,
            Self::Matching(selector) => selector.means(keys),
            Self::Rest(others) => !others.iter().any(|other| other.means(keys)),
        }
    }

    /// The key whose own budget it is, if it is one's.
    pub fn one_key(&self) -> Option<&str> {
        match self {
            Self::Matching(Selector { teams, keys, callers }) => match keys.as_slice() {
                [key] if teams.is_empty() && callers.is_empty() => Some(key),
                _ => None,
            },
            Self::All | Self::Rest(_) => None,
        }
    }

    /// What it counts, as words; nothing for everybody's.
    pub fn words(&self) -> String {
        match self {
            Self::All => String::new(),
            Self::Matching(selector) => selector.words(),
            Self::Rest(others) => {
                let others: Vec<String> = others.iter().map(Selector::words).collect();
                format!("not ({})", others.join("; "))
            }
        }
    }
}

/// A choice of callers. What it says nothing about may be anything; what it names must fit one of the
/// patterns.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selector {
    /// Names of teams.
    pub teams: Vec<String>,
    /// Ids of API keys.
    pub keys: Vec<String>,
    /// Ids of callers.
    pub callers: Vec<String>,
}

impl Selector {
    /// What policies call its parts.
    pub const PARTS: [&'static str; 3] = ["caller.team", "caller.key", "caller.id"];

    /// Whether a request of this caller is meant.
    pub fn means(&self, keys: &SubjectKeys<'_>) -> bool {
        let fits = |patterns: &[String], name: &str| {
            patterns.is_empty() || patterns.iter().any(|pattern| matches(pattern, name))
        };
        fits(&self.teams, keys.team)
            && fits(&self.keys, keys.key)
            && fits(&self.callers, keys.caller)
    }

    fn words(&self) -> String {
        let parts = Self::PARTS.into_iter().zip([&self.teams, &self.keys, &self.callers]);
        let parts = parts.filter(|(_, patterns)| !patterns.is_empty());
        let parts = parts.map(|(part, patterns)| format!("{part}={}", patterns.join("|")));
        parts.collect::<Vec<_>>().join(" ")
    }
}

/// Whether a name fits a pattern, in which `*` stands for anything.
fn matches(pattern: &str, name: &str) -> bool {
    let Some((begin, mut rest)) = pattern.split_once('*') else { return pattern == name };
    let Some(mut left) = name.strip_prefix(begin) else { return false };
    while let Some((middle, after)) = rest.split_once('*') {
        let Some((_, behind)) = left.split_once(middle) else { return false };
        (left, rest) = (behind, after);
    }
    left.ends_with(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_anything() {
        for (pattern, name, fits) in [
            ("data-*", "data-", true),
            ("data-*", "data-lab", true),
            ("data-*", "my-data-lab", false),
            ("*-lab", "data-lab", true),
            ("*-lab", "lab", false),
            ("a*b*c", "axxbyyc", true),
            ("a*b*c", "axxc", false),
            ("a*a", "a", false),
            ("*", "", true),
            ("**", "x", true),
            ("data", "data", true),
            ("data", "datas", false), // typos:ignore
            ("", "", true),
        ] {
            assert_eq!(matches(pattern, name), fits, "{pattern} {name}");
        }
    }

    #[test]
    fn every_part_must_fit_and_the_rest_is_who_fits_none() {
        let names = |names: &[&str]| names.iter().map(|it| (*it).to_owned()).collect();
        let data = Selector { teams: names(&["data-*", "ml"]), ..Selector::default() };
        let vip = Selector { keys: names(&["vip-*"]), teams: names(&["*"]), ..Selector::default() };
        let caller = |team, key| SubjectKeys { team, key, caller: key, ..SubjectKeys::default() };
        let rest = Whom::Rest(vec![data.clone(), vip.clone()]);
        for (team, key, of_data, of_vip) in [
            ("data-lab", "bot", true, false),
            ("ml", "vip-1", true, true),
            ("support", "vip-2", false, true),
            ("support", "bot", false, false),
        ] {
            let caller = caller(team, key);
            assert_eq!(
                (data.means(&caller), vip.means(&caller)),
                (of_data, of_vip),
                "{team} {key}"
            );
            assert_eq!(rest.concerns(&caller), !of_data && !of_vip, "{team} {key}");
            assert!(Whom::All.concerns(&caller));
        }
        assert_eq!(rest.words(), "not (caller.team=data-*|ml; caller.team=* caller.key=vip-*)");
    }
}
