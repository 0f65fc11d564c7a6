//! `hotblocks init`, `backup`, `restore`, `verify` and `forget`: a store made, copied, looked at and made to forget.

use clap::{Arg, ArgAction, ArgMatches, Command};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::failure::Failure;
use super::{exit, flags, ground, harm, kept_places, load, say};
use crate::engine::build::Ground;
use crate::ingest::blocks::Shapes;
use crate::model::cutoff::Cutoffs;
use crate::store::error::StoreError;
use crate::store::setting::Setting;
use crate::store::sqlite::{Access, SqliteStore, restore as put_back};
use crate::store::{Expired, Store};

/// The commands.
pub(super) fn commands() -> [Command; 5] {
    let init = Command::new("init")
        .about("Make a store: one file that keeps blocks, areas and every report")
        .after_help("Examples:\n  hotblocks init --store city.hotblocks --blocks streets.shp --areas neighborhood=hoods.geojson\n  hotblocks import incidents crimes.csv --store city.hotblocks\n  hotblocks serve --store city.hotblocks")
        .arg(flags::store().required(true));
    let backup = Command::new("backup")
        .about("Copy a store to a new file while it is served; the copy is looked at before it has its name")
        .arg(flags::store().required(true))
        .arg(flags::output("File to write to; it must not be there").required(true));
    let restore = Command::new("restore")
        .about("Put a backup in the place of a store, once every checksum of it holds")
        .arg(flags::file("BACKUP", "File that `hotblocks backup` wrote"))
        .arg(flags::store().required(true))
        .arg(
            Arg::new("replace")
                .long("replace")
                .action(ArgAction::SetTrue)
                .help("Write over the store that is there; without it that is refused"),
        );
    let verify = Command::new("verify")
        .about("Look at every checksum of a store; name what is damaged, or print the counts and the content hash")
        .arg(flags::store().required(true));
    let forget = Command::new("forget")
        .about("Forget every report of an id, or all incidents before a day: they are gone from the store, its log and every backup made from now on")
        .after_help("Examples:\n  hotblocks forget --store city.hotblocks --source slmpd --external-id 18-004711\n  hotblocks forget --store city.hotblocks --before 2020-01-01\n\nBackups made before still have them. An id may come again with a file that is imported later; what is older than a day given with \
             --before is refused from then on.")
        .arg(flags::store().required(true))
        .arg(flags::source().required_unless_present("before"))
        .arg(
            Arg::new("external-id")
                .long("external-id")
                .value_name("ID")
                .requires("source")
                .required_unless_present("before")
                .conflicts_with("before")
                .allow_hyphen_values(true)
                .help("The id that its source gave it, or the one that layers show where the source gives none"),
        )
        .arg(
            Arg::new("before")
                .long("before")
                .value_name("DATE")
                .value_parser(day)
                .help("Every incident that ended before this day, of one source or of all; at most today"),
        );
    [flags::setting(init), backup, restore, verify, forget]
}

/// The file of `--store`.
pub(super) fn open(matches: &ArgMatches, access: Access) -> Result<SqliteStore, Failure> {
    Ok(SqliteStore::open(&load::path(matches, "store").unwrap_or_default(), access)?)
}

/// `init`.
pub(super) fn init(matches: &ArgMatches) -> Result<u8, Failure> {
    let config = load::config(matches)?;
    if config.blocks.0.is_empty() {
        return Err(Failure::NotGiven { flag: "blocks", example: "--blocks streets.shp" });
    }
    config.link_rule()?;
    config.placing()?;
    config.defaults()?;
    config.live.checked_rules()?;
    config.retention()?;
    let read = load::ground(&config, &load::texts(matches, "areas"))?;
    read.tell(matches)?;
    let harm = harm::checked(&config)?;
    ground::usable(&read.ground)?;
    let all_kept = read.all_kept();
    let blocks = match read.ground {
        Ground::Streets(streets) => Some(Shapes::Streets(streets)),
        Ground::Areas(areas) => Some(Shapes::Areas(areas)),
        Ground::Addresses => None,
    };
    let setting =
        Setting { blocks, areas: read.areas, context: read.context, harm, config: config.to_keep()? };
    let path = load::path(matches, "store").unwrap_or_default();
    SqliteStore::create(&path, &setting)?;
    let name = path.display();
    say::tell(&format!(
        "{name} is made; bring it incidents with hotblocks import incidents FILE --store {name}"
    ));
    Ok(if all_kept { exit::DONE } else { exit::SOME_REFUSED })
}

/// `backup`.
pub(super) fn backup(matches: &ArgMatches) -> Result<u8, Failure> {
    let to = load::path(matches, "output").unwrap_or_default();
    let revision = open(matches, Access::Read)?.backup(&to)?;
    say::tell(&format!("{}: revision {revision}, every checksum holds", to.display()));
    Ok(exit::DONE)
}

/// `restore`.
pub(super) fn restore(matches: &ArgMatches) -> Result<u8, Failure> {
    let backup = load::path(matches, "BACKUP").unwrap_or_default();
    let store = load::path(matches, "store").unwrap_or_default();
    let verified = put_back(&backup, &store, matches.get_flag("replace"))?;
    say::tell(&format!(
        "{}: revision {} with {} reports, every checksum holds",
        store.display(),
        verified.revision,
        say::thousands(verified.reports)
    ));
    Ok(exit::DONE)
}

/// `verify`.
pub(super) fn verify(matches: &ArgMatches) -> Result<u8, Failure> {
    let found = open(matches, Access::Read)?.verify()?;
    kept_places::tell_damaged(&found.damaged_places);
    let content: String = found.content.iter().map(|byte| format!("{byte:02x}")).collect();
    let but = if found.damaged_places.is_empty() { "" } else { " but those of kept places" };
    load::print(&format!(
        "revision {}, {} reports in {} parts, every checksum{but} holds, content {content}\n",
        found.revision, found.reports, found.parts
    ))?;
    Ok(exit::DONE)
}

/// A day that is not to come.
fn day(text: &str) -> Result<Date, String> {
    let day: Date = text.parse().map_err(|_| "give a day as 2020-01-01".to_owned())?;
    // Somewhere it is tomorrow already.
    let today = Timestamp::now().to_zoned(TimeZone::UTC).date();
    if day > today.tomorrow().unwrap_or(today) {
        return Err("give a day that is not to come".to_owned());
    }
    Ok(day)
}

/// `forget`.
pub(super) fn forget(matches: &ArgMatches) -> Result<u8, Failure> {
    let store = open(matches, Access::Write)?;
    let word = |flag: &str| load::text(matches, flag).unwrap_or_default();
    if let Some(&day) = matches.get_one::<Date>("before") {
        let source = load::text(matches, "source");
        let expired = store.forget_before(&Cutoffs::before(day, source.as_deref()), true)?;
        expired_are_told(&expired, &format!("before {day}"));
        return if expired.held { Err(StoreError::Held.into()) } else { Ok(exit::DONE) };
    }
    let forgotten = store.forget(&word("source"), &word("external-id"))?;
    say::tell(&format!("{} reports are forgotten", say::thousands(forgotten.reports)));
    Ok(exit::DONE)
}

/// Says how many incidents of each source are forgotten.
pub(super) fn expired_are_told(expired: &Expired, which: &str) {
    let all = expired.incidents.values().sum();
    let each = expired.incidents.iter().map(|(source, &n)| format!("{source} {}", say::thousands(n)));
    let of: String = std::iter::once(String::new()).chain(each).collect::<Vec<_>>().join(" · ");
    let (all, reports) = (say::thousands(all), say::thousands(expired.reports));
    say::tell(&format!("{all} incidents {which} are forgotten, with {reports} reports{of}"));
}
