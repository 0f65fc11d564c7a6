//! What can be compared with what, and how the two sides of a comparison become of one kind.

use super::FilterError;
use crate::layer::fields::{Field, FieldKind};
use crate::layer::filter::{Cell, Operand};
use crate::model::datetime::instant;
use crate::model::period::parse_date;

/// What one side of a comparison is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Texts,
    Number,
    Bool,
    Date,
    Time,
}

impl Kind {
    fn words(self) -> &'static str {
        match self {
            Self::Text | Self::Texts => "text",
            Self::Number => "a number",
            Self::Bool => "true or false",
            Self::Date => "a date",
            Self::Time => "a time",
        }
    }

    /// How a value of it is written.
    fn mend(self) -> &'static str {
        match self {
            Self::Text | Self::Texts => "give text in single quotes",
            Self::Number => "give a number without quotes",
            Self::Bool => "give TRUE or FALSE; it is true or false",
            Self::Date => "give a date as DATE('2018-01-31')",
            Self::Time => {
                "give a time as TIMESTAMP('2018-01-31T18:00:00Z') or a local date as DATE('2018-01-31')"
            }
        }
    }
}

/// One side of a comparison with its kind.
#[derive(Clone, Debug)]
pub(super) struct Side {
    pub(super) operand: Operand,
    pub(super) kind: Kind,
    /// The name of a field, for messages.
    name: &'static str,
}

impl Side {
    pub(super) fn given(kind: Kind, cell: Cell<'static>) -> Self {
        Self { operand: Operand::Given(cell), kind, name: "" }
    }

    pub(super) fn field(at: usize, field: &Field) -> Result<Self, FilterError> {
        let kind = match field.kind {
            FieldKind::Text => Kind::Text,
            FieldKind::Texts => Kind::Texts,
            FieldKind::Integer | FieldKind::Number => Kind::Number,
            FieldKind::Boolean => Kind::Bool,
            FieldKind::Date => Kind::Date,
            FieldKind::Time => Kind::Time,
            FieldKind::List | FieldKind::Map => {
                let what = format!("`{}` is {}", field.name, field.kind.words());
                return Err(FilterError::Kinds { what, mend: "no feature can be chosen by it".to_owned() });
            }
        };
        Ok(Self { operand: Operand::Field(at), kind, name: field.name })
    }

    /// In small letters.
    pub(super) fn folded(self) -> Result<Self, FilterError> {
        let operand = match (self.kind, self.operand) {
            (Kind::Text, Operand::Given(Cell::Text(text))) => {
                Operand::Given(Cell::Text(text.to_lowercase().into()))
            }
            (Kind::Text, operand) => Operand::Folded(Box::new(operand)),
            _ => {
                let what = "CASEI is of one text".to_owned();
                return Err(FilterError::Kinds { what, mend: "take it away here".to_owned() });
            }
        };
        Ok(Self { operand, ..self })
    }

    /// A date or time from words.
    pub(super) fn moment(self, kind: Kind) -> Result<Self, FilterError> {
        let Operand::Given(Cell::Text(text)) = &self.operand else {
            let what = "what stands in DATE or TIMESTAMP is no text".to_owned();
            return Err(FilterError::Kinds { what, mend: kind.mend().to_owned() });
        };
        let cell = match kind {
            Kind::Date => parse_date(text).ok().map(Cell::Date),
            _ => instant(text).map(Cell::Time),
        };
        let cell = cell.ok_or_else(|| FilterError::Kinds {
            what: format!("`{}` is not {}", short(text), kind.words()),
            mend: kind.mend().to_owned(),
        })?;
        Ok(Self { operand: Operand::Given(cell), kind, name: "" })
    }

    fn told(&self) -> String {
        match &self.operand {
            Operand::Given(Cell::Text(text)) => format!("'{}'", short(text)),
            Operand::Given(Cell::Number(number)) => format!("{number}"),
            Operand::Given(Cell::Bool(flag)) => format!("{flag}"),
            Operand::Given(Cell::Date(date)) => format!("{date}"),
            Operand::Given(Cell::Time(at)) => format!("{at}"),
            _ => format!("`{}`", self.name),
        }
    }

    fn is_words(&self) -> bool {
        matches!(self.operand, Operand::Given(Cell::Text(_)))
    }
}

fn short(text: &str) -> String {
    text.chars().take(40).collect()
}

/// Brings both sides to one kind: words beside a time are read as one, a time beside a date is taken as its local date.
pub(super) fn agree(left: Side, right: Side) -> Result<(Operand, Operand), FilterError> {
    match (left.kind, right.kind) {
        (Kind::Texts, Kind::Texts) => Err(cannot(&left, &right)),
        (Kind::Text | Kind::Texts, Kind::Text | Kind::Texts) => Ok((left.operand, right.operand)),
        (a, b) if a == b => Ok((left.operand, right.operand)),
        (Kind::Time, Kind::Date) => Ok((day(&left).ok_or_else(|| cannot(&left, &right))?, right.operand)),
        (Kind::Date, Kind::Time) => {
            Ok((left.operand.clone(), day(&right).ok_or_else(|| cannot(&left, &right))?))
        }
        (kind @ (Kind::Time | Kind::Date), Kind::Text) if right.is_words() => {
            let read = read(right, kind)?;
            agree(left, read)
        }
        (Kind::Text, kind @ (Kind::Time | Kind::Date)) if left.is_words() => {
            let read = read(left, kind)?;
            agree(read, right)
        }
        _ => Err(cannot(&left, &right)),
    }
}

/// Words as what they are to be compared with: a time may also be given as a date.
fn read(words: Side, kind: Kind) -> Result<Side, FilterError> {
    match words.clone().moment(Kind::Date) {
        Ok(date) => Ok(date),
        Err(_) => words.moment(kind),
    }
}

/// The local date of a field that holds a time.
fn day(of: &Side) -> Option<Operand> {
    match of.operand {
        Operand::Field(at) => Some(Operand::Day(at)),
        _ => None,
    }
}

fn cannot(left: &Side, right: &Side) -> FilterError {
    // The field says what is wanted.
    let (wanted, other) =
        if matches!(left.operand, Operand::Given(_)) { (right, left) } else { (left, right) };
    let what = format!(
        "{} is {} and {} is {}",
        wanted.told(),
        wanted.kind.words(),
        other.told(),
        other.kind.words()
    );
    FilterError::Kinds { what, mend: wanted.kind.mend().to_owned() }
}

pub(super) fn mixed() -> FilterError {
    let what = "dates and times stand beside each other in one list".to_owned();
    FilterError::Kinds { what, mend: "give all of one kind".to_owned() }
}

pub(super) fn null() -> FilterError {
    let what = "nothing equals NULL".to_owned();
    FilterError::Kinds { what, mend: "write IS NULL or IS NOT NULL".to_owned() }
}

pub(super) fn no_words(of: &Side) -> FilterError {
    let what = format!("LIKE is of text, and {} is {}", of.told(), of.kind.words());
    FilterError::Kinds { what, mend: "compare it with =, <, > or BETWEEN".to_owned() }
}
