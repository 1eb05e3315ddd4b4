//! Takes our keys out of an upstream's words, whole or as vendors shorten them (`sk-ab***yz`).

/// Shortest key that is looked for: what is shorter may be a word.
const KEY_BYTES_MIN: usize = 8;

/// The words without the key.
pub(super) fn scrubbed(words: &str, key: &str) -> String {
    if key.len() < KEY_BYTES_MIN {
        return words.to_owned();
    }
    let words = words.replace(key, "[key]");
    let start = key.get(..3).unwrap_or(key);
    let is_part =
        |it: char| it.is_ascii_alphanumeric() || matches!(it, '-' | '_' | '*' | '.' | '…');
    let mut out = String::with_capacity(words.len());
    for word in words.split_inclusive(|it: char| !is_part(it)) {
        let end = word.find(|it: char| !is_part(it)).unwrap_or(word.len());
        let (word, rest) = word.split_at_checked(end).unwrap_or((word, ""));
        let is_short = ["**", "...", "…"].iter().any(|dots| word.contains(dots));
        out.push_str(if is_short && word.starts_with(start) { "[key]" } else { word });
        out.push_str(rest);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_do_not_come_back() {
        let key = "sk-proj-abcdef0123456789";
        for (words, expected) in [
            ("no key here", "no key here"),
            ("bad key: sk-proj-abcdef0123456789.", "bad key: [key]."),
            (
                "Incorrect API key provided: sk-proj-**********6789. Go on.",
                "Incorrect API key provided: [key] Go on.",
            ),
            ("key \"sk-p...6789\" is wrong", "key \"[key]\" is wrong"),
            ("wait ... and **see** sk-x", "wait ... and **see** sk-x"),
        ] {
            assert_eq!(scrubbed(words, key), expected);
        }
        assert_eq!(scrubbed("a short key", "key"), "a short key", "not told from a word");
    }
}
