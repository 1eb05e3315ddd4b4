//! Names as label values: those that were known first keep theirs, the others share `other`.
//!
//! Teams and the subjects of budgets come from keys that operators make at any time. Prometheus keeps a
//! series for every name it has ever seen, so their number is bounded; the ledger has all of them.

use std::collections::BTreeSet;
use std::sync::{PoisonError, RwLock};

/// The label of names beyond the bound.
pub const OTHER: &str = "other";

/// A bounded set of names.
#[derive(Debug)]
pub struct Names {
    known: RwLock<BTreeSet<String>>,
    most: usize,
}

impl Names {
    /// Knows these names from the start, and learns others until it knows `most`.
    pub fn new(known: impl IntoIterator<Item = String>, most: usize) -> Self {
        Self { known: RwLock::new(known.into_iter().take(most).collect()), most }
    }

    /// The label of a name: itself, or `other` once too many are known.
    pub fn label<'a>(&self, name: &'a str) -> &'a str {
        if name.is_empty()
            || self.known.read().unwrap_or_else(PoisonError::into_inner).contains(name)
        {
            return name;
        }
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if known.len() < self.most && !known.contains(name) {
            known.insert(name.to_owned());
        }
        if known.contains(name) { name } else { OTHER }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_names_keep_theirs_and_the_rest_share_one() {
        let names = Names::new(["sales".to_owned()], 3);
        for name in ["legal", "", "sales", "legal", "tax"] {
            assert_eq!(names.label(name), name);
        }
        for name in ["hr", "it"] {
            assert_eq!(names.label(name), OTHER);
        }
        assert_eq!(names.label("legal"), "legal");
        assert_eq!(Names::new(["a".to_owned(), "b".to_owned()], 1).label("b"), OTHER);
    }
}
