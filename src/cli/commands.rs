//! What each command does.

use std::path::PathBuf;
use std::sync::Arc;

use clap::ArgMatches;
use serde_json::Value as Json;

use super::failure::Failure;
use super::{
    blocks_command, exit, explain_command, flags, formats, import_command, import_incidents, load,
    outreach_command, say, serve_command, store_command, tiles_command,
};
use crate::config::Config;
use crate::encode;
use crate::engine::params::clusters::CLUSTERS;
use crate::engine::params::counts::{CHANGE, COUNTS};
use crate::engine::params::explain::RANKED_UNIT;
use crate::engine::params::hotspots::HOTSPOTS;
use crate::engine::params::near_repeat::{NEAR_REPEAT, ZONES};
use crate::engine::params::patrol::{PLAN, SHIFTS};
use crate::engine::params::ranking::{DRAWS, RANK};
use crate::engine::params::table::{AREAS, DEFAULT_TOP, DENSITY, INCIDENTS, Operation, TOP};
use crate::engine::params::targets::{BUDGET, TARGETS};
use crate::engine::params::values::Values;
use crate::engine::ranking::draws_unasked;
use crate::engine::snapshot::Snapshot;
use crate::engine::{Engine, View};
use crate::http::serve::Early;
use crate::layer::answer::answer;
use crate::layer::density_answer::surface;
use crate::layer::{Layer, Page};
use crate::plan::outreach::register::Register;
use crate::rank::draws::DrawParams;
use crate::store::Store;
use crate::store::sqlite::{Access as StoreAccess, SqliteStore};

/// Runs the command that was given.
pub(super) fn run(matches: &ArgMatches) -> Result<u8, Failure> {
    match matches.subcommand() {
        Some(("demo", matches)) => demo(matches),
        Some(("serve", matches)) => serve_command::run(matches),
        Some(("export", matches)) => match matches.subcommand() {
            Some(("tiles", matches)) => tiles_command::run(matches),
            _ => export(matches),
        },
        Some(("density", matches)) => analyse(&DENSITY, matches),
        Some(("clusters", matches)) => analyse(&CLUSTERS, matches),
        Some(("near-repeat", matches)) => analyse(&NEAR_REPEAT, matches),
        Some(("hotspots", matches)) => analyse(&HOTSPOTS, matches),
        Some(("rank", matches)) => analyse(&RANK, matches),
        Some(("compare", matches)) => analyse(&CHANGE, matches),
        Some(("counts", matches)) => analyse(&COUNTS, matches),
        Some(("areas", matches)) => areas(matches),
        Some(("explain", matches)) => explain_command::run(matches),
        Some(("list", matches)) => outreach_command::list(matches),
        Some(("brief", matches)) => outreach_command::brief(matches),
        Some(("plan", matches)) => analyse(&PLAN, matches),
        Some(("blocks", matches)) => blocks_command::run(matches),
        Some(("init", matches)) => store_command::init(matches),
        Some(("backup", matches)) => store_command::backup(matches),
        Some(("restore", matches)) => store_command::restore(matches),
        Some(("verify", matches)) => store_command::verify(matches),
        Some(("forget", matches)) => store_command::forget(matches),
        Some(("import", matches)) => match matches.subcommand() {
            Some(("incidents", matches)) => import_incidents::incidents(matches),
            Some(("areas", matches)) => import_command::areas(matches),
            Some(("blocks", matches)) => import_command::blocks(matches),
            Some(("context", matches)) => import_command::context(matches),
            _ => Ok(exit::USAGE),
        },
        // `flags::command` requires one of the commands above.
        _ => Ok(exit::USAGE),
    }
}

/// Named areas; with a budget, target areas.
fn areas(matches: &ArgMatches) -> Result<u8, Failure> {
    let given = flags::values(matches, TARGETS.params.iter())?;
    if given.has(&BUDGET) {
        return analyse(&TARGETS, matches);
    }
    match flags::targets_only().find(|param| given.has(param)) {
        // A limit of targets without a budget is no question about named areas.
        Some(_) => Err(Failure::NotGiven { flag: BUDGET.flag, example: BUDGET.example }),
        None => analyse(&AREAS, matches),
    }
}

fn analyse(operation: &Operation, matches: &ArgMatches) -> Result<u8, Failure> {
    let mut given = flags::values(matches, operation.params.iter())?;
    load::text_of_file(&mut given, &SHIFTS)?;
    let opened = Opened::new(matches, &given, &[operation])?;
    let file = load::path(matches, "output");
    let raster = |file: &PathBuf| file.extension().is_some_and(|e| e == "tif" || e == "tiff");
    if let (true, Some(file)) = (operation.command == DENSITY.command, file.filter(raster)) {
        let snapshot = opened.engine.open(&View::all());
        let bytes = encode::geotiff::geotiff(&surface(&snapshot, &opened.values)?, &snapshot.dataset().crs)?;
        load::write_bytes(&file, &bytes)?;
        return Ok(opened.code());
    }
    let page = Page { limit: top(operation, &given), ..Page::ALL };
    if given_unit(operation, matches)? {
        return explain_command::addresses(matches, &opened, page);
    }
    let layer = opened.list(operation, page)?;
    let bytes = if operation.command == PLAN.command && formats::word(matches) == formats::TABLE {
        encode::plan::sheets(&layer).into_bytes()
    } else {
        formats::written(matches, &layer)?
    };
    load::write_answer(matches, &bytes)?;
    Ok(opened.code())
}

/// Whether addresses are to be ranked instead of blocks.
fn given_unit(operation: &Operation, matches: &ArgMatches) -> Result<bool, Failure> {
    if operation.command != RANK.command {
        return Ok(false);
    }
    Ok(flags::values(matches, [&RANKED_UNIT].into_iter())?.word(&RANKED_UNIT) == Some("addresses"))
}

fn top(operation: &Operation, values: &Values) -> usize {
    if [RANK.command, CHANGE.command].contains(&operation.command) {
        values.count(&TOP).map_or(DEFAULT_TOP, |n| usize::try_from(n).unwrap_or(usize::MAX))
    } else {
        usize::MAX
    }
}

/// What `export` writes in any case.
const EXPORTED: [&Operation; 6] = [&INCIDENTS, &RANK, &DENSITY, &CLUSTERS, &HOTSPOTS, &AREAS];

fn export(matches: &ArgMatches) -> Result<u8, Failure> {
    let given = flags::values(matches, flags::all_params().into_iter())?;
    let opened = Opened::new(matches, &given, &EXPORTED)?;
    let folder = load::path(matches, "output").unwrap_or_default();
    std::fs::create_dir_all(&folder)
        .map_err(|source| Failure::Write { file: folder.display().to_string(), source })?;
    // Its edges are not asked for: who does not give them does without.
    let near_repeat = opened.values.lacking(&[&ZONES]).is_none().then_some(&ZONES);
    for operation in EXPORTED.into_iter().chain(near_repeat) {
        let layer = match opened.layer(operation, Page::ALL) {
            // Counts that are all alike have layers, but no hot spots.
            Err(why) if operation.collection == HOTSPOTS.collection => {
                say::tell(&format!("hotspots.geojson is left out: {why}"));
                continue;
            }
            layer => layer?,
        };
        if operation.collection == AREAS.collection && layer.features.is_empty() {
            continue;
        }
        let file = folder.join(format!("{}.geojson", operation.collection));
        load::write_file(&file, &encode::geojson::collection(&layer, Json::Null))?;
        say::tell(&format!("{}: {} features", file.display(), layer.features.len()));
    }
    let list = opened.list(&RANK, Page { limit: top(&RANK, &given), ..Page::ALL })?;
    load::write_file(&folder.join("rank.csv"), &encode::csv::rows(&list))?;
    load::print(&encode::table::table(&list))?;
    Ok(opened.code())
}

fn demo(matches: &ArgMatches) -> Result<u8, Failure> {
    let early = Early::watch()?;
    let loaded = load::load_sample()?;
    let values = loaded.config.defaults()?;
    let opened = Opened::from(loaded, values);
    let list = opened.list(&RANK, Page { limit: DEFAULT_TOP, ..Page::ALL })?;
    load::print(&encode::table::table(&list))?;
    serve_command::listen(matches, opened, None, &early)
}

/// The data that flags and configuration name, with the values that hold, once all that the operations need is known to be
/// given or configured.
pub(super) fn loaded(
    matches: &ArgMatches,
    given: &Values,
    operations: &[&Operation],
) -> Result<(load::Loaded, Values), Failure> {
    loaded_from(matches, given, operations, None)
}

/// The same from a store that is open already.
pub(super) fn loaded_from(
    matches: &ArgMatches,
    given: &Values,
    operations: &[&Operation],
    store: Option<&SqliteStore>,
) -> Result<(load::Loaded, Values), Failure> {
    let own = match store {
        None if load::path(matches, "store").is_some() => {
            Some(store_command::open(matches, StoreAccess::Read)?)
        }
        _ => None,
    };
    let stored = store.or(own.as_ref());
    let setting = stored.map(|store| store.setting()).transpose()?;
    let config = match &setting {
        Some(setting) => load::config(matches)?.over(Config::kept(&setting.config)?),
        None => load::config(matches)?,
    };
    let values = given.or(&config.defaults()?);
    if let Some(missing) = values.lacking(operations) {
        return Err(Failure::Lacking(*missing));
    }
    if let (Some(store), Some(setting)) = (stored, setting) {
        return Ok((load::stored(config, store, setting)?, values));
    }
    let rejects = load::path(matches, "rejects");
    // A command that answers does so to stdout, unless `-o` names a file.
    let answers = matches.try_get_one::<PathBuf>("output");
    if answers.is_ok_and(|output| output.is_none_or(|path| path.as_os_str() == "-"))
        && rejects.as_ref().is_some_and(|path| path.as_os_str() == "-")
    {
        return Err(Failure::OneStdout { first: "output", second: "rejects" });
    }
    let areas = load::texts(matches, "areas");
    Ok((load::load(config, &areas, rejects.as_deref())?, values))
}

/// A data set ready to answer, with the values that hold for every question.
pub(super) struct Opened {
    pub(super) engine: Arc<Engine>,
    pub(super) values: Values,
    pub(super) all_kept: bool,
    pub(super) config: Config,
}

impl Opened {
    /// Loads the data, once all that the operations need is known to be given or configured.
    pub(super) fn new(
        matches: &ArgMatches,
        given: &Values,
        operations: &[&Operation],
    ) -> Result<Self, Failure> {
        let (loaded, values) = loaded(matches, given, operations)?;
        Ok(Self::from(loaded, values))
    }

    /// The same with an outreach list that is kept.
    pub(super) fn with_list(
        matches: &ArgMatches,
        given: &Values,
        operations: &[&Operation],
        kept: Option<Register>,
    ) -> Result<Self, Failure> {
        let (load::Loaded { dataset, config, all_kept }, values) = loaded(matches, given, operations)?;
        let snapshot = outreach_command::with(Snapshot::new(dataset, 1), kept)?;
        Ok(Self { engine: Arc::new(Engine::of(snapshot)), values, all_kept, config })
    }

    fn from(loaded: load::Loaded, values: Values) -> Self {
        Self {
            values,
            engine: Arc::new(Engine::new(loaded.dataset)),
            all_kept: loaded.all_kept,
            config: loaded.config,
        }
    }

    pub(super) fn layer(&self, operation: &Operation, page: Page) -> Result<Layer, Failure> {
        made(&self.engine.open(&View::all()), operation, &self.values, page)
    }

    /// A layer to be read: of ranked blocks it says how sure each place is, where nothing else was asked for.
    fn list(&self, operation: &Operation, page: Page) -> Result<Layer, Failure> {
        let snapshot = self.engine.open(&View::all());
        let unasked = operation.command == RANK.command && self.values.count(&DRAWS).is_none();
        if !unasked || !draws_unasked(snapshot.dataset()) {
            return made(&snapshot, operation, &self.values, page);
        }
        let mut values = self.values.clone();
        values.set_wire(&DRAWS, &DrawParams::DRAWS.to_string())?;
        made(&snapshot, operation, &values, page)
    }

    pub(super) fn engine(&self) -> &Engine {
        &self.engine
    }

    pub(super) fn values(&self) -> &Values {
        &self.values
    }

    pub(super) fn code(&self) -> u8 {
        if self.all_kept { exit::DONE } else { exit::SOME_REFUSED }
    }
}

/// A layer whose warnings have been said to stderr, where a person sees them whatever its format.
fn made(snapshot: &Snapshot, operation: &Operation, values: &Values, page: Page) -> Result<Layer, Failure> {
    let layer = say::watched(|| answer(snapshot, operation, values, page))?;
    layer.warnings().for_each(|warning| say::tell(&format!("warning: {warning}")));
    Ok(layer)
}
