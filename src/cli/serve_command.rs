//! `hotblocks serve`: files or a store over HTTP; with a store, reports are taken in and shown as they come.

use std::sync::Arc;
use std::time::Duration;

use clap::ArgMatches;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::commands::{Opened, loaded_from};
use super::failure::Failure;
use super::kept_places::{self, Keeping};
use super::{exit, flags, ground, harm, load, outreach_command, say, store_command};
use crate::config::Config;
use crate::config::live::{LiveConfig, WebhookConfig};
use crate::engine::areas::set_areas;
use crate::engine::build::Ground;
use crate::engine::live::Live;
use crate::engine::params::patrol::SHIFTS;
use crate::engine::params::values::Values;
use crate::engine::{Engine, View};
use crate::http;
use crate::http::base::Access;
use crate::http::live::{Limits, Retaining, Taking, Webhook};
use crate::http::serve::{DEFAULT_ADDRESS, Early, Service};
use crate::ingest::incidents::Options;
use crate::model::cutoff::Retention;
use crate::plan::outreach::register::Register;
use crate::space::crs::Crs;
use crate::store::Store;
use crate::store::setting::Setting;
use crate::store::sqlite::{Access as Opening, SqliteStore};

/// `serve`.
pub(super) fn run(matches: &ArgMatches) -> Result<u8, Failure> {
    // Reading what is to be served may take a while, in which it may be told to stop.
    let early = Early::watch()?;
    let mut given = flags::values(matches, flags::all_params().into_iter())?;
    load::text_of_file(&mut given, &SHIFTS)?;
    let kept = outreach_command::read(matches, "list")?;
    let Some(file) = load::path(matches, "store") else {
        return listen(matches, Opened::with_list(matches, &given, &[], kept)?, None, &early);
    };
    // To be written, so that no two processes serve one store.
    let store = store_command::open(matches, Opening::Write)?;
    let mut setting = store.setting()?;
    let config = load::config(matches)?.over(Config::kept(&setting.config)?);
    let retention = Retaining { kept: config.retention()?, ..Retaining::default() };
    expire(&store, &retention.kept)?;
    let Some(ground) = setting.blocks.take().map(Ground::from) else {
        return of_addresses(matches, &given, &store, kept, &early);
    };
    let values = given.or(&config.defaults()?);
    let (live, engine) = live(&config, &store, ground, setting, kept)?;
    let options = Options {
        source: None,
        crs: config.crs.as_deref().map(Crs::new).transpose()?,
        layout: load::layout(config.layout.as_deref())?,
    };
    let (rules, webhooks) = (config.live.checked_rules()?, webhooks(&config.live)?);
    let store = Arc::new(store);
    // What a first write needs is read beside the first answers.
    let keeping = Keeping::begin(Arc::clone(&store), file.clone(), live.placer());
    let taking = Taking { store, file, live, options, rules, webhooks, retention };
    let served = listen(matches, Opened { engine, values, all_kept: true, config }, Some(taking), &early);
    keeping.end();
    served
}

/// Lets go what is too old to be kept, before anything is shown.
fn expire(store: &SqliteStore, kept: &Retention) -> Result<(), Failure> {
    if kept.0.is_empty() {
        return Ok(());
    }
    let today = Timestamp::now().to_zoned(TimeZone::UTC).date();
    let expired = store.forget_before(&kept.cutoffs(today), false)?;
    if expired.reports > 0 {
        store_command::expired_are_told(&expired, "too old to be kept");
    }
    if expired.held {
        say::tell("readers hold old pages of the store's log; what is forgotten leaves them later");
    }
    Ok(())
}

/// Blocks that are made from addresses would change with every incident: nothing is taken in over them.
fn of_addresses(
    matches: &ArgMatches,
    given: &Values,
    store: &SqliteStore,
    kept: Option<Register>,
    early: &Early,
) -> Result<u8, Failure> {
    say::tell("the store has blocks from addresses: it is served as it is, and nothing is taken in");
    let (loaded, values) = loaded_from(matches, given, &[], Some(store))?;
    let load::Loaded { dataset, config, all_kept } = loaded;
    let snapshot = crate::engine::snapshot::Snapshot::new(dataset, 1);
    let engine = Arc::new(Engine::of(outreach_command::with(snapshot, kept)?));
    listen(matches, Opened { engine, values, all_kept, config }, None, early)
}

/// The live engine over all that a store keeps, and the engine that its first snapshot is asked of.
fn live(
    config: &Config,
    store: &dyn Store,
    ground: Ground,
    setting: Setting,
    kept: Option<Register>,
) -> Result<(Live, Arc<Engine>), Failure> {
    let (ledger, revision) = load::ledger(store)?;
    let places = &mut kept_places::of(store, revision);
    let mut live = Live::placed(ledger, ground, load::about(config)?, Some(places))?;
    let Setting { areas, context, harm, .. } = setting;
    live.dress(|dataset| {
        set_areas(dataset, areas)?;
        ground::put_context(dataset, context);
        dataset.harm = harm::of(config, harm, dataset)?;
        Ok::<(), Failure>(())
    })?;
    live.keep_list(kept)?;
    let engine = Engine::over(live.snapshot(revision));
    let data = engine.open(&View::all());
    say::resolution(&data.dataset().resolution, data.dataset().incidents.count());
    say::assigned(&data.dataset().assigned);
    Ok((live, Arc::new(engine)))
}

/// Serves until it is told to stop; `early` watched for that until now.
pub(super) fn listen(
    matches: &ArgMatches,
    opened: Opened,
    taking: Option<Taking>,
    early: &Early,
) -> Result<u8, Failure> {
    let config = opened.config;
    let access = Access::new(config.public_url.as_deref(), &config.trusted_proxies, &config.allow_origins)?;
    let service = Service {
        address: load::text(matches, "listen")
            .or(config.listen)
            .unwrap_or_else(|| DEFAULT_ADDRESS.to_owned()),
        metrics: load::text(matches, "metrics-listen").or(config.metrics_listen),
        engine: opened.engine,
        defaults: opened.values,
        access,
        limits: limits(&config.live),
        taking,
    };
    http::serve::serve(service, |address, metrics| {
        early.over();
        if let Some(metrics) = metrics {
            say::tell(&format!("metrics at http://{metrics}/metrics"));
        }
        load::print(&format!("serving the map at http://{address}/ (stop with Ctrl-C)\n"))
            .unwrap_or_default();
    })?;
    Ok(exit::DONE)
}

/// The webhooks that a configuration names, with their secrets from the environment.
fn webhooks(config: &LiveConfig) -> Result<Vec<Webhook>, Failure> {
    let one = |hook: &WebhookConfig| {
        let secrets: Vec<String> =
            hook.secret_env.iter().map(|name| std::env::var(name).unwrap_or_default()).collect();
        let first = hook.first_retry_s.unwrap_or(5.0);
        Ok(Webhook::new(&hook.url, &secrets, hook.events.clone(), hook.allow_loopback, first)?)
    };
    config.webhooks.iter().map(one).collect()
}

/// The bounds that a configuration sets, the usual ones where it says nothing.
fn limits(config: &LiveConfig) -> Limits {
    let usual = Limits::default();
    // No machine has more; beyond it the bounds' own bounds begin.
    const MOST: usize = 1 << 20;
    let bytes = |mib: Option<usize>, usual: usize| mib.map_or(usual, |mib| mib.min(MOST) << 20);
    Limits {
        clients: config.clients.unwrap_or(usual.clients).min(MOST),
        each: config.clients_each.unwrap_or(usual.each),
        head: usual.head,
        request: usual.request,
        heartbeat: config
            .heartbeat_s
            .filter(|s| !s.is_nan())
            .map_or(usual.heartbeat, |s| Duration::from_secs_f64(s.clamp(0.05, 3_600.0))),
        body: bytes(config.body_mib, usual.body),
        unpacked: bytes(config.unpacked_mib, usual.unpacked),
        files: bytes(config.waiting_mib, usual.files),
        alerts: config.waiting_alerts.unwrap_or(usual.alerts).min(MOST),
    }
}
