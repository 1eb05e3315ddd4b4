//! The types of CEL expressions: what each part is, and which parts fit together.
//!
//! Stricter than CEL itself, which finds out when it runs: words of closed lists are compared with
//! words of their list only, whole numbers with whole numbers, levels are not ordered like text.

use std::fmt;
use std::ops::Range;

use cel::common::ast::{CallExpr, ComprehensionExpr, Expr, IdedExpr, LiteralValue, operators};

use super::super::super::cel::VARIABLE;
use super::super::super::vocabulary::{Fact, Unit, WordFact};
use super::Checker;
use crate::yaml::suggest;

/// What a part of an expression is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Type {
    Bool,
    Whole,
    Decimal,
    Text,
    /// A word of the closed list of this fact.
    Word(WordFact),
    /// The name of a kind of sensitive values.
    Label,
    List(Box<Type>),
    /// Something is wrong with it, and that was said.
    Wrong,
}

impl fmt::Display for Type {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Bool => "true or false",
            Self::Whole => "a whole number",
            Self::Decimal => "a decimal number",
            Self::Text => "text",
            Self::Word(fact) => return write!(out, "a {}", fact.noun()),
            Self::Label => "a label",
            Self::List(_) => "a list",
            Self::Wrong => "wrong",
        })
    }
}

/// The functions that may be called, for suggestions.
const FUNCTIONS: [&str; 9] =
    ["size", "startsWith", "endsWith", "contains", "double", "int", "exists", "all", "exists_one"];

/// The first parts of the names of facts whose rest is free.
const OPEN: [&str; 3] = ["budget", "header", "metadata"];

impl Checker<'_> {
    /// The type of a part; facts in it become variables.
    pub(super) fn type_of(&mut self, expr: &mut IdedExpr) -> Type {
        if let Some(name) = self.path(expr) {
            let place = self.place(expr);
            let Some(index) = self.fact(&name, place) else { return Type::Wrong };
            expr.expr = Expr::Ident(format!("{VARIABLE}{index}"));
            return self.reads.get(index).map_or(Type::Wrong, |(_, fact)| type_of_fact(fact));
        }
        let place = self.place(expr);
        match &mut expr.expr {
            Expr::Literal(literal) => self.literal(literal, place),
            Expr::Ident(name) => {
                let found = self.bound.iter().rev().find(|(bound, _)| bound == name);
                found.map_or(Type::Wrong, |(_, bound)| bound.clone())
            }
            Expr::List(list) => self.list(&mut list.elements, place),
            Expr::Call(call) => self.call(call, place),
            Expr::Comprehension(inner) => self.comprehension(inner, place),
            Expr::Select(select) if select.test => {
                let message = "`has` is not available here".to_owned();
                let help = "an expression with a fact that is not known is not known itself; ask \
                            with the matcher `is: unknown`";
                self.wrong(place, message, Some(help.to_owned()))
            }
            Expr::Select(_) => {
                self.wrong(place, "only facts have parts that can be named".to_owned(), None)
            }
            Expr::Map(_) | Expr::Struct(_) | Expr::Unspecified => {
                self.wrong(place, "maps and messages are not available here".to_owned(), None)
            }
        }
    }

    /// The name of a fact: `lang`, `caller.team`, `budget["team-month"].used`.
    fn path(&self, expr: &IdedExpr) -> Option<String> {
        match &expr.expr {
            Expr::Ident(name) => {
                let is_bound = self.bound.iter().any(|(bound, _)| bound == name);
                (!is_bound && !name.starts_with(VARIABLE)).then(|| name.clone())
            }
            Expr::Select(select) if !select.test => {
                Some(format!("{}.{}", self.path(&select.operand)?, select.field))
            }
            Expr::Call(call) if call.func_name == operators::INDEX => {
                let [of, key] = call.args.as_slice() else { return None };
                let family = self.path(of).filter(|family| OPEN.contains(&family.as_str()))?;
                Some(format!("{family}.{}", text_of(key)?))
            }
            Expr::Call(_)
            | Expr::Select(_)
            | Expr::Unspecified
            | Expr::Comprehension(_)
            | Expr::List(_)
            | Expr::Literal(_)
            | Expr::Map(_)
            | Expr::Struct(_) => None,
        }
    }

    fn literal(&mut self, literal: &LiteralValue, place: Range<usize>) -> Type {
        match literal {
            LiteralValue::Boolean(_) => Type::Bool,
            LiteralValue::Int(_) => Type::Whole,
            LiteralValue::Double(_) => Type::Decimal,
            LiteralValue::String(_) => Type::Text,
            LiteralValue::UInt(_) => {
                let help = Some("write it without the `u`".to_owned());
                self.wrong(place, "unsigned numbers are not available here".to_owned(), help)
            }
            LiteralValue::Null | LiteralValue::Bytes(_) => {
                self.wrong(place, "no fact is `null` or bytes".to_owned(), None)
            }
        }
    }

    fn list(&mut self, elements: &mut [IdedExpr], place: Range<usize>) -> Type {
        let mut all: Option<Type> = None;
        for element in elements {
            let place = self.place(element);
            let one = self.type_of(element);
            match &all {
                None => all = Some(one),
                Some(first) if *first == one || one == Type::Wrong || *first == Type::Wrong => {}
                Some(first) => {
                    let message = format!("this is {one}, but the list began with {first}");
                    return self.wrong(place, message, None);
                }
            }
        }
        match all {
            Some(Type::Wrong) => Type::Wrong,
            Some(one) => Type::List(Box::new(one)),
            None => self.wrong(place, "this list is empty".to_owned(), None),
        }
    }

    fn call(&mut self, call: &mut CallExpr, place: Range<usize>) -> Type {
        let parts = call.target.as_deref_mut().into_iter().chain(&mut call.args);
        let mut arguments: Vec<&mut IdedExpr> = parts.collect();
        let written: Vec<IdedExpr> =
            arguments.iter().map(|argument| (**argument).clone()).collect();
        let types: Vec<Type> =
            arguments.iter_mut().map(|argument| self.type_of(argument)).collect();
        if types.contains(&Type::Wrong) {
            return Type::Wrong;
        }
        let name = call.func_name.as_str();
        match (name, written.as_slice(), types.as_slice()) {
            (operators::LOGICAL_AND | operators::LOGICAL_OR | operators::LOGICAL_NOT, ..) => {
                self.all_bool(&written, &types)
            }
            (operators::CONDITIONAL, [if_, ..], [condition, one, other]) => {
                if *condition != Type::Bool {
                    return self
                        .all_bool(std::slice::from_ref(if_), std::slice::from_ref(condition));
                }
                if one == other {
                    return one.clone();
                }
                self.wrong(place, format!("this is {one} or {other}, which do not fit"), None)
            }
            (operators::EQUALS | operators::NOT_EQUALS, [a, b], [left, right]) => {
                self.equal((a, left), (b, right))
            }
            (
                operators::LESS
                | operators::LESS_EQUALS
                | operators::GREATER
                | operators::GREATER_EQUALS,
                [a, b],
                [left, right],
            ) => self.ordered((a, left), (b, right)),
            (operators::IN, [item, list], [one, many]) => self.inside((item, one), (list, many)),
            (operators::NEGATE, _, [number @ (Type::Whole | Type::Decimal)]) => number.clone(),
            (operators::ADD, _, [Type::Text, Type::Text]) => Type::Text,
            (
                operators::ADD | operators::SUBSTRACT | operators::MULTIPLY | operators::DIVIDE,
                [a, b],
                [left, right],
            ) => self.arithmetic((a, left), (b, right)),
            (operators::MODULO, _, [Type::Whole, Type::Whole])
            | ("int", _, [Type::Whole | Type::Decimal]) => Type::Whole,
            ("double", _, [Type::Whole | Type::Decimal]) => Type::Decimal,
            ("size", _, [one]) if one.is_text() || matches!(one, Type::List(_)) => Type::Whole,
            ("startsWith" | "endsWith" | "contains", _, [one, Type::Text]) if one.is_text() => {
                Type::Bool
            }
            _ => self.no_such_call(name, &types, place),
        }
    }

    fn no_such_call(&mut self, name: &str, types: &[Type], place: Range<usize>) -> Type {
        if FUNCTIONS.contains(&name) || !name.starts_with(|first: char| first.is_alphabetic()) {
            let sign = name.replace('_', " ");
            let kinds: Vec<String> = types.iter().map(ToString::to_string).collect();
            let message = format!("`{}` does not go with {}", sign.trim(), kinds.join(" and "));
            return self.wrong(place, message, None);
        }
        let near = suggest(name, FUNCTIONS).map(|near| format!("did you mean `{near}`?"));
        let help = near.unwrap_or_else(|| format!("known here: {}", FUNCTIONS.join(", ")));
        self.wrong(place, format!("unknown function `{name}`"), Some(help))
    }

    fn all_bool(&mut self, parts: &[IdedExpr], types: &[Type]) -> Type {
        let odd = parts.iter().zip(types).find(|(_, one)| **one != Type::Bool);
        let Some((part, one)) = odd else { return Type::Bool };
        let message = format!("`{}` is {one}, not true or false", self.words(part));
        let help = Some("compare it with something".to_owned());
        self.wrong(self.place(part), message, help)
    }

    /// Two things that are compared for equality: of one kind, and a word of a list a word of it.
    fn equal(&mut self, (a, left): Typed<'_>, (b, right): Typed<'_>) -> Type {
        match (left, right) {
            (Type::Word(fact), Type::Text) if text_of(b).is_some() => self.word(*fact, b),
            (Type::Text, Type::Word(fact)) if text_of(a).is_some() => self.word(*fact, a),
            (Type::Label, Type::Text) if text_of(b).is_some() => self.label(b),
            (Type::Text, Type::Label) if text_of(a).is_some() => self.label(a),
            (Type::Word(one), Type::Word(other)) if one.words() == other.words() => Type::Bool,
            (Type::List(_), Type::List(_)) => {
                let help = "use `in`, `exists` or `all`, or the matcher `all_of`".to_owned();
                self.wrong(self.place(b), "lists are not compared".to_owned(), Some(help))
            }
            (left, right) if left == right => Type::Bool,
            _ => self.mismatch((a, left), (b, right)),
        }
    }

    fn mismatch(&mut self, (a, left): Typed<'_>, (b, right): Typed<'_>) -> Type {
        let message = format!("`{}` is {left}, but `{}` is {right}", self.words(a), self.words(b));
        let whole = match (left, right) {
            (Type::Decimal, Type::Whole) => Some(b),
            (Type::Whole, Type::Decimal) => Some(a),
            _ => None,
        };
        let help = whole.map(|whole| {
            if let Expr::Literal(LiteralValue::Int(number)) = &whole.expr {
                format!("write `{}.0`", number.inner())
            } else {
                format!("write `double({})`", self.words(whole))
            }
        });
        self.wrong(self.place(b), message, help)
    }

    fn ordered(&mut self, (a, left): Typed<'_>, (b, right): Typed<'_>) -> Type {
        match (left, right) {
            (Type::Whole, Type::Whole) | (Type::Decimal, Type::Decimal) => Type::Bool,
            (Type::Word(fact), _) | (_, Type::Word(fact)) if fact.is_ordered() => {
                let message = "words are not ordered in `cel`".to_owned();
                let help = "use the matchers `at_least`, `at_most`, `above`, `below` or `between`";
                self.wrong(self.place(b), message, Some(help.to_owned()))
            }
            (one, other) if one.is_text() && other.is_text() => {
                self.wrong(self.place(b), "texts are not ordered".to_owned(), None)
            }
            _ => self.mismatch((a, left), (b, right)),
        }
    }

    fn inside(&mut self, (item, one): Typed<'_>, (list, many): Typed<'_>) -> Type {
        let Type::List(element) = many else {
            let message = format!("`{}` is {many}, not a list", self.words(list));
            return self.wrong(self.place(list), message, None);
        };
        let Expr::List(written) = &list.expr else {
            return self.equal((item, one), (list, element));
        };
        for part in &written.elements {
            if self.equal((item, one), (part, element)) == Type::Wrong {
                return Type::Wrong;
            }
        }
        Type::Bool
    }

    fn arithmetic(&mut self, (a, left): Typed<'_>, (b, right): Typed<'_>) -> Type {
        match (left, right) {
            (Type::Whole, Type::Whole) | (Type::Decimal, Type::Decimal) => left.clone(),
            (Type::Whole | Type::Decimal, Type::Whole | Type::Decimal) => {
                self.mismatch((a, left), (b, right))
            }
            (Type::Whole | Type::Decimal, _) => {
                let message = format!("`{}` is {right}, not a number", self.words(b));
                self.wrong(self.place(b), message, None)
            }
            _ => {
                let message = format!("`{}` is {left}, not a number", self.words(a));
                self.wrong(self.place(a), message, None)
            }
        }
    }

    /// A word that is written out, of the closed list of this fact.
    fn word(&mut self, fact: WordFact, written: &IdedExpr) -> Type {
        let text = text_of(written).unwrap_or_default();
        if fact.words().contains(&text) {
            return Type::Bool;
        }
        if text == "unknown" {
            let message = "`unknown` is not a value in `cel`".to_owned();
            let help = "an expression with a fact that is not known is not known itself; ask with \
                        the matcher `is: unknown`";
            return self.wrong(self.place(written), message, Some(help.to_owned()));
        }
        let near = suggest(text, fact.words().iter().copied());
        let help = near.map_or_else(
            || format!("known here: {}", fact.words().join(", ")),
            |near| format!("did you mean `{near}`?"),
        );
        self.wrong(self.place(written), format!("unknown {} `{text}`", fact.noun()), Some(help))
    }

    /// A label that is written out.
    fn label(&mut self, written: &IdedExpr) -> Type {
        let text = text_of(written).unwrap_or_default();
        if self.labels.contains(&text) {
            return Type::Bool;
        }
        let near = suggest(text, self.labels.iter().copied());
        let help = near.map(|near| format!("did you mean `{near}`?"));
        self.wrong(self.place(written), format!("unknown label `{text}`"), help)
    }

    /// `exists`, `all` and `exists_one`, which the parser writes out as loops.
    fn comprehension(&mut self, inner: &mut ComprehensionExpr, place: Range<usize>) -> Type {
        if !self.bound.is_empty() {
            let message = "a loop stands in a loop here".to_owned();
            return self.wrong(place, message, Some("split this rule into several".to_owned()));
        }
        let range_place = self.place(&inner.iter_range);
        let range = self.type_of(&mut inner.iter_range);
        let Type::List(element) = range else {
            if range == Type::Wrong {
                return range;
            }
            return self.wrong(range_place, format!("this is {range}, not a list"), None);
        };
        let counter = if let Expr::Literal(LiteralValue::Boolean(_)) = &inner.accu_init.expr {
            Type::Bool
        } else if let Expr::Literal(LiteralValue::Int(_)) = &inner.accu_init.expr {
            Type::Whole
        } else {
            let message = "`map` and `filter` are not available here".to_owned();
            let help = "use `exists`, `all` or `exists_one`".to_owned();
            return self.wrong(place, message, Some(help));
        };
        self.bound.push((inner.accu_var.clone(), counter));
        self.bound.push((inner.iter_var.clone(), *element));
        // The condition is the parser's, and looks at the counter only.
        let step = self.type_of(&mut inner.loop_step);
        let result = self.type_of(&mut inner.result);
        self.bound.clear();
        if step == Type::Wrong { step } else { result }
    }
}

/// A part with its type.
type Typed<'t> = (&'t IdedExpr, &'t Type);

impl Type {
    /// Whether it is text, of whatever list.
    const fn is_text(&self) -> bool {
        matches!(self, Self::Text | Self::Word(_) | Self::Label)
    }
}

/// Text that is written out.
fn text_of(expr: &IdedExpr) -> Option<&str> {
    if let Expr::Literal(LiteralValue::String(text)) = &expr.expr {
        Some(text.inner())
    } else {
        None
    }
}

fn type_of_fact(fact: &Fact) -> Type {
    match fact {
        Fact::Word(word) if word.is_truth() => Type::Bool,
        Fact::Word(word) => Type::Word(*word),
        Fact::Number(number) => match number.unit() {
            Unit::Tokens | Unit::Milliseconds | Unit::Hour => Type::Whole,
            Unit::Share | Unit::Percent | Unit::Usd => Type::Decimal,
        },
        Fact::Text(_) => Type::Text,
        Fact::Labels => Type::List(Box::new(Type::Label)),
    }
}
