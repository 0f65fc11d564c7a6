//! The words, values and signs of a filter, with where they stand.

use super::FilterError;

/// One of them.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    /// A name or keyword.
    Word(String),
    /// A name in double quotes, which is no keyword.
    Quoted(String),
    /// Words in single quotes.
    Text(String),
    /// A number.
    Number(f64),
    /// `(`, `,`, `=` and their like.
    Sign(&'static str),
    /// Nothing follows.
    End,
}

impl Token {
    /// For messages.
    pub(super) fn told(&self) -> String {
        let short = |text: &str| text.chars().take(40).collect::<String>();
        match self {
            Self::Word(word) => format!("`{}`", short(word)),
            Self::Quoted(name) => format!("\"{}\"", short(name)),
            Self::Text(text) => format!("'{}'", short(text)),
            Self::Number(number) => format!("`{number}`"),
            Self::Sign(sign) => format!("`{sign}`"),
            Self::End => "the end".to_owned(),
        }
    }
}

/// Signs, the longer first.
const SIGNS: [&str; 9] = ["<>", "<=", ">=", "(", ")", ",", "=", "<", ">"];

/// Takes a text apart; at the end stands [`Token::End`].
pub(super) fn tokens(text: &str) -> Result<Vec<(usize, Token)>, FilterError> {
    let mut found = Vec::new();
    let (mut rest, mut at) = (text, 1);
    loop {
        let begin = rest.trim_start();
        at += rest[..rest.len() - begin.len()].chars().count();
        rest = begin;
        let Some(first) = rest.chars().next() else {
            found.push((at, Token::End));
            return Ok(found);
        };
        let (token, length) = match first {
            '\'' | '"' => quoted(rest, first).ok_or(FilterError::Open { at })?,
            _ if first.is_alphabetic() || first == '_' => word(rest),
            _ if first.is_ascii_digit() || "+-.".contains(first) => {
                number(rest).ok_or_else(|| unexpected(at, rest))?
            }
            _ => {
                let sign = SIGNS.into_iter().find(|sign| rest.starts_with(sign));
                sign.map(|sign| (Token::Sign(sign), sign.len())).ok_or_else(|| unexpected(at, rest))?
            }
        };
        found.push((at, token));
        at += rest[..length].chars().count();
        rest = &rest[length..];
    }
}

fn unexpected(at: usize, rest: &str) -> FilterError {
    let found = format!("`{}`", rest.chars().take(10).collect::<String>());
    FilterError::Unexpected { at, found, wanted: "a name, a value or a sign of CQL2" }
}

/// Words in quotes, in which a quote is written twice; in single ones also with a backslash before it.
fn quoted(rest: &str, quote: char) -> Option<(Token, usize)> {
    let mut text = String::new();
    let mut letters = rest.char_indices().skip(1).peekable();
    while let Some((at, letter)) = letters.next() {
        let next = letters.peek().map(|&(_, next)| next);
        if letter == '\\' && quote == '\'' && next == Some(quote) {
            letters.next();
            text.push(quote);
        } else if letter != quote {
            text.push(letter);
        } else if next == Some(quote) {
            letters.next();
            text.push(quote);
        } else {
            let token = if quote == '"' { Token::Quoted(text) } else { Token::Text(text) };
            return Some((token, at + quote.len_utf8()));
        }
    }
    None
}

/// A name: letters, digits, `_`, `.`, `:`, and hyphens before a letter, as in study-area.
fn word(rest: &str) -> (Token, usize) {
    let mut end = rest.len();
    let mut letters = rest.char_indices().peekable();
    while let Some((at, letter)) = letters.next() {
        let hyphen = letter == '-' && letters.peek().is_some_and(|(_, next)| next.is_alphabetic());
        if !(letter.is_alphanumeric() || "_.:".contains(letter) || hyphen) {
            end = at;
            break;
        }
    }
    (Token::Word(rest[..end].to_owned()), end)
}

/// A number with its sign; it must be finite and end where a number can end.
fn number(rest: &str) -> Option<(Token, usize)> {
    let bytes = rest.as_bytes();
    let digits = |from: usize| from + bytes[from..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let begin = usize::from("+-".contains(rest.chars().next()?));
    let whole = digits(begin);
    let mut end = if bytes.get(whole) == Some(&b'.') { digits(whole + 1) } else { whole };
    if matches!(bytes.get(end), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
        let exponent = digits((end + 1 + sign).min(bytes.len()));
        if exponent > end + 1 + sign {
            end = exponent;
        }
    }
    let value: f64 = rest[..end].parse().ok().filter(|value: &f64| value.is_finite())?;
    let ends = !rest[end..].starts_with(|next: char| next.is_alphanumeric() || next == '_' || next == '.');
    ends.then_some((Token::Number(value), end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_come_apart_into_words_values_and_signs() {
        let tokens = tokens("a<=-1.5e3 AND \"from\"='it''s' or study-area <>'ö'").expect("whole");
        let told: Vec<String> = tokens.iter().map(|(at, token)| format!("{at}{}", token.told())).collect();
        assert_eq!(
            told,
            [
                "1`a`",
                "2`<=`",
                "4`-1500`",
                "11`AND`",
                "15\"from\"",
                "21`=`",
                "22'it's'",
                "30`or`",
                "33`study-area`",
                "44`<>`",
                "46'ö'",
                "49the end"
            ]
        );
    }

    #[test]
    fn what_is_no_token_is_refused_where_it_stands() {
        for (text, at) in [
            ("a = 'x", 5),
            ("a = \"x", 5),
            ("a ~ 1", 3),
            ("a = 1x", 5),
            ("a = 1e999", 5),
            ("a = -", 5),
            ("a = .", 5),
            ("a = 1.2.3", 5),
            ("ö = #", 5),
        ] {
            let refused = tokens(text).expect_err(text).to_string();
            assert!(refused.contains(&format!("character {at}")), "{text}: {refused}");
        }
    }
}
