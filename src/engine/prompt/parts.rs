//! A text in parts that each fit, cut where readers pause: at the ends of paragraphs, else of sentences,
//! else between words.

/// Where a text may be cut, the best first.
const CUTS: [Cut; 5] = [Cut::Paragraph, Cut::Line, Cut::Sentence, Cut::Word, Cut::Letter];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cut {
    Paragraph,
    Line,
    Sentence,
    Word,
    Letter,
}

/// Cuts a text into parts of at most `size_max` each, as `size` tells it, in their order. Nothing but
/// blanks is lost. A single letter is never cut, however large.
pub fn cut(text: &str, size: impl Fn(&str) -> usize, size_max: usize) -> Vec<&str> {
    let mut parts = Vec::new();
    pack(text, &CUTS, (&size, size_max), &mut parts);
    parts
}

/// Packs as many units as fit into each part; a unit that does not fit by itself is cut more finely.
fn pack<'t>(
    text: &'t str,
    cuts: &[Cut],
    (size, size_max): (&impl Fn(&str) -> usize, usize),
    parts: &mut Vec<&'t str>,
) {
    let Some((cut, finer)) = cuts.split_first() else {
        keep(text, parts);
        return;
    };
    let (mut from, mut to, mut used) = (0, 0, 0_usize);
    for unit in units(text, *cut) {
        let own = size(unit);
        let end = to + unit.len();
        if used.saturating_add(own) > size_max {
            keep(text.get(from..to).unwrap_or_default(), parts);
            (from, used) = (to, 0);
            if own > size_max {
                pack(unit, finer, (size, size_max), parts);
                (from, to) = (end, end);
                continue;
            }
        }
        (to, used) = (end, used.saturating_add(own));
    }
    keep(text.get(from..to).unwrap_or_default(), parts);
}

fn keep<'t>(part: &'t str, parts: &mut Vec<&'t str>) {
    let part = part.trim();
    if !part.is_empty() {
        parts.push(part);
    }
}

/// The text in units, each with what separates it from the next.
fn units(text: &str, cut: Cut) -> Vec<&str> {
    let mut units = Vec::new();
    let mut from = 0;
    let mut letters = text.char_indices().peekable();
    let mut lines = 0;
    while let Some((_, letter)) = letters.next() {
        let end = letters.peek().map_or(text.len(), |(at, _)| *at);
        let next = letters.peek().map(|(_, next)| *next);
        lines = match letter {
            '\n' => lines + 1,
            other if other.is_whitespace() => lines,
            _ => 0,
        };
        let is_pause = next.is_none_or(|next| !next.is_whitespace());
        let is_cut = match cut {
            Cut::Paragraph => lines > 1 && is_pause,
            Cut::Line => lines > 0 && is_pause,
            Cut::Sentence => is_end(text.get(from..end).unwrap_or_default(), letter, next),
            Cut::Word => letter.is_whitespace() && is_pause,
            Cut::Letter => true,
        };
        if is_cut {
            units.extend(text.get(from..end));
            from = end;
        }
    }
    units.extend(text.get(from..).filter(|rest| !rest.is_empty()));
    units
}

/// Whether a sentence ends with this letter: a full stop with a blank behind it, or a Chinese one.
fn is_end(so_far: &str, letter: char, next: Option<char>) -> bool {
    if matches!(letter, '。' | '！' | '？' | '；') {
        return true;
    }
    let is_pause = next.is_none_or(|next| !next.is_whitespace());
    let before = so_far.trim_end().trim_end_matches(['"', '\'', ')', '”', '’']);
    letter.is_whitespace() && is_pause && before.ends_with(['.', '!', '?'])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Cuts by words.
    fn by_words(text: &str, most: usize) -> Vec<&str> {
        cut(text, |part| part.split_whitespace().count(), most)
    }

    #[test]
    fn parts_end_where_readers_pause() {
        let text = "One two.\n\nThree four. Five six seven?\nEight nine.\n\nTen.";
        assert_eq!(
            by_words(text, 9),
            ["One two.\n\nThree four. Five six seven?\nEight nine.", "Ten."]
        );
        assert_eq!(
            by_words(text, 7),
            ["One two.", "Three four. Five six seven?\nEight nine.", "Ten."]
        );
        assert_eq!(
            by_words(text, 5),
            ["One two.", "Three four. Five six seven?", "Eight nine.", "Ten."]
        );
        assert_eq!(
            by_words(text, 3),
            ["One two.", "Three four.", "Five six seven?", "Eight nine.", "Ten."]
        );
        let tiny =
            ["One", "two.", "Three", "four.", "Five", "six", "seven?", "Eight", "nine.", "Ten."];
        assert_eq!(by_words(text, 1), tiny);
        assert_eq!(
            by_words("v1.5 is out. It's \"new.\" Good", 4),
            ["v1.5 is out.", "It's \"new.\" Good"]
        );
    }

    #[test]
    fn text_without_blanks_is_cut_between_sentences_and_letters() {
        let letters = |text: &'static str, most| cut(text, |part| part.chars().count(), most);
        assert_eq!(letters("今天开会。明天放假！后天？", 8), ["今天开会。", "明天放假！后天？"]);
        assert_eq!(letters("abcdefg", 3), ["abc", "def", "g"]);
        assert_eq!(letters("é🦀é", 1), ["é", "🦀", "é"]);
        assert_eq!(letters("", 3), [""; 0]);
        assert_eq!(letters(" \n\n ", 1), [""; 0]);
    }

    proptest::proptest! {
        #[test]
        fn nothing_but_blanks_is_lost(text in "[a-c.\n !?。é]{0,80}", most in 1_usize..12) {
            let parts = cut(&text, |part| part.chars().count(), most);
            let bare = |text: &str| text.split_whitespace().collect::<String>();
            proptest::prop_assert_eq!(bare(&parts.concat()), bare(&text));
            for part in parts {
                proptest::prop_assert!(part.chars().count() <= most);
            }
        }
    }
}
