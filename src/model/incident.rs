//! Incidents in columns: one entry an event, sorted along a space-filling curve.

use super::class::ClassId;
use super::period::{Interval, Precision};
use crate::space::coord::{Local, LonLat, Mercator};

/// What is known of an incident's place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Located {
    /// It has coordinates.
    Yes,
    /// The source gave none.
    Missing,
    /// The source keeps them back because of the class.
    Withheld,
    /// It has coordinates, too far from the blocks to lie in their plane.
    Elsewhere,
}

impl Located {
    /// Why there is no usable place, in a word; `None` where there is one.
    #[must_use]
    pub fn reason(self) -> Option<&'static str> {
        match self {
            Self::Yes => None,
            Self::Missing => Some("missing"),
            Self::Withheld => Some("withheld"),
            Self::Elsewhere => Some("elsewhere"),
        }
    }
}

/// One incident before it is stored in columns.
#[derive(Clone, Debug)]
pub struct Incident {
    /// Position of its source.
    pub source: u16,
    /// The source's id, or one made from the content.
    pub id: String,
    /// When.
    pub when: Interval,
    /// Its classes, the most serious first.
    pub classes: Vec<ClassId>,
    /// Reports that tell of it: offenses or victims, by the source's unit.
    pub reports: u32,
    /// Whether it has a place, and if not, why.
    pub located: Located,
    /// The place on the globe; meaningless unless located.
    pub mercator: Mercator,
    /// The place in the local plane; meaningless unless located.
    pub local: Local,
    /// Address as text.
    pub address: Option<Box<str>>,
    /// Whether its address names an intersection.
    pub intersection: bool,
}

/// Many short strings in one: 4 bytes each beside their text.
#[derive(Clone, Debug, Default)]
struct Texts {
    all: String,
    ends: Vec<u32>,
}

impl Texts {
    fn push(&mut self, text: &str) {
        self.all.push_str(text);
        self.ends.push(u32::try_from(self.all.len()).expect("a data set has below 4 GiB of ids"));
    }

    fn get(&self, at: usize) -> &str {
        let from = if at == 0 { 0 } else { self.ends[at - 1] as usize };
        &self.all[from..self.ends[at] as usize]
    }
}

/// All incidents, column by column; an incident is known by its position.
#[derive(Clone, Debug, Default)]
pub struct Incidents {
    source: Vec<u16>,
    ids: Texts,
    from: Vec<i64>,
    seconds: Vec<u32>,
    precision: Vec<Precision>,
    class: Vec<ClassId>,
    more: Vec<(u32, ClassId)>,
    reports: Vec<u16>,
    located: Vec<Located>,
    mercator: Vec<Mercator>,
    local: Vec<Local>,
    address: Vec<u32>,
    addresses: Vec<Box<str>>,
    intersection: Vec<bool>,
}

const NO_ADDRESS: u32 = u32::MAX;

impl Incidents {
    /// Stores incidents, sorted by place along a Z-order curve, then as they came.
    #[must_use]
    pub fn store(mut rows: Vec<Incident>) -> Self {
        rows.sort_by_cached_key(|row| (row.located != Located::Yes, z_order(row.mercator)));
        let mut columns = Self::default();
        let mut known = std::collections::HashMap::new();
        for row in rows {
            let at = u32::try_from(columns.len()).expect("fewer than 2³² incidents");
            columns.source.push(row.source);
            columns.ids.push(&row.id);
            columns.from.push(row.when.from);
            columns.seconds.push(row.when.seconds);
            columns.precision.push(row.when.precision);
            let (leading, others) = row.classes.split_first().expect("an event has a class");
            columns.class.push(*leading);
            columns.more.extend(others.iter().map(|&class| (at, class)));
            columns.reports.push(u16::try_from(row.reports).unwrap_or(u16::MAX));
            columns.located.push(row.located);
            columns.mercator.push(row.mercator);
            columns.local.push(row.local);
            columns.intersection.push(row.intersection);
            columns.address.push(row.address.map_or(NO_ADDRESS, |text| {
                *known.entry(text).or_insert_with_key(|text| {
                    columns.addresses.push(text.clone());
                    u32::try_from(columns.addresses.len() - 1).expect("fewer addresses than incidents")
                })
            }));
        }
        columns
    }

    /// How many incidents there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.class.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.class.is_empty()
    }

    /// Position of its source.
    #[must_use]
    pub fn source(&self, at: usize) -> u16 {
        self.source[at]
    }

    /// The source's id, or one made from the content.
    #[must_use]
    pub fn id(&self, at: usize) -> &str {
        self.ids.get(at)
    }

    /// When it happened.
    #[must_use]
    pub fn when(&self, at: usize) -> Interval {
        Interval { from: self.from[at], seconds: self.seconds[at], precision: self.precision[at] }
    }

    /// Its most serious class.
    #[must_use]
    pub fn class(&self, at: usize) -> ClassId {
        self.class[at]
    }

    /// All its classes, the most serious first.
    pub fn classes(&self, at: usize) -> impl Iterator<Item = ClassId> + '_ {
        let key = u32::try_from(at).unwrap_or(u32::MAX);
        let first = self.more.partition_point(|&(incident, _)| incident < key);
        let others = self.more[first..].iter().take_while(move |&&(incident, _)| incident == key);
        std::iter::once(self.class[at]).chain(others.map(|&(_, class)| class))
    }

    /// Reports that tell of it, at most 65,535.
    #[must_use]
    pub fn reports(&self, at: usize) -> u16 {
        self.reports[at]
    }

    /// Whether it has a place.
    #[must_use]
    pub fn located(&self, at: usize) -> Located {
        self.located[at]
    }

    /// Its place in the local plane, where it has one.
    #[must_use]
    pub fn local(&self, at: usize) -> Option<Local> {
        (self.located[at] == Located::Yes).then(|| self.local[at])
    }

    /// Its place on the globe to the centimetre, where it has one.
    #[must_use]
    pub fn lonlat(&self, at: usize) -> Option<LonLat> {
        (self.located[at] == Located::Yes).then(|| self.mercator[at].into())
    }

    /// Its address as text.
    #[must_use]
    pub fn address(&self, at: usize) -> Option<&str> {
        self.addresses.get(self.address[at] as usize).map(|text| &**text)
    }

    /// Whether its address names an intersection.
    #[must_use]
    pub fn at_intersection(&self, at: usize) -> bool {
        self.intersection[at]
    }

    /// Bytes that the columns hold.
    #[must_use]
    pub fn bytes(&self) -> usize {
        // Taken apart whole, so that a new column cannot be forgotten here.
        let Self {
            source,
            ids,
            from,
            seconds,
            precision,
            class,
            more,
            reports,
            located,
            mercator,
            local,
            address,
            addresses,
            intersection,
        } = self;
        size_of_val(&source[..])
            + ids.all.len()
            + size_of_val(&ids.ends[..])
            + size_of_val(&from[..])
            + size_of_val(&seconds[..])
            + size_of_val(&precision[..])
            + size_of_val(&class[..])
            + size_of_val(&more[..])
            + size_of_val(&reports[..])
            + size_of_val(&located[..])
            + size_of_val(&mercator[..])
            + size_of_val(&local[..])
            + size_of_val(&address[..])
            + addresses.iter().map(|text| text.len() + size_of::<Box<str>>()).sum::<usize>()
            + size_of_val(&intersection[..])
    }
}

/// Interleaves the bits of both coordinates, so that neighbors on the map are neighbors in memory.
fn z_order(at: Mercator) -> u64 {
    let spread = |v: i32| {
        let mut v = u64::from(v.cast_unsigned() ^ 0x8000_0000);
        v = (v | (v << 16)) & 0x0000_ffff_0000_ffff;
        v = (v | (v << 8)) & 0x00ff_00ff_00ff_00ff;
        v = (v | (v << 4)) & 0x0f0f_0f0f_0f0f_0f0f;
        v = (v | (v << 2)) & 0x3333_3333_3333_3333;
        (v | (v << 1)) & 0x5555_5555_5555_5555
    };
    spread(at.x) | (spread(at.y) << 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn incident(id: &str, x: i32, classes: &[u16]) -> Incident {
        Incident {
            source: 0,
            id: id.into(),
            when: Interval { from: 0, seconds: 60, precision: Precision::Minute },
            classes: classes.iter().map(|&c| ClassId(c)).collect(),
            reports: 1,
            located: if x == 0 { Located::Missing } else { Located::Yes },
            mercator: Mercator { x, y: 0 },
            local: Local { x: f64::from(x), y: 0.0 },
            address: Some("1 A ST".into()),
            intersection: false,
        }
    }

    #[test]
    fn neighbors_on_the_map_are_neighbors_in_memory_and_the_placeless_come_last() {
        let rows = [incident("far", 900, &[1]), incident("none", 0, &[1]), incident("near", -900, &[2, 3])];
        let stored = Incidents::store(rows.to_vec());
        assert_eq!((0..3).map(|at| stored.id(at)).collect::<Vec<_>>(), ["near", "far", "none"]);
        assert_eq!(stored.classes(0).map(|c| c.0).collect::<Vec<_>>(), [2, 3]);
        assert_eq!(stored.classes(1).count(), 1);
        assert_eq!((stored.local(2), stored.address(2)), (None, Some("1 A ST")));
    }

    #[test]
    fn an_incident_takes_at_most_120_bytes() {
        let rows = (1..=1000).map(|n| incident(&format!("18-{n:06}"), n, &[1]));
        let stored = Incidents::store(rows.collect());
        // Beside the columns: its block, whether it is held, its place in the R-tree.
        let beside = 4 + 1 + 24;
        assert!(stored.bytes() / 1000 + beside <= 120, "{} bytes", stored.bytes() / 1000 + beside);
    }
}
