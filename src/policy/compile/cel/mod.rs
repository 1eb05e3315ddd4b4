//! `cel`: reads an expression, checks every name and type in it against the facts, and says what is
//! wrong at its place. What comes out can be evaluated for any request (`policy/cel.rs`).

mod types;

use std::ops::Range;

use cel::common::ast::{Expr, IdedExpr, SourceInfo};
use cel::parser::Parser;

use super::super::cel::Cel;
use super::super::condition::{Test, When};
use super::super::vocabulary::{self, Fact, TextFact};
use super::Compiler;
use super::conditions::{Nest, Stage};
use crate::inspect::Label;
use crate::yaml::{Cursor, Key, suggest};
use types::Type;

/// The longest expression, in bytes. With no loop in a loop this bounds what evaluating it costs.
const LENGTH_MAX: usize = 1_000;
/// How deep an expression may be nested: reading and evaluating it need stack for each level.
const DEPTH_MAX: u16 = 32;

/// What is wrong with an expression, with its place in it.
struct Wrong {
    place: Range<usize>,
    message: String,
    help: Option<String>,
}

/// What is known while an expression is checked.
struct Checker<'c> {
    text: &'c str,
    places: &'c SourceInfo,
    budgets: Vec<&'c str>,
    /// The kinds of values there are, the policy's own among them.
    labels: Vec<&'static str>,
    /// Headers and metadata fields that may be believed.
    trusted: &'c [String],
    /// The facts that it reads; `@n` in the expression is the n-th.
    reads: Vec<(Box<str>, Fact)>,
    /// The variable of the loop around, with its type.
    bound: Vec<(String, Type)>,
    wrong: Vec<Wrong>,
}

impl Compiler<'_> {
    /// A condition written in CEL.
    pub(super) fn cel(&mut self, key: &Key, value: &Cursor<'_>, nest: Nest) -> When {
        if nest.stage == Stage::Limits && !self.cel_in_limits {
            let message = "limits are not written in `cel`, so that they can be proved".to_owned();
            let help = "use facts and matchers, or allow it with `allow_cel_in_limits: true`";
            self.reader.report(key.span, &value.path, message, Some(help.to_owned()));
            return When::Always;
        }
        let Some(text) = self.reader.sentence(value) else { return When::Always };
        // Places count from the value's first character.
        let text = value.node.value.as_text().unwrap_or(text);
        if text.len() > LENGTH_MAX {
            let message = format!("this expression is longer than {LENGTH_MAX} characters");
            self.reader.wrong_with_help(value, message, "split this rule into several");
            return When::Always;
        }
        match self.checked(text) {
            Ok(cel) => {
                let said = text.split_whitespace().collect::<Vec<_>>().join(" ");
                // The first fact stands for it where one is asked for.
                let Some((_, fact)) = cel.reads.first().cloned() else { return When::Always };
                self.check(&fact, Test::Cel(Box::new(cel)), said)
            }
            Err(problems) => {
                for Wrong { place, message, help } in problems {
                    let span = self.reader.inside(value, place);
                    self.reader.report(span, &value.path, message, help);
                }
                When::Always
            }
        }
    }

    fn checked(&self, text: &str) -> Result<Cel, Vec<Wrong>> {
        let parser = Parser::new().max_recursion_depth(DEPTH_MAX);
        let (mut expression, places) = match parser.parse_with_source_info(text) {
            Ok(parsed) => parsed,
            Err(errors) => return Err(vec![not_cel(text, &errors)]),
        };
        if is_deeper(&expression, DEPTH_MAX) {
            return Err(vec![too_deep(0..text.len())]);
        }
        let mut checker = Checker {
            text,
            places: &places,
            budgets: self.budget_names.iter().map(String::as_str).collect(),
            labels: self.labels_known().map(Label::name).collect(),
            trusted: &self.trusted,
            reads: Vec::new(),
            bound: Vec::new(),
            wrong: Vec::new(),
        };
        let result = checker.type_of(&mut expression);
        if checker.wrong.is_empty() {
            let whole = 0..text.len();
            if !matches!(result, Type::Bool) {
                let message = format!("this is {result}, and a condition is true or false");
                let help = "compare it with something".to_owned();
                return Err(vec![Wrong { place: whole, message, help: Some(help) }]);
            }
            if checker.reads.is_empty() {
                let message = "this expression asks nothing about the request".to_owned();
                let help = "`ambidex policy facts` lists what can be asked".to_owned();
                return Err(vec![Wrong { place: whole, message, help: Some(help) }]);
            }
            return Ok(Cel { text: text.into(), expression, reads: checker.reads.into() });
        }
        Err(checker.wrong)
    }
}

/// The parser's first complaint in plain words.
fn not_cel(text: &str, errors: &cel::ParseErrors) -> Wrong {
    let first = errors.errors.first();
    let (line, column) = first.map_or((1, 1), |error| error.pos);
    let number = |count: isize| usize::try_from(count.max(1)).unwrap_or(1) - 1;
    let before: usize = text.split_inclusive('\n').take(number(line)).map(str::len).sum();
    let start = text.floor_char_boundary((before + number(column)).min(text.len()));
    let said = first.map_or("", |error| error.msg.as_str());
    let end = text.ceil_char_boundary((start + 1).min(text.len()));
    if said.contains("Recursion limit") {
        return too_deep(0..text.len());
    }
    let said = said.trim_start_matches("Syntax error: ");
    let said = said.split(" expecting ").next().unwrap_or(said);
    let odd = said.rsplit_once(": ").map_or(said, |(_, odd)| odd);
    let odd = odd.rsplit_once("input ").map_or(odd, |(_, odd)| odd).trim_matches('\'').trim();
    let said = if said.contains("<EOF>") {
        "it ends too early".to_owned()
    } else {
        format!("`{odd}` is not expected here")
    };
    let help = "an expression is like `caller.team == \"legal\" && tokens.input < 4000`".to_owned();
    let message = format!("this is not an expression of CEL: {said}");
    Wrong { place: start..end, message, help: Some(help) }
}

fn too_deep(place: Range<usize>) -> Wrong {
    let message = format!("this expression is nested deeper than {DEPTH_MAX} levels");
    Wrong { place, message, help: Some("split this rule into several".to_owned()) }
}

/// Whether parts stand in parts more than so many times.
fn is_deeper(expr: &IdedExpr, most: u16) -> bool {
    let Some(left) = most.checked_sub(1) else { return true };
    match &expr.expr {
        Expr::Select(select) => is_deeper(&select.operand, left),
        Expr::Call(call) => {
            call.target.as_deref().into_iter().chain(&call.args).any(|part| is_deeper(part, left))
        }
        Expr::List(list) => list.elements.iter().any(|part| is_deeper(part, left)),
        Expr::Comprehension(inner) => {
            is_deeper(&inner.iter_range, left) || is_deeper(&inner.loop_step, left)
        }
        // Maps and messages are refused as they stand.
        Expr::Unspecified | Expr::Ident(_) | Expr::Literal(_) | Expr::Map(_) | Expr::Struct(_) => {
            false
        }
    }
}

impl Checker<'_> {
    fn wrong(&mut self, place: Range<usize>, message: String, help: Option<String>) -> Type {
        self.wrong.push(Wrong { place, message, help });
        Type::Wrong
    }

    /// The characters that a part of the expression was written with, as far as the parser tells.
    fn place(&self, expr: &IdedExpr) -> Range<usize> {
        let (mut start, mut end) = (self.text.len(), 0);
        self.widen(expr, &mut start, &mut end);
        if start >= end {
            return 0..self.text.len();
        }
        self.text.floor_char_boundary(start)..self.text.ceil_char_boundary(end)
    }

    fn widen(&self, expr: &IdedExpr, start: &mut usize, end: &mut usize) {
        let offset = |at: u32| usize::try_from(at).unwrap_or(usize::MAX);
        if let Some((first, last)) = self.places.offset_for(expr.id) {
            *start = (*start).min(offset(first));
            *end = (*end).max(offset(last).saturating_add(1)).min(self.text.len());
        }
        match &expr.expr {
            Expr::Select(select) => {
                self.widen(&select.operand, start, end);
                // The place of a selection is its dot.
                *end = end.saturating_add(select.field.len()).min(self.text.len());
            }
            Expr::Call(call) => {
                for part in call.target.as_deref().into_iter().chain(&call.args) {
                    self.widen(part, start, end);
                }
            }
            Expr::List(list) => {
                for element in &list.elements {
                    self.widen(element, start, end);
                }
            }
            Expr::Comprehension(inner) => self.widen(&inner.iter_range, start, end),
            Expr::Unspecified
            | Expr::Ident(_)
            | Expr::Literal(_)
            | Expr::Map(_)
            | Expr::Struct(_) => {}
        }
    }

    /// A part of the expression as it was written.
    fn words(&self, expr: &IdedExpr) -> &str {
        self.text.get(self.place(expr)).unwrap_or_default().trim()
    }

    /// The fact that a path such as `caller.team` or `header["x-purpose"]` names.
    fn fact(&mut self, name: &str, place: Range<usize>) -> Option<usize> {
        let Some(fact) = vocabulary::find(name, &self.budgets) else {
            let names = vocabulary::names(&self.budgets);
            let near = suggest(name, names.iter().map(String::as_str));
            let known = near.map(|near| format!("did you mean `{}`?", in_cel(near)));
            let help = known.or_else(|| family(name, &names));
            self.wrong(place, format!("unknown fact `{}`", in_cel(name)), help);
            return None;
        };
        if let Fact::Text(text) = &fact
            && text.is_set_by_client()
            && !self.is_trusted(text)
        {
            let message = format!("`{name}` is set by the client, so `cel` cannot rely on it");
            let help = "list it in `trusted_headers` if something in front of Ambidex sets it, or \
                        use a matcher in a limit";
            self.wrong(place, message, Some(help.to_owned()));
            return None;
        }
        let known = self.reads.iter().position(|(other, _)| **other == *name);
        Some(known.unwrap_or_else(|| {
            self.reads.push((name.into(), fact));
            self.reads.len() - 1
        }))
    }

    fn is_trusted(&self, fact: &TextFact) -> bool {
        let name = match fact {
            TextFact::Header(name) => name.to_string(),
            TextFact::Metadata(name) => format!("metadata.{name}").to_lowercase(),
            TextFact::CallerId
            | TextFact::Team
            | TextFact::Key
            | TextFact::Region
            | TextFact::Model => return true,
        };
        self.trusted.contains(&name)
    }
}

/// A fact as it is written in an expression, where `-` means minus.
fn in_cel(name: &str) -> String {
    if !name.contains('-') {
        return name.to_owned();
    }
    if let Some((family, rest)) = name.split_once('.') {
        return match rest.rsplit_once('.').filter(|_| family == "budget") {
            Some((budget, what)) => format!("budget[\"{budget}\"].{what}"),
            None => format!("{family}[\"{rest}\"]"),
        };
    }
    name.to_owned()
}

/// The facts that share the first part of the name, when there is one.
fn family(name: &str, names: &[String]) -> Option<String> {
    let first = name.split('.').next()?;
    let members: Vec<String> = names
        .iter()
        .filter(|name| name.split_once('.').is_some_and(|(family, _)| family == first))
        .map(|name| format!("`{}`", in_cel(name)))
        .collect();
    (!members.is_empty()).then(|| format!("known here: {}", members.join(", ")))
}
