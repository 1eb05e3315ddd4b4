//! The keys that open the console and the admin API: those of the configuration, and those that operators make
//! while gateways run.

use std::sync::{PoisonError, RwLock};

use jiff::Timestamp;

use crate::caller::{Anonymous, Grant, KeyBook, KeyDigest};
use crate::config::settings::AdminKey;

/// Whose key opens what operators work with.
#[derive(Debug)]
pub(crate) struct OperatorKeys {
    configured: Vec<AdminKey>,
    sign_in: Anonymous,
    made: RwLock<Made>,
}

#[derive(Debug)]
struct Made {
    keys: Vec<(String, Grant)>,
    book: KeyBook,
}

impl OperatorKeys {
    /// Knows the configuration's keys.
    pub(crate) const fn new(configured: Vec<AdminKey>, sign_in: Anonymous) -> Self {
        let made = Made { keys: Vec::new(), book: KeyBook::Empty };
        Self { configured, sign_in, made: RwLock::new(made) }
    }

    /// Whether nobody needs a key: there is none, none was ever made, and nothing says that one is needed.
    pub(crate) fn are_needless(&self) -> bool {
        let book = self.made.read().unwrap_or_else(PoisonError::into_inner).book;
        self.configured.is_empty()
            && book == KeyBook::Empty
            && self.sign_in == Anonymous::WithoutKeys
    }

    /// Who has a key, if it is good now.
    pub(crate) fn owner(&self, key: KeyDigest, now: Timestamp) -> Option<String> {
        if let Some(known) = self.configured.iter().find(|it| it.digest == key) {
            return Some(known.name.clone());
        }
        let made = self.made.read().unwrap_or_else(PoisonError::into_inner);
        let is_good = |grant: &Grant| grant.digest == key && grant.until.is_none_or(|it| now < it);
        made.keys.iter().find(|(_, grant)| is_good(grant)).map(|(name, _)| name.clone())
    }

    /// Takes the keys that were made in the place of those before; `book` says whether any ever was.
    /// Returns the names that the configuration has, too: its keys are the ones that count.
    pub(super) fn replace(&self, keys: Vec<(String, Vec<Grant>)>, book: KeyBook) -> Vec<String> {
        let is_configured = |name: &str| self.configured.iter().any(|it| it.name == name);
        let (twice, ours): (Vec<_>, Vec<_>) =
            keys.into_iter().partition(|(name, _)| is_configured(name));
        let single = |(name, grants): (String, Vec<Grant>)| {
            grants.into_iter().map(move |grant| (name.clone(), grant))
        };
        let keys = ours.into_iter().flat_map(single).collect();
        *self.made.write().unwrap_or_else(PoisonError::into_inner) = Made { keys, book };
        twice.into_iter().map(|(name, _)| name).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::Secret;

    fn digest(text: &str) -> KeyDigest {
        KeyDigest::of(&Secret::new(text.to_owned()))
    }

    #[test]
    fn keys_count_until_their_end_and_the_configurations_first() {
        let now: Timestamp = "2026-03-01T12:00:00Z".parse().unwrap();
        let grant = |text: &str, until| Grant { digest: digest(text), until };
        let keys = OperatorKeys::new(Vec::new(), Anonymous::WithoutKeys);
        assert!(keys.are_needless());
        let made = vec![("bo".to_owned(), vec![grant("new", None), grant("old", Some(now))])];
        assert_eq!(keys.replace(made.clone(), KeyBook::Used), [""; 0]);
        assert_eq!(keys.owner(digest("new"), now).as_deref(), Some("bo"));
        assert_eq!(keys.owner(digest("old"), now), None);
        // The last one is revoked: nobody is let in without a key again.
        keys.replace(Vec::new(), KeyBook::Used);
        assert_eq!((keys.owner(digest("new"), now), keys.are_needless()), (None, false));

        let ada = AdminKey { name: "bo".to_owned(), digest: digest("theirs") };
        let keys = OperatorKeys::new(vec![ada], Anonymous::WithoutKeys);
        assert_eq!(keys.replace(made, KeyBook::Used), ["bo"]);
        assert_eq!(keys.owner(digest("new"), now), None);
        assert_eq!(keys.owner(digest("theirs"), now).as_deref(), Some("bo"));
        assert!(!OperatorKeys::new(Vec::new(), Anonymous::Never).are_needless());
    }
}
