//! Patrol plans: short stops in random order, where and when most harm is expected, within the minutes there are.

pub mod allocate;
pub mod error;
pub mod plan;
pub mod profile;
mod roster;
mod schedule;
mod steps;
pub mod travel;
pub mod week;

/// What is known of such stops, as every plan states it.
pub const EVIDENCE: &str = "stops of 10 to 16 minutes, unpredictable, about every two hours: Koper (1995), Justice Quarterly 12(4), tried in Sacramento by Telep, Mitchell & Weisburd (2014); \
                            the evidence is on disorder and crime of all kinds, not on gun violence";

/// What a plan does not say, as every plan states it.
pub const LIMITS: &str = "present is not prevented: it is the harm that would be expected in the minutes of the stops if hours were as before; \
                          expected from reported incidents, by the local clock; travel to and from calls belongs to the time that is not free";
