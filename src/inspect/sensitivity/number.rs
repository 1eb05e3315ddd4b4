//! Two ready-made kinds of detectors, for values that a shape and a check digit describe, and for
//! values that only the word beside them tells from other numbers.

use super::text::Hit;
use super::{Anchor, Ask, Detector, Found, Label, Pack, Wake, Where, check, shape};

/// How much a value says by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Grade {
    /// It cannot be one.
    Wrong,
    /// It has the shape.
    Fits,
    /// It has the shape and a check digit that one in ten numbers would have, too.
    Checked,
    /// Nothing else looks like this.
    Proven,
}

/// What is believed without a naming word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Alone {
    /// Nothing.
    Never,
    /// What is proven.
    Proven,
    /// What fits, if it is written with its usual separators.
    Grouped,
    /// What fits, if it is written with two hyphens and nothing else.
    Hyphens,
}

/// A value that is told by its shape and check digits.
pub(super) struct Pattern {
    pub(super) labels: &'static [Label; 1],
    pub(super) pack: Pack,
    pub(super) names: &'static [&'static str],
    pub(super) shapes: &'static [&'static str],
    pub(super) grade: fn(&[u8]) -> Grade,
    pub(super) alone: Alone,
}

impl Detector for Pattern {
    fn labels(&self) -> &'static [Label] {
        self.labels
    }

    fn pack(&self) -> Pack {
        self.pack
    }

    fn names(&self) -> &'static [&'static str] {
        self.names
    }

    fn wakes_on(&self) -> Vec<Wake> {
        let place = if self.alone == Alone::Never { Where::Named } else { Where::Everywhere };
        vec![Wake::Shapes(self.shapes, place)]
    }

    fn look(&self, ask: &Ask<'_>, anchor: &Anchor<'_>, found: &mut Found) {
        let Anchor::Shape(span, compact) = anchor else { return };
        let [label] = *self.labels;
        let grade = (self.grade)(compact);
        if grade == Grade::Wrong {
            return;
        }
        let text = ask.text;
        let is_whole = text.opens_after(span.start, ask.class) && text.closes(span.end);
        if !is_whole {
            return;
        }
        let is_checked = grade >= Grade::Checked;
        if ask.named(span) {
            let hit = if is_checked { Hit::by_checksum } else { Hit::by_context };
            found.push(hit(label, span.clone()).named());
            return;
        }
        let is_chained = shape::is_chained(text, span);
        let is_grouped = span.len() > compact.len();
        let hyphens = check::count(text.part(span.clone()), b'-');
        match self.alone {
            Alone::Proven if grade == Grade::Proven && !is_chained => {
                found.push(Hit::by_checksum(label, span.clone()));
            }
            // A check digit and its own word near outweigh a nearer one: "Medicare … card number".
            Alone::Grouped
                if text.is_other(span, ask.class)
                    && !(is_checked && text.nearest(span, ask.class).is_some()) => {}
            Alone::Grouped if is_checked && is_grouped && !is_chained => {
                found.push(Hit::by_checksum(label, span.clone()).likely());
            }
            Alone::Grouped if is_grouped && !is_chained => {
                found.push(Hit::by_shape(label, span.clone()).likely());
            }
            Alone::Hyphens
                if hyphens == 2 && matches!(span.len() - compact.len(), 2 | 6) && !is_chained =>
            {
                found.push(Hit::by_shape(label, span.clone()).likely());
            }
            Alone::Never | Alone::Proven | Alone::Grouped | Alone::Hyphens => {}
        }
    }
}

/// A number without any rule of its own: it is what the word beside it says.
pub(super) struct Loose {
    pub(super) labels: &'static [Label; 1],
    pub(super) pack: Pack,
    pub(super) names: &'static [&'static str],
    /// Whether letters and digits, in capitals, can be such a number.
    pub(super) fits: fn(&[u8]) -> bool,
}

impl Detector for Loose {
    fn labels(&self) -> &'static [Label] {
        self.labels
    }

    fn pack(&self) -> Pack {
        self.pack
    }

    fn names(&self) -> &'static [&'static str] {
        self.names
    }

    fn wakes_on(&self) -> Vec<Wake> {
        vec![Wake::Numbers]
    }

    fn look(&self, ask: &Ask<'_>, anchor: &Anchor<'_>, found: &mut Found) {
        let Anchor::Number(span, compact) = anchor else { return };
        let [label] = *self.labels;
        // The name may be glued to the number: `MRN5520917`.
        let is_named = || ask.named(span) || ask.text.begins_with_name(span, ask.class);
        if (self.fits)(compact) && is_named() {
            found.push(Hit::by_context(label, span.clone()).likely());
        }
    }
}

/// How many digits there are.
pub(super) fn digits(compact: &[u8]) -> usize {
    compact.iter().filter(|byte| byte.is_ascii_digit()).count()
}
