//! Why there is no patrol plan.

/// The most areas of a plan: legs are kept between every two.
pub const MOST_AREAS: usize = 1_000;

/// Why there is no patrol plan.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PatrolError {
    /// Nobody is on duty.
    #[error("there is no shift; give shifts, or officers and their hours")]
    NoShifts,
    /// A shift without officers.
    #[error("the shift `{shift}` has no officers; give 1 or more, or leave it out")]
    NoOfficers {
        /// Its name.
        shift: String,
    },
    /// A shift on no day.
    #[error("the shift `{shift}` is on no day of the week; give its days, e.g. Mon-Fri")]
    NoDays {
        /// Its name.
        shift: String,
    },
    /// A shift that ends when it begins.
    #[error(
        "the shift `{shift}` ends when it begins; give the time at which it ends, or two shifts for a whole day"
    )]
    NoLength {
        /// Its name.
        shift: String,
    },
    /// A shift shorter than a stop.
    #[error(
        "the shift `{shift}` has {minutes} minutes, fewer than a stop of {stop}; lengthen it, or leave it out"
    )]
    StopTooLong {
        /// Its name.
        shift: String,
        /// Its length.
        minutes: u32,
        /// A stop's.
        stop: u32,
    },
    /// The same officers at once in two shifts.
    #[error(
        "two shifts named `{shift}` overlap at {at}, so that their officers would be on duty twice; give shifts of other officers other names"
    )]
    Overlap {
        /// Their name.
        shift: String,
        /// When the second begins.
        at: String,
    },
    /// No stop fits anywhere.
    #[error(
        "a stop of {stop} minutes and {travel} of travel take {takes}, but an officer has {free} minutes for the plan in the longest shift; \
         give a larger share of it (`free` of {enough} or more), or areas nearer to each other"
    )]
    NothingFits {
        /// A stop's minutes.
        stop: u32,
        /// Travel charged for it.
        travel: u32,
        /// Both.
        takes: u32,
        /// Minutes that an officer has.
        free: u32,
        /// A share that would do; above 1 where none does.
        enough: f64,
    },
    /// A stop of another length than the evidence has.
    #[error(
        "a stop of {given} minutes is not from 10 to 16, the lengths that were found to work; the nearest is {nearest}"
    )]
    Stop {
        /// What was given.
        given: u32,
        /// What would be accepted.
        nearest: u32,
    },
    /// Windows that do not fill a day.
    #[error("{given} minutes between stops do not fill a day evenly; give 60, 120, 180 or 240")]
    Every {
        /// What was given.
        given: u32,
    },
    /// A share that is none.
    #[error(
        "a free share of {given} is not above 0 and at most 1; 0.4 leaves 24 minutes of an hour for the plan"
    )]
    Free {
        /// What was given.
        given: f64,
    },
    /// A speed at which nobody arrives.
    #[error("a speed of {given} km/h is not from 1 to 150; cars in a city make 20 to 40, feet 4 to 5")]
    Speed {
        /// What was given.
        given: f64,
    },
    /// A detour that is none.
    #[error("a detour of {given} is not from 1 to 3; 1 is as the crow flies")]
    Detour {
        /// What was given.
        given: f64,
    },
    /// No areas, or too many.
    #[error("there are {given} patrol areas; give 1 to {MOST_AREAS}")]
    Areas {
        /// How many there are.
        given: usize,
    },
    /// Two areas of one id.
    #[error("two patrol areas have the id `{id}`; an area is given once")]
    Twice {
        /// The id.
        id: String,
    },
    /// Hours that are not 168 numbers from 0 on.
    #[error("the area `{id}` has hours that cannot be used; give 168 numbers, finite and not below 0")]
    Hours {
        /// Its id.
        id: String,
    },
    /// Nothing to be present for.
    #[error("no harm is expected in any patrol area; choose other areas, a longer period or more categories")]
    NoHarm,
    /// More than can be searched while someone waits.
    #[error(
        "{stops} stops among {choices} areas and windows are too many to choose from; give fewer officers, areas or shifts, or a longer time between stops"
    )]
    TooLarge {
        /// Stops that the officers could make.
        stops: u64,
        /// Areas in all windows.
        choices: u64,
    },
    /// A beat without an area.
    #[error(
        "no patrol area lies in `{beat}`, so its officers would have nothing to do; add an area there, or leave out its shifts"
    )]
    EmptyBeat {
        /// The beat.
        beat: String,
    },
}
