//! What has the same size in every report, in 48 bytes.

use super::class::ClassId;
use super::period::{Interval, Precision};
use super::report::{Origin, Place, Report, Sign, Status};
use crate::space::coord::LonLat;

/// What has the same size in every report.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row {
    pub(super) from: i64,
    pub(super) place: (f64, f64),
    pub(super) line: u32,
    pub(super) seconds: u32,
    pub(super) address: u32,
    pub(super) source: u16,
    pub(super) file: u16,
    pub(super) class: ClassId,
    pub(super) kind: Kind,
}

/// What fits in one byte each, together.
#[derive(Clone, Copy, Debug)]
pub(super) struct Kind {
    pub(super) precision: Precision,
    pub(super) status: Status,
    pub(super) origin: Origin,
    /// 1 takes back, 2 withheld, 4 intersection.
    pub(super) bits: u8,
}

pub(super) const TAKES_BACK: u8 = 1;
pub(super) const WITHHELD: u8 = 2;
pub(super) const INTERSECTION: u8 = 4;
pub(super) const NO_ADDRESS: u32 = u32::MAX;
/// Stands where there is no place; no place on the globe has it.
pub(super) const NOWHERE: (f64, f64) = (f64::INFINITY, f64::INFINITY);

impl Row {
    /// Of a report, whose address has this number.
    #[inline]
    pub(super) fn of(report: &Report<'_>, address: u32) -> Self {
        let bit = |set: bool, bit: u8| if set { bit } else { 0 };
        Self {
            from: report.when.from,
            place: match report.place {
                Place::At(at) => (at.lon(), at.lat()),
                Place::Missing | Place::Withheld => NOWHERE,
            },
            line: report.line,
            seconds: report.when.seconds,
            address,
            source: report.source,
            file: report.file,
            class: report.class,
            kind: Kind {
                precision: report.when.precision,
                status: report.status,
                origin: report.origin,
                bits: bit(report.sign == Sign::TakesBack, TAKES_BACK)
                    | bit(report.place == Place::Withheld, WITHHELD)
                    | bit(report.intersection, INTERSECTION),
            },
        }
    }

    #[inline]
    pub(super) fn sign(&self) -> Sign {
        if self.kind.bits & TAKES_BACK == 0 { Sign::Adds } else { Sign::TakesBack }
    }

    #[inline]
    pub(super) fn when(&self) -> Interval {
        Interval { from: self.from, seconds: self.seconds, precision: self.kind.precision }
    }

    #[inline]
    pub(super) fn place(&self) -> Place {
        match LonLat::new(self.place.0, self.place.1) {
            Ok(at) => Place::At(at),
            Err(_) if self.kind.bits & WITHHELD != 0 => Place::Withheld,
            Err(_) => Place::Missing,
        }
    }
}
