//! The part of the table of parameters that patrol plans have to themselves.

use super::ranking::{BY, GUN, PROACTIVE};
use super::table::{CATEGORY, Kind, NO_DEFAULT, ORIGIN, Operation, PERIOD, Param, SEED, STATUS, TOP, WITHIN};

/// Shifts from a file.
pub const SHIFTS: Param = Param {
    flag: "shifts",
    wire: "shifts",
    kind: Kind::Text,
    default: NO_DEFAULT,
    help: "File of shifts, CSV with name,days,from,to,officers,beat or TOML; in a query its text; or give officers and hours",
    example: "shifts.csv",
};

/// Officers of one shift.
pub const OFFICERS: Param = Param {
    flag: "officers",
    wire: "officers",
    kind: Kind::Count { least: 1, most: 1_000 },
    default: "those of the shifts",
    help: "Officers, or cars, that patrol apart from each other, where one shift is all there is",
    example: "4",
};

/// Its hours.
pub const HOURS: Param = Param {
    flag: "hours",
    wire: "hours",
    kind: Kind::Text,
    default: "those of the shifts",
    help: "From when to when these officers are on duty by the local clock, across midnight too",
    example: "18:00-02:00",
};

/// Its days.
pub const WEEKDAYS: Param = Param {
    flag: "weekdays",
    wire: "weekdays",
    kind: Kind::Text,
    default: "daily",
    help: "On which days their shift begins",
    example: "Thu-Sat",
};

/// Share of a shift for the plan.
pub const FREE: Param = Param {
    flag: "free",
    wire: "free",
    kind: Kind::Number { least: 0.01, most: 1.0 },
    default: NO_DEFAULT,
    help: "Share of a shift that calls leave for directed patrol; 0.4 is 24 minutes of an hour",
    example: "0.4",
};

/// Speed between areas.
pub const SPEED: Param = Param {
    flag: "speed",
    wire: "speed",
    kind: Kind::Text,
    default: NO_DEFAULT,
    help: "Speed between areas, with its unit (km/h, mph)",
    example: "30km/h",
};

/// How much longer ways are.
pub const DETOUR: Param = Param {
    flag: "detour",
    wire: "detour",
    kind: Kind::Number { least: 1.0, most: 3.0 },
    default: "1.3: a grid of streets makes ways 4/π = 1.27 times as long on average",
    help: "How much longer a way is than the crow flies",
    example: "1.4",
};

/// Where no `--detour` is given.
pub const DEFAULT_DETOUR: f64 = 1.3;

/// Minutes of a stop.
pub const STOP: Param = Param {
    flag: "stop",
    wire: "stop_minutes",
    kind: Kind::Count { least: 10, most: 16 },
    default: "15",
    help: "Minutes of a stop; 10 to 16 are what was found to work, most at 14 to 15 (Koper 1995)",
    example: "12",
};

/// Where no `--stop` is given.
pub const DEFAULT_STOP: u64 = 15;

/// How often at most.
pub const EVERY: Param = Param {
    flag: "every",
    wire: "every",
    kind: Kind::Word(&["1h", "2h", "3h", "4h"]),
    default: "2h",
    help: "Length of the windows of the week in which an area gets one stop at most",
    example: "4h",
};

/// What is patrolled.
pub const PATROL: Param = Param {
    flag: "patrol",
    wire: "patrol",
    kind: Kind::Word(&["blocks", "areas"]),
    default: "blocks",
    help: "Patrol areas: the first blocks of the ranking (--top), or the areas that --within names",
    example: "areas",
};

/// For which week.
pub const WEEK_OF: Param = Param {
    flag: "week",
    wire: "week",
    kind: Kind::Period,
    default: "any week in which clocks do not change",
    help: "A date in the week that the plan is for: stops get dates, and shifts over a change of clocks their true length",
    example: "2026-03-08",
};

/// What of the plan is shown.
pub const SHEET: Param = Param {
    flag: "sheet",
    wire: "sheet",
    kind: Kind::Word(&["stops", "areas", "officers"]),
    default: "stops",
    help: "The stops in their order, what each area gets hour by hour, or the minutes of every officer",
    example: "areas",
};

/// How many sites.
pub const SITES: Param = Param {
    flag: "sites",
    wire: "sites",
    kind: Kind::Count { least: 1, most: 100 },
    default: "none: a week of patrols",
    help: "Even coverage instead of patrols: so many blocks as sites that are near to what is expected everywhere (p-median)",
    example: "6",
};

/// How far a site reaches.
pub const REACH: Param = Param {
    flag: "reach",
    wire: "reach_m",
    kind: Kind::Length { least: 1.0, most: 100_000.0 },
    default: "none: the mean distance decides",
    help: "With --sites: the sites that have most of what is expected within this distance (maximal covering)",
    example: "800m",
};

/// What only a week of patrols has.
pub const NOT_WITH_SITES: [Param; 14] =
    [TOP, PATROL, SHIFTS, OFFICERS, HOURS, WEEKDAYS, FREE, SPEED, DETOUR, STOP, EVERY, WEEK_OF, SHEET, SEED];

/// A week of patrols.
pub const PLAN: Operation = Operation {
    command: "plan",
    collection: "plan",
    help: "A week of patrols: short stops in random order where and when most harm is expected, within the minutes there are",
    params: &[
        PERIOD, CATEGORY, ORIGIN, STATUS, WITHIN, BY, GUN, PROACTIVE, TOP, PATROL, SHIFTS, OFFICERS, HOURS,
        WEEKDAYS, FREE, SPEED, DETOUR, STOP, EVERY, WEEK_OF, SHEET, SEED, SITES, REACH,
    ],
};
