//! What blocks are ordered by, and what a rate is divided by.

use crate::model::exposure::Exposure;

/// What decides the order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum By {
    /// Incidents.
    #[default]
    Count,
    /// Incidents by their exposure, shrunk towards the mean of all blocks.
    Rate,
    /// Gun crime, or shootings.
    Gun,
    /// Incidents, each with the weight of its class.
    Harm,
}

impl By {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Count, Self::Rate, Self::Gun, Self::Harm];

    /// As it stands in parameters and results.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Count => "count",
            Self::Rate => "rate",
            Self::Gun => "gun",
            Self::Harm => "harm",
        }
    }

    /// From its word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|by| by.word() == word)
    }
}

/// What counts where blocks are ordered by [`By::Gun`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Gun {
    /// Homicide, robbery and assault by firearm, and homicide by a weapon that the source does not name.
    #[default]
    Crime,
    /// Someone was shot: only where a source knows.
    Shooting,
}

impl Gun {
    /// In the heading of a count.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Crime => "Gun crimes",
            Self::Shooting => "Shootings",
        }
    }

    /// As it stands in parameters and results.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Crime => "crime",
            Self::Shooting => "shooting",
        }
    }
}

/// Whether classes that police find where they look count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Proactive {
    /// They count, but weigh nothing in harm.
    #[default]
    NotInHarm,
    /// They count.
    Include,
    /// They do not.
    Exclude,
}

impl Proactive {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::NotInHarm, Self::Include, Self::Exclude];

    /// As it stands in files.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::NotInHarm => "not-in-harm",
            Self::Include => "include",
            Self::Exclude => "exclude",
        }
    }

    /// From its word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|proactive| proactive.word() == word)
    }
}

/// What blocks learn from, beside their own incidents.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sharing {
    /// Nothing but the distribution of all blocks.
    #[default]
    None,
    /// Related classes on the same block, as much as they tell: gun assaults tell where killings are likelier.
    Classes,
    /// The same classes on the blocks that touch it, as much as they tell.
    Neighbors,
}

impl Sharing {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::None, Self::Classes, Self::Neighbors];

    /// As it stands in parameters and results.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Classes => "classes",
            Self::Neighbors => "neighbors",
        }
    }

    /// From its word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|share| share.word() == word)
    }
}

/// What a rate is divided by, beside time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Per {
    /// Time alone: every block was observed as long, whatever its size.
    #[default]
    Time,
    /// 100 m of street; nodes and polygons have none.
    Length,
    /// Square kilometres; only polygons and cells have them.
    Area,
    /// Households, where a column of the blocks says so.
    Households,
}

impl Per {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Time, Self::Length, Self::Area, Self::Households];

    /// As it stands in parameters and results.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Time => "time",
            Self::Length => "length",
            Self::Area => "area",
            Self::Households => "households",
        }
    }

    /// From its word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|per| per.word() == word)
    }

    /// What a rate is per, in words.
    #[must_use]
    pub fn unit(self) -> &'static str {
        match self {
            Self::Time => "a year",
            Self::Length => "per 100 m and year",
            Self::Area => "per km² and year",
            Self::Households => "per household and year",
        }
    }

    /// What a block is divided by: its years, times its length in 100 m, its km² or its households.
    ///
    /// `None` for a block that has none of it: without households a rate per household is no number, and
    /// a block that was never observed has no rate at all.
    ///
    /// # Examples
    ///
    /// ```
    /// use hotblocks::model::exposure::{Exposure, Residents};
    /// use hotblocks::rank::score::Per;
    /// use hotblocks::space::coord::Metres;
    ///
    /// let residents = Residents { households: Some(0.0), population: None };
    /// let block = Exposure { days: 730.5, length: Some(Metres(50.0)), area: None, residents };
    /// let of = |per: Per| per.exposure(&block);
    /// assert_eq!((of(Per::Time), of(Per::Length)), (Some(2.0), Some(1.0)));
    /// assert_eq!((of(Per::Area), of(Per::Households)), (None, None));
    /// ```
    #[must_use]
    pub fn exposure(self, of: &Exposure) -> Option<f64> {
        let size = match self {
            Self::Time => 1.0,
            Self::Length => of.length?.0 / 100.0,
            Self::Area => of.area?.0,
            Self::Households => of.residents.households?,
        };
        Some(of.years() * size).filter(|exposure| exposure.is_finite() && *exposure > 0.0)
    }
}

/// A block with less than this part of the middle block's exposure is thin: one incident gives it a high rate.
pub const THIN: f64 = 0.25;

/// How many of some exposures are thin: less than [`THIN`] of their median. Time O(n log n).
///
/// On streets these are stubs: pieces of a few metres between two intersections.
#[must_use]
pub fn thin(exposures: impl Iterator<Item = f64>) -> usize {
    let mut sorted: Vec<f64> = exposures.collect();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.get(sorted.len() / 2).copied().unwrap_or_default();
    sorted.partition_point(|exposure| *exposure < THIN * middle)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_stands_for_one_score_and_one_exposure() {
        assert!(By::ALL.into_iter().all(|by| By::from_word(by.word()) == Some(by)));
        assert!(Per::ALL.into_iter().all(|per| Per::from_word(per.word()) == Some(per)));
        assert_eq!((By::from_word("risk"), Per::from_word("people")), (None, None));
    }

    #[test]
    fn a_stub_is_thin_and_equal_exposures_are_not() {
        assert_eq!(thin([100.0, 90.0, 8.0, 110.0, 24.9].into_iter()), 1);
        assert_eq!(thin([90.0, 100.0, 22.0, 110.0, 100.0].into_iter()), 1);
        assert_eq!(thin(std::iter::repeat_n(3.0, 9)), 0);
        assert_eq!(thin(std::iter::empty()), 0);
    }
}
