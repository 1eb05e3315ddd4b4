//! Conditions in CEL, the Common Expression Language: what matchers cannot say.
//!
//! An expression comes here checked (`compile/cel.rs`): its types fit, it is boolean, it is short and has
//! no loop in a loop, so that what it costs is bounded. The facts it reads stand in it as `@0`, `@1`
//! and so on. A fact that is not known is a variable that is not there: the expression is then not
//! known either, unless the rest of it decides (`false && …`, `true || …`), as CEL has it for errors.
//! So is one that fails while it runs, by overflow or division by zero.

use std::sync::{Arc, LazyLock};

use cel::common::ast::IdedExpr;
use cel::common::types::{CelBool, CelDouble, CelInt, CelList, CelString};
use cel::common::value::{CowVal, Val};
use cel::context::VariableResolver;
use cel::{Env, Value};

use super::condition::{Context, Seen, Truth, seen};
use super::vocabulary::{Fact, NumberFact, TextValue, Unit};
use crate::inspect::{Label, Scan};

/// CEL's own operators and functions, none of which looks at anything but its arguments.
static ENV: LazyLock<Arc<Env>> = LazyLock::new(|| Arc::new(Env::stdlib()));

/// How the variables of facts begin; no identifier of CEL can.
pub(super) const VARIABLE: char = '@';

/// A checked expression.
#[derive(Clone, Debug)]
pub(super) struct Cel {
    /// As it was written.
    pub(super) text: Box<str>,
    pub(super) expression: IdedExpr,
    /// The facts that it reads, with their names; variable `@n` is the n-th.
    pub(super) reads: Box<[(Box<str>, Fact)]>,
}

impl Cel {
    /// Whether it holds.
    pub(super) fn truth(&self, context: Context<'_>) -> Truth {
        let values = Values { reads: &self.reads, context };
        let mut scope = cel::Context::with_env(Arc::clone(&ENV));
        scope.set_variable_resolver(&values);
        match Value::resolve(&self.expression, &scope) {
            Ok(Value::Bool(truth)) => truth.into(),
            Ok(_) | Err(_) => Truth::Unknown,
        }
    }

    /// What each of the facts was.
    pub(super) fn seen(&self, context: Context<'_>) -> Seen {
        let each = |(name, fact): &(Box<str>, Fact)| (name.clone(), seen(fact, context));
        Seen::Each(self.reads.iter().map(each).collect())
    }
}

/// The facts of a request as variables.
struct Values<'a> {
    reads: &'a [(Box<str>, Fact)],
    context: Context<'a>,
}

impl VariableResolver for Values<'_> {
    fn resolve<'b>(&'b self, variable: &str) -> Option<CowVal<'b, 'b>> {
        let place: usize = variable.strip_prefix(VARIABLE)?.parse().ok()?;
        let (_, fact) = self.reads.get(place)?;
        match fact {
            Fact::Word(word) => {
                let index = word.read(self.context)?;
                let text = word.words().get(usize::try_from(index).ok()?)?;
                Some(if word.is_truth() {
                    CowVal::owned(CelBool::from(index == 1))
                } else {
                    CowVal::owned(CelString::from(*text))
                })
            }
            Fact::Number(number) => Some(self.number(number)?),
            Fact::Text(text) => match text.read(self.context.facts) {
                TextValue::Known(text) => Some(CowVal::owned(CelString::from(text))),
                TextValue::Absent => Some(CowVal::owned(CelString::from(""))),
                TextValue::Unknown => None,
            },
            Fact::Labels => {
                let data = &self.context.facts.data;
                // What was not read may hold any of them.
                (data.scan == Scan::Complete).then(|| {
                    let name =
                        |label: Label| -> Box<dyn Val> { Box::new(CelString::from(label.name())) };
                    let names: Vec<Box<dyn Val>> = data.labels.iter().map(name).collect();
                    CowVal::owned(CelList::from(names))
                })
            }
        }
    }
}

impl Values<'_> {
    /// Shares are doubles from 0 to 1 (a budget that is used up is 1.0), money is dollars.
    #[expect(clippy::as_conversions, clippy::cast_precision_loss, reason = "the nearest double")]
    fn number<'b>(&self, fact: &NumberFact) -> Option<CowVal<'b, 'b>> {
        let number = fact.read(self.context.facts)?;
        let in_units_of = |unit: f64| CowVal::owned(CelDouble::from(number as f64 / unit));
        Some(match fact.unit() {
            Unit::Tokens | Unit::Milliseconds | Unit::Hour => {
                CowVal::owned(CelInt::from(i64::try_from(number).unwrap_or(i64::MAX)))
            }
            Unit::Share | Unit::Percent => in_units_of(1e6),
            Unit::Usd => in_units_of(1e9),
        })
    }
}
