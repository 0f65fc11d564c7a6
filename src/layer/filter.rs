//! Conditions on features: a small typed expression, and whether it holds for a row of any layer.

use std::borrow::Cow;
use std::cmp::Ordering;

use geo::Rect;
use jiff::Timestamp;
use jiff::civil::Date;

use crate::space::printed::Sought;

/// A value of a row.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell<'a> {
    /// Nothing is known: every comparison with it is neither true nor false.
    Null,
    /// Yes or no.
    Bool(bool),
    /// A number.
    Number(f64),
    /// Words.
    Text(Cow<'a, str>),
    /// Several words; a comparison holds where it holds for any.
    Texts(Vec<&'a str>),
    /// A local date.
    Date(Date),
    /// An instant.
    Time(Timestamp),
}

/// What is asked: the fields of a feature by their position in the table of its layer, and its shape.
pub trait Row {
    /// The value of a field.
    fn cell(&self, field: usize) -> Cell<'_>;

    /// The local date of a field that holds an instant.
    fn day(&self, field: usize) -> Cell<'_>;

    /// Whether it has a shape.
    fn has_shape(&self) -> bool;

    /// Whether its shape, as it is printed, touches another; `None` where it has none.
    fn touches(&self, sought: &Sought) -> Option<bool>;
}

/// How two values are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Op {
    /// `=`
    Equal,
    /// `<>`
    Unequal,
    /// `<`
    Less,
    /// `<=`
    AtMost,
    /// `>`
    More,
    /// `>=`
    AtLeast,
}

impl Op {
    fn holds(self, order: Ordering) -> bool {
        match self {
            Self::Equal => order.is_eq(),
            Self::Unequal => order.is_ne(),
            Self::Less => order.is_lt(),
            Self::AtMost => order.is_le(),
            Self::More => order.is_gt(),
            Self::AtLeast => order.is_ge(),
        }
    }
}

/// One side of a comparison. What stands on both sides of one is of one kind.
#[derive(Clone, Debug, PartialEq)]
pub enum Operand {
    /// A field.
    Field(usize),
    /// The local date of a field that holds an instant.
    Day(usize),
    /// A value that was given.
    Given(Cell<'static>),
    /// Another in small letters.
    Folded(Box<Operand>),
}

impl Operand {
    fn cell<'a>(&'a self, row: &'a impl Row) -> Cell<'a> {
        match self {
            Self::Field(at) => row.cell(*at),
            Self::Day(at) => row.day(*at),
            Self::Given(cell) => cell.clone(),
            Self::Folded(inner) => match inner.cell(row) {
                Cell::Text(text) => Cell::Text(text.to_lowercase().into()),
                // Several words in small letters would have to be kept somewhere: the parser refuses them.
                other => other,
            },
        }
    }
}

/// A pattern of `LIKE`: `%` stands for any letters, `_` for one, a backslash takes their meaning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern(Vec<Piece>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Piece {
    Any,
    One,
    Letter(char),
}

impl Pattern {
    /// Reads a pattern.
    #[must_use]
    pub fn new(text: &str) -> Self {
        let mut letters = text.chars();
        let mut pieces = Vec::new();
        while let Some(letter) = letters.next() {
            pieces.push(match letter {
                '%' => Piece::Any,
                '_' => Piece::One,
                '\\' => Piece::Letter(letters.next().unwrap_or('\\')),
                other => Piece::Letter(other),
            });
        }
        Self(pieces)
    }

    /// Whether a text is like it, in time of the product of their lengths at most.
    #[must_use]
    pub fn fits(&self, text: &str) -> bool {
        let (pieces, mut piece) = (&self.0, 0);
        let mut rest = text.chars();
        // Where the last `%` stands, and what follows the letters that it has taken so far.
        let mut back: Option<(usize, std::str::Chars<'_>)> = None;
        loop {
            let before = rest.clone();
            match (pieces.get(piece), rest.next()) {
                (Some(Piece::Any), _) => {
                    (rest, piece) = (before.clone(), piece + 1);
                    back = Some((piece, before));
                }
                (Some(Piece::One), Some(_)) => piece += 1,
                (Some(Piece::Letter(wanted)), Some(letter)) if *wanted == letter => piece += 1,
                (None, None) => return true,
                _ => {
                    let Some((after, taken)) = &mut back else { return false };
                    if taken.next().is_none() {
                        return false;
                    }
                    (piece, rest) = (*after, taken.clone());
                }
            }
        }
    }
}

/// A condition.
#[derive(Clone, Debug, PartialEq)]
pub enum Expr {
    /// All hold.
    And(Vec<Expr>),
    /// One holds.
    Or(Vec<Expr>),
    /// It does not hold.
    Not(Box<Expr>),
    /// A value that is true or false by itself.
    Is(Operand),
    /// Two values compare so.
    Compare(Operand, Op, Operand),
    /// A value lies between two others, both included.
    Between(Operand, Operand, Operand),
    /// A value is one of several.
    In(Operand, Vec<Cell<'static>>),
    /// Words are like a pattern.
    Like(Operand, Pattern),
    /// Nothing is known of it.
    IsNull(Operand),
    /// The shape of the feature, as it is printed, touches this one.
    Touches(Sought),
    /// The feature has no shape.
    NoShape,
}

impl Expr {
    /// Whether it holds; `None` where that cannot be said, since something is not known.
    ///
    /// As in SQL: what is unknown stays so under `NOT`, and a feature is chosen only where the whole is true.
    pub fn holds(&self, row: &impl Row) -> Option<bool> {
        match self {
            Self::And(all) => all_of(all.iter().map(|one| one.holds(row))),
            Self::Or(all) => {
                all_of(all.iter().map(|one| one.holds(row).map(|holds| !holds))).map(|none| !none)
            }
            Self::Not(inner) => inner.holds(row).map(|holds| !holds),
            Self::Is(operand) => match operand.cell(row) {
                Cell::Bool(flag) => Some(flag),
                _ => None,
            },
            Self::Compare(left, op, right) => compare(&left.cell(row), *op, &right.cell(row)),
            Self::Between(of, low, high) => {
                let of = of.cell(row);
                let low = compare(&of, Op::AtLeast, &low.cell(row));
                all_of([low, compare(&of, Op::AtMost, &high.cell(row))].into_iter())
            }
            Self::In(of, among) => {
                let of = of.cell(row);
                let none = all_of(among.iter().map(|one| compare(&of, Op::Equal, one).map(|same| !same)));
                none.map(|none| !none)
            }
            Self::Like(of, pattern) => match of.cell(row) {
                Cell::Text(text) => Some(pattern.fits(&text)),
                Cell::Texts(texts) if !texts.is_empty() => Some(texts.iter().any(|text| pattern.fits(text))),
                _ => None,
            },
            Self::IsNull(of) => Some(match of.cell(row) {
                Cell::Null => true,
                Cell::Texts(texts) => texts.is_empty(),
                _ => false,
            }),
            Self::Touches(sought) => row.touches(sought),
            Self::NoShape => Some(!row.has_shape()),
        }
    }

    /// A box in degrees outside of which it holds for no shape, if it is easily told.
    #[must_use]
    pub fn around(&self) -> Option<Rect> {
        match self {
            Self::Touches(sought) => Some(sought.around()),
            Self::And(all) => all.iter().find_map(Self::around),
            _ => None,
        }
    }
}

/// Whether all hold: false wins over unknown, unknown over true.
fn all_of(all: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    let mut so_far = Some(true);
    for one in all {
        match one {
            Some(false) => return Some(false),
            Some(true) => {}
            None => so_far = None,
        }
    }
    so_far
}

fn compare(left: &Cell<'_>, op: Op, right: &Cell<'_>) -> Option<bool> {
    match (left, right) {
        (Cell::Texts(texts), Cell::Text(word)) => any(texts, op, |text| (*text).cmp(word)),
        (Cell::Text(word), Cell::Texts(texts)) => any(texts, op, |text| (**word).cmp(text)),
        _ => order(left, right).map(|order| op.holds(order)),
    }
}

/// `<>` is the contrary of `=`, also where there are several.
fn any(texts: &[&str], op: Op, order: impl Fn(&&str) -> Ordering) -> Option<bool> {
    if texts.is_empty() {
        return None;
    }
    Some(match op {
        Op::Unequal => texts.iter().all(|text| order(text).is_ne()),
        _ => texts.iter().any(|text| op.holds(order(text))),
    })
}

/// Which of two values of one kind comes first; `None` where one is not known.
#[must_use]
pub fn order(left: &Cell<'_>, right: &Cell<'_>) -> Option<Ordering> {
    match (left, right) {
        (Cell::Bool(a), Cell::Bool(b)) => Some(a.cmp(b)),
        (Cell::Number(a), Cell::Number(b)) => a.partial_cmp(b),
        (Cell::Text(a), Cell::Text(b)) => Some(a.cmp(b)),
        (Cell::Date(a), Cell::Date(b)) => Some(a.cmp(b)),
        (Cell::Time(a), Cell::Time(b)) => Some(a.cmp(b)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_fit_as_in_sql() {
        for (pattern, text, fits) in [
            ("rob%", "robbery", true),
            ("rob%", "Robbery", false),
            ("%er%", "robbery", true),
            ("%a%b%c%", "xaxbxcx", true),
            ("%a%b%c%", "xaxcxb", false),
            ("r_b", "rob", true),
            ("r_b", "rb", false),
            ("100\\%", "100%", true),
            ("100\\%", "1000", false),
            ("", "", true),
            ("", "a", false),
            ("%", "", true),
            ("_%", "", false),
            ("%ö_", "schöne", false),
            ("%ö__", "schöne", true),
            ("a\\", "a\\", true),
        ] {
            assert_eq!(Pattern::new(pattern).fits(text), fits, "{pattern} on {text}");
        }
        // No number of `%` makes it take long.
        assert!(!Pattern::new(&"%a".repeat(500)).fits(&"a".repeat(499)));
    }

    #[test]
    fn what_is_unknown_stays_unknown_but_where_the_rest_decides() {
        let check =
            |all: &[Option<bool>], expected| assert_eq!(all_of(all.iter().copied()), expected, "{all:?}");
        check(&[], Some(true));
        check(&[Some(true), None], None);
        check(&[None, Some(false)], Some(false));
    }

    #[test]
    fn of_several_words_any_may_be_equal_and_all_must_differ() {
        let texts = || Cell::Texts(vec!["A", "B"]);
        let word = |text: &'static str| Cell::Text(text.into());
        assert_eq!(compare(&texts(), Op::Equal, &word("B")), Some(true));
        assert_eq!(compare(&texts(), Op::Unequal, &word("B")), Some(false));
        assert_eq!(compare(&texts(), Op::Unequal, &word("C")), Some(true));
        assert_eq!(compare(&Cell::Texts(vec![]), Op::Unequal, &word("C")), None);
    }
}
