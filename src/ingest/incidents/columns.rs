//! Where the column of each role stands in a file.

use crate::ingest::layout::Layout;
use crate::ingest::table::Header;

/// Where each role's column stands.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct At {
    pub(super) source: Option<usize>,
    pub(super) zone: Option<usize>,
    pub(super) feed: Option<usize>,
    pub(super) unit: Option<usize>,
    pub(super) anonymised: Option<usize>,
    pub(super) precision: Option<usize>,
    pub(super) classes: Option<usize>,
    pub(super) reports: Option<usize>,
    pub(super) place: Option<usize>,
    pub(super) id: Option<usize>,
    pub(super) revision: Option<usize>,
    pub(super) status: Option<usize>,
    pub(super) occurred: Option<usize>,
    pub(super) date: Option<usize>,
    pub(super) time: Option<usize>,
    pub(super) month: Option<usize>,
    pub(super) until: Option<usize>,
    pub(super) until_date: Option<usize>,
    pub(super) until_time: Option<usize>,
    pub(super) recorded: Option<usize>,
    pub(super) class: Option<usize>,
    pub(super) count: Option<usize>,
    pub(super) number: Option<usize>,
    pub(super) street: Option<usize>,
    pub(super) area: Option<usize>,
    pub(super) xy: Option<(usize, usize)>,
    pub(super) origin: Option<usize>,
    pub(super) domestic: Option<usize>,
    pub(super) firearm: Option<usize>,
    pub(super) shooting: Option<usize>,
    pub(super) child: Option<usize>,
}

impl At {
    /// Finds the columns of a layout in a header.
    pub(super) fn of(layout: &Layout, header: &Header) -> Self {
        let c = &layout.columns;
        let column = |role: &Option<String>| role.as_deref().and_then(|names| header.find(names));
        Self {
            source: column(&c.source),
            zone: column(&c.zone),
            feed: column(&c.feed),
            unit: column(&c.unit),
            anonymised: column(&c.anonymised),
            precision: column(&c.precision),
            classes: column(&c.classes),
            reports: column(&c.reports),
            place: column(&c.place),
            id: column(&c.id),
            revision: column(&c.revision),
            status: column(&c.status),
            occurred: column(&c.occurred),
            date: column(&c.date),
            time: column(&c.time),
            month: column(&c.month),
            until: column(&c.until),
            until_date: column(&c.until_date),
            until_time: column(&c.until_time),
            recorded: column(&c.recorded),
            class: column(&c.class),
            count: column(&c.count),
            number: column(&c.number),
            street: column(&c.street),
            area: column(&c.area),
            xy: column(&c.x).zip(column(&c.y)),
            origin: column(&c.origin),
            domestic: column(&c.domestic),
            firearm: column(&c.firearm),
            shooting: column(&c.shooting),
            child: column(&c.child),
        }
    }

    /// What the columns are taken for, a line each, for a person who looks before anything happens.
    pub(super) fn describe(&self, header: &Header) -> Vec<String> {
        let name = |at: usize| header.name(at);
        let a = self;
        let roles = [
            ("id", a.id),
            ("revision", a.revision),
            ("status", a.status),
            ("occurred", a.occurred),
            ("date", a.date),
            ("time", a.time),
            ("month", a.month),
            ("until", a.until.or(a.until_date)),
            ("recorded", a.recorded),
            ("class", a.class.or(a.classes)),
            ("count", a.count),
            ("number", a.number),
            ("street", a.street),
            ("area", a.area),
            ("x", a.xy.map(|xy| xy.0)),
            ("y", a.xy.map(|xy| xy.1)),
            ("place", a.place),
            ("origin", a.origin),
            ("domestic", a.domestic),
            ("firearm", a.firearm),
            ("shooting", a.shooting),
            ("child", a.child),
        ];
        let used: Vec<usize> = roles.iter().filter_map(|(_, at)| *at).collect();
        let mut lines: Vec<String> =
            roles.iter().filter_map(|(role, at)| Some(format!("{role:<10} {}", name((*at)?)))).collect();
        let unused: Vec<&str> = (0..header.len()).filter(|at| !used.contains(at)).map(name).collect();
        lines.push(format!("{:<10} {}", "not read", unused.join(", ")));
        lines
    }
}
