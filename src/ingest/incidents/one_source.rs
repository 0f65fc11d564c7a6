//! What checked incidents say of their source in every row, taken from the first.

use super::mapping::Mapping;
use super::when_where::Fault;
use crate::ingest::time::Clock;
use crate::model::report::{Feed, Unit};

impl Mapping<'_> {
    /// Takes name and zone of the source from the first row; another one later is an error of that row.
    pub(super) fn one_source(&mut self, name: &str, zone: &str) -> Result<(), Box<Fault>> {
        if self.reports.is_empty() && self.source.name != name && self.given.options.source.is_none() {
            self.source.name = name.to_owned();
        }
        let own = self.source.zone.iana_name() == Some(zone);
        if self.reports.is_empty() && !own {
            let found = jiff::tz::TimeZone::get(zone);
            let found = found.map_err(|_| Fault::new(self.at.zone, zone, "no IANA time zone"))?;
            (self.clock, self.source.zone) = (Clock::new(found.clone()), found);
        } else if !own || (self.source.name != name && self.given.options.source.is_none()) {
            return Err(Fault::new(self.at.source, name, "another source than the first row's"));
        }
        Ok(())
    }

    /// Takes what holds for all reports of the source from the first row, in the same way; blank is as the layout says.
    pub(super) fn one_kind(&mut self, feed: &str, unit: &str, anonymised: &str) -> Result<(), Box<Fault>> {
        let feed = match feed {
            "" => self.layout.feed,
            word => Feed::of_word(word)
                .ok_or_else(|| Fault::new(self.at.feed, word, "no feed: report, call, alert, request"))?,
        };
        let unit = match unit {
            "" => self.layout.unit,
            word => Unit::of_word(word)
                .ok_or_else(|| Fault::new(self.at.unit, word, "no unit: incident, offense, victim"))?,
        };
        let moved = Some(anonymised).filter(|text| !text.is_empty()).or(self.layout.anonymised.as_deref());
        let same = self.source.anonymised.as_deref() == moved;
        if self.reports.is_empty() {
            (self.source.feed, self.source.unit) = (feed, unit);
            self.source.anonymised = moved.map(str::to_owned);
        } else if !same || (self.source.feed, self.source.unit) != (feed, unit) {
            return Err(Fault::new(self.at.source, unit.word(), "another source than the first row's"));
        }
        Ok(())
    }
}
