//! Values of Parquet as text: times as RFC 3339, dates as YYYY-MM-DD, decimals with their point.

use std::borrow::Cow;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use parquet::basic::{ConvertedType, LogicalType, TimeUnit};
use parquet::schema::types::ColumnDescriptor;

use super::leaf::Values;

/// What a column's values mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Plain,
    Unsigned,
    Date,
    /// Units a second; whether it is UTC and not some local time.
    Time(i64),
    Timestamp(i64, bool),
    /// Digits behind the point.
    Decimal(u32),
    /// 16 bytes of a UUID.
    Uuid,
    /// Half a float.
    Half,
}

impl Kind {
    pub(super) fn of(column: &ColumnDescriptor) -> Self {
        let scale = |scale: i32| Self::Decimal(u32::try_from(scale).unwrap_or(0).min(38));
        let units = |unit: &TimeUnit| match unit {
            TimeUnit::MILLIS => 1_000,
            TimeUnit::MICROS => 1_000_000,
            TimeUnit::NANOS => 1_000_000_000,
        };
        match column.logical_type_ref() {
            Some(LogicalType::Date) => Self::Date,
            Some(LogicalType::Time(time)) => Self::Time(units(&time.unit)),
            Some(LogicalType::Timestamp(time)) => {
                Self::Timestamp(units(&time.unit), time.is_adjusted_to_u_t_c)
            }
            Some(LogicalType::Decimal(decimal)) => scale(decimal.scale),
            Some(LogicalType::Integer(int)) if !int.is_signed => Self::Unsigned,
            Some(LogicalType::Uuid) => Self::Uuid,
            Some(LogicalType::Float16) => Self::Half,
            _ => match column.converted_type() {
                ConvertedType::DATE => Self::Date,
                ConvertedType::TIME_MILLIS => Self::Time(1_000),
                ConvertedType::TIME_MICROS => Self::Time(1_000_000),
                ConvertedType::TIMESTAMP_MILLIS => Self::Timestamp(1_000, true),
                ConvertedType::TIMESTAMP_MICROS => Self::Timestamp(1_000_000, true),
                ConvertedType::DECIMAL => scale(column.type_scale()),
                ConvertedType::UINT_8
                | ConvertedType::UINT_16
                | ConvertedType::UINT_32
                | ConvertedType::UINT_64 => Self::Unsigned,
                _ => Self::Plain,
            },
        }
    }

    /// A value as text; what no text stands for is empty.
    pub(super) fn text(self, values: &Values, at: usize) -> Cow<'_, str> {
        let owned = |text: Option<String>| Cow::Owned(text.unwrap_or_default());
        match values {
            Values::Bool(v) => owned(Some(v[at].to_string())),
            Values::I32(v) => owned(self.whole(i64::from(v[at]), u64::from(v[at].cast_unsigned()))),
            Values::I64(v) => owned(self.whole(v[at], v[at].cast_unsigned())),
            Values::I96(v) => owned(timestamp(v[at].to_micros(), 1_000_000, false)),
            Values::F32(v) => owned(v[at].is_finite().then(|| v[at].to_string())),
            Values::F64(v) => owned(v[at].is_finite().then(|| v[at].to_string())),
            Values::Bytes(v) => self.bytes(v[at].data()),
            Values::Fixed(v) => self.bytes(v[at].data()),
        }
    }

    fn whole(self, value: i64, unsigned: u64) -> Option<String> {
        match self {
            Self::Unsigned => Some(unsigned.to_string()),
            Self::Date => Some(civil(value.checked_mul(86_400)?, 0)?.date().to_string()),
            Self::Time(units) => {
                let (seconds, rest) = (value.div_euclid(units), value.rem_euclid(units));
                Some(civil(seconds, rest * (1_000_000_000 / units))?.time().to_string())
            }
            Self::Timestamp(units, utc) => timestamp(value, units, utc),
            Self::Decimal(scale) => Some(decimal(i128::from(value), scale)),
            _ => Some(value.to_string()),
        }
    }

    fn bytes(self, bytes: &[u8]) -> Cow<'_, str> {
        match self {
            Self::Decimal(scale) => Cow::Owned(signed(bytes).map_or_else(String::new, |n| decimal(n, scale))),
            Self::Uuid => {
                let hex: String = bytes.iter().map(|b| format!("{b:02x}")).collect();
                let ends = [(0, 8), (8, 12), (12, 16), (16, 20), (20, 32)];
                Cow::Owned(ends.map(|(from, to)| hex.get(from..to).unwrap_or_default()).join("-"))
            }
            Self::Half => {
                let half = bytes.try_into().ok().map(u16::from_le_bytes).map(half).filter(|n| n.is_finite());
                Cow::Owned(half.map_or_else(String::new, |n| n.to_string()))
            }
            // Bytes that are no text have no text.
            _ => std::str::from_utf8(bytes).map_or(Cow::Borrowed(""), Cow::Borrowed),
        }
    }
}

/// A moment as RFC 3339; without a zone where the column has none.
fn timestamp(value: i64, units: i64, utc: bool) -> Option<String> {
    let (seconds, rest) = (value.div_euclid(units), value.rem_euclid(units));
    let civil = civil(seconds, rest * (1_000_000_000 / units))?;
    Some(if utc { format!("{civil}Z") } else { civil.to_string() })
}

fn civil(seconds: i64, nanoseconds: i64) -> Option<jiff::civil::DateTime> {
    let at = Timestamp::new(seconds, i32::try_from(nanoseconds).ok()?).ok()?;
    Some(TimeZone::UTC.to_datetime(at))
}

/// A whole number with its point so many digits from the end.
fn decimal(value: i128, scale: u32) -> String {
    if scale == 0 {
        return value.to_string();
    }
    let digits = format!("{:0>width$}", value.unsigned_abs().to_string(), width = scale as usize + 1);
    let (whole, part) = digits.split_at(digits.len() - scale as usize);
    format!("{}{whole}.{part}", if value < 0 { "-" } else { "" })
}

/// A number of up to 16 bytes, the highest first.
fn signed(bytes: &[u8]) -> Option<i128> {
    if bytes.is_empty() || bytes.len() > 16 {
        return None;
    }
    let mut wide = [if bytes[0] & 0x80 == 0 { 0 } else { 0xff }; 16];
    wide[16 - bytes.len()..].copy_from_slice(bytes);
    Some(i128::from_be_bytes(wide))
}

/// IEEE 754 half precision.
fn half(bits: u16) -> f32 {
    let sign = if bits >> 15 == 1 { -1.0 } else { 1.0 };
    let (exponent, fraction) = (i32::from(bits >> 10 & 31), f32::from(bits & 1023));
    sign * match exponent {
        0 => fraction * 2f32.powi(-24),
        31 => f32::NAN,
        _ => (1.0 + fraction / 1024.0) * 2f32.powi(exponent - 15),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Expected values by pyarrow: `pa.scalar(...).as_py()`.
    #[test]
    fn numbers_become_the_text_that_their_type_means() {
        for (kind, value, expected) in [
            (Kind::Date, 17_532, "2018-01-01"),
            (Kind::Date, -1, "1969-12-31"),
            (Kind::Timestamp(1_000, true), 1_514_800_800_000, "2018-01-01T10:00:00Z"),
            (Kind::Timestamp(1_000_000_000, false), 1_514_800_800_500_000_000, "2018-01-01T10:00:00.5"),
            (Kind::Timestamp(1_000, true), i64::MAX, ""),
            (Kind::Date, i64::MAX, ""),
            (Kind::Time(1_000_000), 36_000_000_000, "10:00:00"),
            (Kind::Decimal(2), -5, "-0.05"),
            (Kind::Decimal(3), 12_345, "12.345"),
            (Kind::Unsigned, -1, "18446744073709551615"),
            (Kind::Plain, -1, "-1"),
        ] {
            assert_eq!(kind.text(&Values::I64(vec![value]), 0), expected, "{kind:?} {value}");
        }
        assert_eq!((half(0x3e00), half(0xc000), half(1)), (1.5, -2.0, 2f32.powi(-24)));
        assert_eq!(signed(&[0xff, 0xfe]), Some(-2));
    }
}
