//! The grammar of a filter, by recursive descent with bounds on depth and size.

use super::kinds::{Kind, Side, agree};
use super::tokens::Token;
use super::{FilterError, MOST_DEPTH, MOST_TERMS, Scope, kinds, unknown};
use crate::layer::fields::GEOMETRY;
use crate::layer::filter::{Cell, Expr, Op, Operand, Pattern};
use crate::space::printed::Sought;

/// Where the reading stands.
pub(super) struct Parser<'a> {
    tokens: Vec<(usize, Token)>,
    at: usize,
    depth: usize,
    terms: usize,
    pub(super) scope: Scope<'a>,
}

/// Reads a whole filter.
pub(super) fn parse(tokens: Vec<(usize, Token)>, scope: Scope<'_>) -> Result<Expr, FilterError> {
    let mut parser = Parser { tokens, at: 0, depth: 0, terms: 0, scope };
    let expr = parser.either()?;
    match parser.peek() {
        Token::End => Ok(expr),
        _ => Err(parser.unexpected("AND, OR or the end")),
    }
}

impl Parser<'_> {
    /// What stands next; the last token is the end and is never passed.
    pub(super) fn peek(&self) -> &Token {
        &self.tokens[self.at].1
    }

    /// Where that stands, in characters from 1.
    pub(super) fn here(&self) -> usize {
        self.tokens[self.at].0
    }

    fn pass(&mut self) {
        self.at = (self.at + 1).min(self.tokens.len() - 1);
    }

    pub(super) fn unexpected(&self, wanted: &'static str) -> FilterError {
        FilterError::Unexpected { at: self.here(), found: self.peek().told(), wanted }
    }

    /// Passes a sign if it stands here.
    pub(super) fn sign(&mut self, sign: &'static str) -> bool {
        let here = *self.peek() == Token::Sign(sign);
        if here {
            self.pass();
        }
        here
    }

    /// Passes a sign that must stand here.
    pub(super) fn must(&mut self, sign: &'static str, wanted: &'static str) -> Result<(), FilterError> {
        if self.sign(sign) { Ok(()) } else { Err(self.unexpected(wanted)) }
    }

    /// Passes a keyword if it stands here.
    pub(super) fn keyword(&mut self, word: &str) -> bool {
        let here = matches!(self.peek(), Token::Word(found) if found.eq_ignore_ascii_case(word));
        if here {
            self.pass();
        }
        here
    }

    /// A word that a parenthesis follows.
    pub(super) fn function(&self) -> Option<String> {
        match (self.peek(), self.tokens.get(self.at + 1)) {
            (Token::Word(name), Some((_, Token::Sign("(")))) => Some(name.to_ascii_uppercase()),
            _ => None,
        }
    }

    /// Passes a word and the parenthesis after it.
    pub(super) fn enter(&mut self) {
        self.pass();
        self.pass();
    }

    /// Reads something that lies inside of something else.
    pub(super) fn deeper<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, FilterError>,
    ) -> Result<T, FilterError> {
        if self.depth == MOST_DEPTH {
            return Err(FilterError::TooDeep);
        }
        self.depth += 1;
        let inner = read(self)?;
        self.depth -= 1;
        Ok(inner)
    }

    /// Counts a condition, value or corner.
    pub(super) fn count(&mut self) -> Result<(), FilterError> {
        self.terms += 1;
        if self.terms > MOST_TERMS { Err(FilterError::TooMany) } else { Ok(()) }
    }

    fn either(&mut self) -> Result<Expr, FilterError> {
        let mut all = vec![self.both()?];
        while self.keyword("OR") {
            all.push(self.both()?);
        }
        Ok(if all.len() == 1 { all.remove(0) } else { Expr::Or(all) })
    }

    fn both(&mut self) -> Result<Expr, FilterError> {
        let mut all = vec![self.one()?];
        while self.keyword("AND") {
            all.push(self.one()?);
        }
        Ok(if all.len() == 1 { all.remove(0) } else { Expr::And(all) })
    }

    fn one(&mut self) -> Result<Expr, FilterError> {
        if self.keyword("NOT") {
            return Ok(Expr::Not(Box::new(self.deeper(Self::one)?)));
        }
        if self.sign("(") {
            let inner = self.deeper(Self::either)?;
            self.must(")", "`)`")?;
            return Ok(inner);
        }
        if self.function().as_deref() == Some("S_INTERSECTS") {
            return self.touches();
        }
        if self.is_geometry() {
            return self.no_shape();
        }
        let of = self.side()?;
        if let Token::Sign(sign) = *self.peek()
            && let Some(op) = operator(sign)
        {
            self.pass();
            let (left, right) = agree(of, self.side()?)?;
            return Ok(Expr::Compare(left, op, right));
        }
        if self.keyword("IS") {
            return self.or_not(|this| this.null(of));
        }
        let not = self.keyword("NOT");
        let found = if self.keyword("BETWEEN") {
            let low = self.side()?;
            if !self.keyword("AND") {
                return Err(self.unexpected("AND of BETWEEN"));
            }
            let high = self.side()?;
            let (left, low) = agree(of.clone(), low)?;
            let (left_again, high) = agree(of, high)?;
            if left != left_again {
                return Err(kinds::mixed());
            }
            Expr::Between(left, low, high)
        } else if self.keyword("IN") {
            self.among(of)?
        } else if self.keyword("LIKE") {
            self.like(of)?
        } else if not {
            return Err(self.unexpected("BETWEEN, IN or LIKE"));
        } else if of.kind == Kind::Bool {
            Expr::Is(of.operand)
        } else {
            return Err(self.unexpected("a comparison such as =, <>, <, LIKE, BETWEEN, IN or IS NULL"));
        };
        Ok(if not { Expr::Not(Box::new(found)) } else { found })
    }

    /// Reads after `IS` or the like an optional `NOT`.
    fn or_not(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<Expr, FilterError>,
    ) -> Result<Expr, FilterError> {
        let not = self.keyword("NOT");
        let found = read(self)?;
        Ok(if not { Expr::Not(Box::new(found)) } else { found })
    }

    fn null(&mut self, of: Side) -> Result<Expr, FilterError> {
        if self.keyword("NULL") { Ok(Expr::IsNull(of.operand)) } else { Err(self.unexpected("NULL")) }
    }

    fn is_geometry(&self) -> bool {
        matches!(self.peek(), Token::Word(name) | Token::Quoted(name) if name == GEOMETRY)
    }

    fn no_shape(&mut self) -> Result<Expr, FilterError> {
        self.pass();
        if !self.keyword("IS") {
            return Err(self.unexpected("IS NULL: shapes are compared with S_INTERSECTS"));
        }
        self.or_not(
            |this| if this.keyword("NULL") { Ok(Expr::NoShape) } else { Err(this.unexpected("NULL")) },
        )
    }

    /// The shape of the feature and another, in either order.
    fn touches(&mut self) -> Result<Expr, FilterError> {
        self.enter();
        self.count()?;
        let mut shape = None;
        for turn in 0..2 {
            if turn == 1 {
                self.must(",", "`,` and another shape")?;
            }
            if self.is_geometry() {
                self.pass();
            } else if shape.is_none() {
                shape = Some((self.here(), self.shape()?));
            } else {
                return Err(self.unexpected("`geometry`"));
            }
        }
        self.must(")", "`)`")?;
        let (at, shape) =
            shape.ok_or_else(|| self.unexpected("a shape such as BBOX(-90.3,38.6,-90.2,38.7)"))?;
        let sought = Sought::new(shape, self.scope.slack);
        Ok(Expr::Touches(sought.ok_or(FilterError::Shape { at, why: "it is empty" })?))
    }

    fn among(&mut self, of: Side) -> Result<Expr, FilterError> {
        self.must("(", "`(` and values")?;
        let (mut left, mut among) = (None, Vec::new());
        loop {
            let (this, one) = agree(of.clone(), self.side()?)?;
            let Operand::Given(value) = one else {
                return Err(self.unexpected("only values in the list of IN"));
            };
            if left.as_ref().is_some_and(|left| *left != this) {
                return Err(kinds::mixed());
            }
            left = Some(this);
            among.push(value);
            if !self.sign(",") {
                break;
            }
        }
        self.must(")", "`)` or `,`")?;
        Ok(Expr::In(left.unwrap_or(of.operand), among))
    }

    fn like(&mut self, of: Side) -> Result<Expr, FilterError> {
        if !matches!(of.kind, Kind::Text | Kind::Texts) {
            return Err(kinds::no_words(&of));
        }
        let pattern = match self.side()?.operand {
            Operand::Given(Cell::Text(pattern)) => pattern,
            _ => return Err(self.unexpected("only a pattern in single quotes after LIKE")),
        };
        Ok(Expr::Like(of.operand, Pattern::new(&pattern)))
    }

    /// A property or a value.
    fn side(&mut self) -> Result<Side, FilterError> {
        self.count()?;
        if let Some(name) = self.function() {
            return self.called(&name);
        }
        let token = self.peek().clone();
        let side = match token {
            Token::Text(text) => Side::given(Kind::Text, Cell::Text(text.into())),
            Token::Number(number) => Side::given(Kind::Number, Cell::Number(number)),
            Token::Word(word) if word.eq_ignore_ascii_case("TRUE") => {
                Side::given(Kind::Bool, Cell::Bool(true))
            }
            Token::Word(word) if word.eq_ignore_ascii_case("FALSE") => {
                Side::given(Kind::Bool, Cell::Bool(false))
            }
            Token::Word(word) if word.eq_ignore_ascii_case("NULL") => return Err(kinds::null()),
            Token::Word(name) | Token::Quoted(name) => self.field(&name)?,
            _ => return Err(self.unexpected("a property or a value")),
        };
        self.pass();
        Ok(side)
    }

    fn field(&self, name: &str) -> Result<Side, FilterError> {
        let Scope { layer, fields, .. } = self.scope;
        let found = fields.iter().position(|field| field.name == name);
        let plain = || fields.iter().filter(|field| field.kind.is_plain());
        let at = found.ok_or_else(|| unknown(name, layer, plain(), Some(GEOMETRY)))?;
        Side::field(at, &fields[at])
    }

    /// `CASEI(…)`, `DATE('…')`, `TIMESTAMP('…')`.
    fn called(&mut self, name: &str) -> Result<Side, FilterError> {
        if !["CASEI", "DATE", "TIMESTAMP"].contains(&name) {
            return Err(FilterError::Function { name: name.chars().take(40).collect() });
        }
        self.enter();
        let inner = self.deeper(Self::side)?;
        self.must(")", "`)`")?;
        match name {
            "CASEI" => inner.folded(),
            "DATE" => inner.moment(Kind::Date),
            _ => inner.moment(Kind::Time),
        }
    }

    /// A number of a shape.
    pub(super) fn number(&mut self) -> Result<f64, FilterError> {
        self.count()?;
        let Token::Number(number) = *self.peek() else { return Err(self.unexpected("a number")) };
        self.pass();
        Ok(number)
    }
}

fn operator(sign: &str) -> Option<Op> {
    Some(match sign {
        "=" => Op::Equal,
        "<>" => Op::Unequal,
        "<" => Op::Less,
        "<=" => Op::AtMost,
        ">" => Op::More,
        ">=" => Op::AtLeast,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::super::{FilterError, MOST_BYTES, MOST_DEPTH, Scope, parse};
    use crate::layer::fields::{Field, FieldKind, ID};

    const FIELDS: [Field; 6] = [
        ID,
        Field { name: "n", kind: FieldKind::Integer, ..ID },
        Field { name: "held", kind: FieldKind::Boolean, ..ID },
        Field { name: "from", kind: FieldKind::Time, ..ID },
        Field { name: "ward", kind: FieldKind::Texts, ..ID },
        Field { name: "areas", kind: FieldKind::Map, ..ID },
    ];

    fn read(text: &str) -> Result<(), FilterError> {
        let scope = Scope { layer: "things", fields: &FIELDS, to_degrees: &|x, y| Some((x, y)), slack: 0.0 };
        parse(text, scope).map(|_| ())
    }

    #[test]
    fn what_clients_write_is_read() {
        for text in [
            "id = 'a'",
            "\"id\" = 'it''s' and N_is_no_field IS NULL or n > 1".replace("N_is_no_field", "n").as_str(),
            "((n >= 1) AND (n <= 5.5))",
            "n BETWEEN 1 AND 5 AND NOT held",
            "n NOT BETWEEN -1 AND +5",
            "id IN ('a', 'b') AND n NOT IN (1,2)",
            "ward LIKE 'A%' OR ward NOT LIKE '%\\_%'",
            "CASEI(id) = CASEI('ABC') AND CASEI(id) LIKE casei('A%')",
            "held = TRUE AND held <> false AND 5 < n",
            "from >= TIMESTAMP('2014-09-01T00:00:00Z') AND from < DATE('2014-10-01')",
            "from >= '2014-09-01T00:00:00.000-05:00' AND from < '2014-10-01'",
            "n IS NOT NULL AND geometry IS NOT NULL",
            "S_INTERSECTS(geometry, POINT(-90.2 38.6)) OR s_intersects(BBOX(-90.3,38.6,-90.2,38.7), geometry)",
            "S_INTERSECTS(geometry, POLYGON((0 0,1 0,1 1,0 0),(0.1 0.1,0.2 0.1,0.2 0.2,0.1 0.1)))",
            "S_INTERSECTS(geometry, MULTIPOLYGON(((0 0,1 0,1 1,0 0)),((5 5,6 5,6 6,5 5))))",
            "S_INTERSECTS(geometry, GEOMETRYCOLLECTION(POINT(0 0),LINESTRING(0 0,1 1),MULTIPOINT((0 0),1 1)))",
            "S_INTERSECTS(geometry, MULTILINESTRING((0 0,1 1),(2 2,3 3 9)))",
            "TRUE",
        ] {
            assert_eq!(read(text), Ok(()), "{text}");
        }
    }

    #[test]
    fn what_cannot_be_used_is_refused_with_where_and_the_mend() {
        for (text, says) in [
            ("", "a property or a value"),
            ("n", "a comparison"),
            ("n = ", "character 5"),
            ("n = 1 n", "AND, OR or the end"),
            ("(n = 1", "`)`"),
            ("n = 1)", "AND, OR"),
            ("nn = 1", "did you mean `n`"),
            ("geom IS NULL", "geometry"),
            ("ID = 'a'", "did you mean `id`"),
            ("n = 'a'", "without quotes"),
            ("id = 5", "single quotes"),
            ("held = 'x'", "true or false"),
            ("n LIKE 'a%'", "LIKE"),
            ("n = NULL", "IS NULL"),
            ("from > 5", "DATE"),
            ("from > 'noon'", "noon"),
            ("from > TIMESTAMP('2014-09-01')", "2014-09-01"),
            ("from BETWEEN DATE('2014-09-01') AND TIMESTAMP('2014-09-01T00:00:00Z')", "one kind"),
            ("areas = 'x'", "areas"),
            ("T_AFTER(from, DATE('2014-09-01'))", "not offered"),
            ("S_WITHIN(geometry, POINT(0 0))", "not offered"),
            ("n IN ()", "a property or a value"),
            ("n IN (n)", "only values"),
            ("NOT", "a property or a value"),
            ("n NOT 5", "BETWEEN, IN or LIKE"),
            ("S_INTERSECTS(POINT(0 0), POINT(1 1))", "geometry"),
            ("S_INTERSECTS(geometry, geometry)", "BBOX"),
            ("S_INTERSECTS(geometry, POINT(0))", "a number"),
            ("S_INTERSECTS(geometry, POINT(0 91))", "no place"),
            ("S_INTERSECTS(geometry, POLYGON((0 0,1 0,1 1)))", "close"),
            ("S_INTERSECTS(geometry, BBOX(0,1,1,0))", "south"),
            ("S_INTERSECTS(geometry, BBOX(0,1,1))", "four or six"),
            ("S_INTERSECTS(geometry, POINT EMPTY)", "shape"),
            ("S_INTERSECTS(geometry = 1)", "`,`"),
            ("geometry = POINT(0 0)", "S_INTERSECTS"),
            ("CASEI(ward) = 'a'", "CASEI"),
        ] {
            let refused = read(text).expect_err(text).to_string();
            assert!(refused.contains(says), "{text}: {refused}");
        }
    }

    #[test]
    fn depth_and_size_are_bounded_before_anything_recurses() {
        let nested = |n: usize| format!("{}n = 1{}", "(".repeat(n), ")".repeat(n));
        assert_eq!(read(&nested(MOST_DEPTH)), Ok(()));
        for n in [MOST_DEPTH + 1, 7_000] {
            assert_eq!(read(&nested(n)), Err(FilterError::TooDeep));
            assert_eq!(read(&format!("{}n = 1", "NOT ".repeat(n.min(4_000)))), Err(FilterError::TooDeep));
        }
        let deep = format!("S_INTERSECTS(geometry, {}POINT(0 0)", "GEOMETRYCOLLECTION(".repeat(500));
        assert_eq!(read(&deep), Err(FilterError::TooDeep));
        assert_eq!(read(&vec!["n = 1"; 501].join(" OR ")), Err(FilterError::TooMany));
        assert_eq!(read(&format!("n IN ({})", vec!["1"; 1_001].join(","))), Err(FilterError::TooMany));
        let long = "x".repeat(MOST_BYTES + 1);
        assert_eq!(read(&long), Err(FilterError::TooLong { given: MOST_BYTES + 1 }));
    }
}
