//! House numbers along the sides of a street, shared out where the street is cut.

/// House numbers of one side, in the direction of the line; they rise or fall.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Numbers {
    /// At the beginning of the line.
    pub from: u32,
    /// At its end.
    pub to: u32,
    /// Whether odd and even numbers lie on this one side.
    pub mixed: bool,
}

impl Numbers {
    /// From the numbers at both ends: mixed if one is odd and the other even.
    #[must_use]
    pub fn new(from: u32, to: u32) -> Self {
        Self { from, to, mixed: from % 2 != to % 2 }
    }

    /// The lowest.
    #[must_use]
    pub fn lowest(self) -> u32 {
        self.from.min(self.to)
    }

    /// The highest.
    #[must_use]
    pub fn highest(self) -> u32 {
        self.from.max(self.to)
    }

    /// Whether a number lies between the ends, odd or even.
    #[must_use]
    pub fn span(self, number: u32) -> bool {
        (self.lowest()..=self.highest()).contains(&number)
    }

    /// Whether a house of this side has the number: between the ends, and odd or even as they are.
    #[must_use]
    pub fn has(self, number: u32) -> bool {
        self.span(number) && (self.mixed || number % 2 == self.from % 2)
    }

    /// Where along the line a number lies, from 0 to 1; half way if there is only one number.
    #[must_use]
    pub fn along(self, number: u32) -> f64 {
        if self.from == self.to {
            return 0.5;
        }
        let (from, to) = (f64::from(self.from), f64::from(self.to));
        ((f64::from(number) - from) / (to - from)).clamp(0.0, 1.0)
    }

    /// The numbers of a piece of the line, from one fraction of its length to another.
    ///
    /// Pieces share the numbers without gap or overlap; `None` for one too short to have any.
    #[must_use]
    pub fn part(self, begin: f64, end: f64) -> Option<Self> {
        let step = if self.mixed { 1.0 } else { 2.0 };
        let houses = (f64::from(self.highest() - self.lowest()) / step).round() + 1.0;
        let house = |fraction: f64| (fraction.clamp(0.0, 1.0) * houses).round();
        let (first, next) = (house(begin), house(end));
        if next <= first {
            return None;
        }
        let number = |house: f64| {
            let far = (house * step) as u32;
            if self.from <= self.to { self.from + far } else { self.from - far }
        };
        Some(Self { from: number(first), to: number(next - 1.0), mixed: self.mixed })
    }
}

/// House numbers of both sides, left and right of the direction of the line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sides {
    /// Left of the line.
    pub left: Option<Numbers>,
    /// Right of the line.
    pub right: Option<Numbers>,
}

/// How well a house number fits the numbers of a street.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fit {
    /// On the side whose odd or even numbers include it.
    Side,
    /// Between the ends of a side whose numbers are of the other parity.
    Span,
}

impl Sides {
    /// Both sides that have numbers.
    pub fn all(self) -> impl Iterator<Item = Numbers> {
        self.left.into_iter().chain(self.right)
    }

    /// The lowest number above 0.
    #[must_use]
    pub fn lowest(self) -> Option<u32> {
        self.all().map(Numbers::lowest).min()
    }

    /// Whether a house number belongs here, and how well.
    #[must_use]
    pub fn fit(self, number: u32) -> Option<Fit> {
        if self.all().any(|side| side.has(number)) {
            Some(Fit::Side)
        } else {
            self.all().any(|side| side.span(number)).then_some(Fit::Span)
        }
    }

    /// Whether any number of a hundred belongs here: 5900 to 5999.
    #[must_use]
    pub fn has_hundred(self, hundred: u32) -> bool {
        self.all().any(|side| side.lowest() <= hundred.saturating_add(99) && hundred <= side.highest())
    }

    /// How many numbers lie between the ends of the side that fits a house number, or of the narrower if both do.
    #[must_use]
    pub fn width(self, number: u32) -> Option<u32> {
        let on = |fits: fn(Numbers, u32) -> bool| {
            self.all().filter(|&side| fits(side, number)).map(|side| side.highest() - side.lowest()).min()
        };
        on(Numbers::has).or_else(|| on(Numbers::span))
    }

    /// The numbers of a piece of the line, as [`Numbers::part`].
    #[must_use]
    pub fn part(self, begin: f64, end: f64) -> Self {
        let part = |side: Option<Numbers>| side.and_then(|numbers| numbers.part(begin, end));
        Self { left: part(self.left), right: part(self.right) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(from: u32, to: u32) -> Numbers {
        Numbers::new(from, to)
    }

    #[test]
    fn pieces_share_the_numbers_without_gap_or_overlap() {
        for whole in [numbers(5901, 5999), numbers(5999, 5901), numbers(5900, 5999), numbers(5, 5)] {
            for cut in [0.0, 0.01, 0.3, 0.5, 0.77, 1.0] {
                let parts = [whole.part(0.0, cut), whole.part(cut, 1.0)];
                let has = |n: u32| parts.iter().flatten().filter(|part| part.has(n)).count();
                for n in 5890..6010 {
                    assert_eq!(has(n), usize::from(whole.has(n)), "{n} of {whole:?} cut at {cut}");
                }
            }
        }
    }

    #[test]
    fn odd_and_even_say_the_side_where_the_ends_agree() {
        let sides = Sides { left: Some(numbers(5900, 5998)), right: Some(numbers(5901, 5951)) };
        assert_eq!(sides.fit(5903), Some(Fit::Side));
        assert_eq!(sides.fit(5997), Some(Fit::Span));
        assert_eq!((sides.fit(6001), sides.lowest()), (None, Some(5900)));
        assert!(numbers(5900, 5999).has(5903), "mixed ends take both");
    }

    #[test]
    fn a_number_lies_along_the_line_in_its_direction() {
        assert!((numbers(100, 198).along(149) - 0.5).abs() < 1e-12);
        assert!((numbers(198, 100).along(198) - 0.0).abs() < 1e-12);
        assert!((numbers(7, 7).along(7) - 0.5).abs() < 1e-12);
    }
}
