//! From flags and configuration to a data set, with everything said that a person should know.

use std::io::Write;
use std::path::{Path, PathBuf};

use clap::ArgMatches;

use super::failure::Failure;
use super::{ground, harm, kept_places, say};
use crate::config::{Config, Files};
use crate::engine::areas::set_areas;
use crate::engine::build::{About, Ground, build_placed};
use crate::engine::params::table::Param;
use crate::engine::params::values::Values;
use crate::engine::placed::HandOut;
use crate::ingest::incidents::{self, IncidentsError, Options};
use crate::ingest::input::Input;
use crate::ingest::refused::{Account, Refused};
use crate::ingest::{crosswalk, shipped};
use crate::model::areas::AreaKind;
use crate::model::class::Classes;
use crate::model::dataset::Dataset;
use crate::model::reports::Ledger;
use crate::space::crs::Crs;
use crate::store::setting::Setting;
use crate::store::{self, Store};

/// A data set, and whether every row of its files was kept.
pub(super) struct Loaded {
    pub(super) dataset: Dataset,
    pub(super) all_kept: bool,
    pub(super) config: Config,
}

/// The configuration that the flags name, with the flags' own values over it.
pub(super) fn config(matches: &ArgMatches) -> Result<Config, Failure> {
    let mut config = match path(matches, "config") {
        Some(file) => Config::open(&file)?,
        None => Config::default(),
    };
    if let Ok(Some(files)) = matches.try_get_many::<PathBuf>("incidents") {
        config.incidents = files.cloned().collect();
    }
    if let Ok(Some(files)) = matches.try_get_many::<PathBuf>("blocks") {
        config.blocks = Files(files.cloned().collect());
    }
    ground::name_context(&mut config, &texts(matches, "context"))?;
    config.layout = path(matches, "layout").or(config.layout);
    config.crs = text(matches, "crs").or(config.crs);
    config.geocode = text(matches, "geocode").map(|word| word == "on").or(config.geocode);
    config.intersections = text(matches, "intersections").or(config.intersections);
    config.source = text(matches, "source").or(config.source);
    config.public_url = text(matches, "public-url").or(config.public_url);
    config.harm = path(matches, "harm").or(config.harm);
    Ok(config)
}

/// The value of a flag that is a word, if the command has it and it was given.
pub(super) fn text(matches: &ArgMatches, flag: &str) -> Option<String> {
    matches.try_get_one::<String>(flag).ok().flatten().cloned()
}

/// The values of a flag that takes several words; none if the command does not have it.
pub(super) fn texts(matches: &ArgMatches, flag: &str) -> Vec<String> {
    matches.try_get_many::<String>(flag).ok().flatten().into_iter().flatten().cloned().collect()
}

/// The value of a flag that is a file, if the command has it and it was given.
pub(super) fn path(matches: &ArgMatches, flag: &str) -> Option<PathBuf> {
    matches.try_get_one::<PathBuf>(flag).ok().flatten().cloned()
}

/// The CRS of `--crs`, if it was given.
pub(super) fn crs(matches: &ArgMatches) -> Result<Option<Crs>, Failure> {
    Ok(text(matches, "crs").as_deref().map(Crs::new).transpose()?)
}

/// Files to be read, by their names.
pub(super) fn inputs<'a>(paths: impl IntoIterator<Item = &'a PathBuf>) -> Result<Vec<Input>, Failure> {
    Ok(paths.into_iter().map(|path| Input::at(path)).collect::<Result<_, _>>()?)
}

/// Loads what a configuration names on the disk.
pub(super) fn load(config: Config, areas: &[String], rejects: Option<&Path>) -> Result<Loaded, Failure> {
    if config.incidents.is_empty() {
        return Err(Failure::NotGiven { flag: "incidents", example: "--incidents crimes.csv" });
    }
    if config.blocks.0.is_empty() {
        return Err(Failure::NotGiven { flag: "blocks", example: "--blocks streets.shp" });
    }
    let inputs = inputs(&config.incidents)?;
    let blocks = ground::block_files(&config.blocks.0)?;
    let layout = layout(config.layout.as_deref())?;
    let areas = ground::area_files(&config, areas)?;
    assemble(config, &inputs, &blocks, &areas, layout, rejects)
}

/// Name and text of a layout of one's own.
pub(super) fn layout(path: Option<&Path>) -> Result<Option<(String, String)>, Failure> {
    path.map(text_at).transpose()
}

/// Name and text of a file.
pub(super) fn text_at(path: &Path) -> Result<(String, String), Failure> {
    let file = path.display().to_string();
    match std::fs::read_to_string(path) {
        Ok(text) => Ok((file, text)),
        Err(source) => Err(Failure::Read { file, source }),
    }
}

/// Puts the text of a file in the place of its name, for a parameter that takes the text itself.
pub(super) fn text_of_file(values: &mut Values, param: &Param) -> Result<(), Failure> {
    let Some(file) = values.text(param).map(str::to_owned) else { return Ok(()) };
    let (_, text) = text_at(Path::new(&file))?;
    Ok(values.set_wire(param, &text)?)
}

/// Loads the sample that ships.
pub(super) fn load_sample() -> Result<Loaded, Failure> {
    const FOLDER: &str = "new-haven";
    let bytes = shipped::file(&format!("{FOLDER}/hotblocks.toml")).unwrap_or_default();
    let config = Config::parse("data/new-haven/hotblocks.toml", &String::from_utf8_lossy(&bytes))?;
    let shipped = |file: &PathBuf| Input::shipped(&format!("{FOLDER}/{}", file.display()));
    let inputs = config.incidents.iter().map(shipped).collect::<Result<Vec<_>, _>>()?;
    let blocks = config.blocks.0.iter().map(shipped).collect::<Result<Vec<_>, _>>()?;
    assemble(config, &inputs, &blocks, &[], None, None)
}

fn assemble(
    config: Config,
    inputs: &[Input],
    blocks: &[Input],
    areas: &[(Option<AreaKind>, PathBuf)],
    layout: Option<(String, String)>,
    rejects: Option<&Path>,
) -> Result<Loaded, Failure> {
    let crs = config.crs.as_deref().map(Crs::new).transpose()?;
    let bar = say::progress(inputs.len());
    let options = Options { source: config.source.clone(), crs: crs.clone(), layout };
    let (ledger, account) = incidents::read(inputs, &options, &|| bar.inc(1))?;
    let read = Read::of(&config, blocks, areas, crs.as_ref())?;
    bar.finish_and_clear();
    let rejects_name = rejects.map(|path| path.display().to_string());
    read.say(rejects_name.as_deref());
    say::account("incidents", &account, rejects_name.as_deref());
    let all_kept = account.refused.is_empty() && read.all_kept();
    if let Some(path) = rejects {
        write_rejects(path, account.refused.iter().chain(read.refused()))?;
    }
    let Read { ground, areas, context, .. } = read;
    let mut dataset = make(&config, ledger, &ground, areas, context, None)?;
    dataset.harm = harm::of(&config, None, &dataset)?;
    Ok(Loaded { dataset, all_kept, config })
}

/// All reports that a store keeps, over the categories that ship where it has none yet.
pub(super) fn ledger(store: &dyn Store) -> Result<(Ledger, u64), Failure> {
    let (mut ledger, revision) = store::ledger(store)?;
    if ledger.classes.tree().rows().is_empty() {
        ledger.classes = Classes::over(crosswalk::tree().map_err(IncidentsError::from)?);
    }
    Ok((ledger, revision))
}

/// Loads what a store keeps.
pub(super) fn stored(config: Config, store: &dyn Store, setting: Setting) -> Result<Loaded, Failure> {
    let (ledger, revision) = ledger(store)?;
    let ground = setting.blocks.map_or(Ground::Addresses, Ground::from);
    let places = &mut kept_places::of(store, revision);
    let mut dataset = make(&config, ledger, &ground, setting.areas, setting.context, Some(places))?;
    dataset.harm = harm::of(&config, setting.harm, &dataset)?;
    Ok(Loaded { dataset, all_kept: true, config })
}

/// What a configuration says of a data set.
pub(super) fn about(config: &Config) -> Result<About, Failure> {
    Ok(About {
        title: config.title.clone().unwrap_or_else(|| "Incidents".to_owned()),
        notice: config.notice.clone(),
        released: config.released.clone().unwrap_or_default(),
        link: config.link_rule()?,
        placing: config.placing()?,
    })
}

/// Builds a data set and says how that went.
fn make(
    config: &Config,
    ledger: Ledger,
    ground: &Ground,
    areas: ground::AreaFiles,
    context: ground::ContextFiles,
    places: Option<HandOut<'_>>,
) -> Result<Dataset, Failure> {
    let mut dataset = build_placed(ledger, ground, about(config)?, places)?;
    set_areas(&mut dataset, areas)?;
    ground::put_context(&mut dataset, context);
    say::resolution(&dataset.resolution, dataset.incidents.count());
    say::assigned(&dataset.assigned);
    ground::tell_hundreds(&dataset);
    ground::tell_areas(&dataset);
    Ok(dataset)
}

/// What incidents are laid on, as it was read from files.
pub(super) struct Read {
    pub(super) ground: Ground,
    pub(super) areas: ground::AreaFiles,
    pub(super) context: ground::ContextFiles,
    /// Of blocks, areas and context; none where there was no file.
    accounts: [(&'static str, Option<Account>); 3],
}

/// Reads blocks, areas and places around them that a configuration and `--areas` name.
pub(super) fn ground(config: &Config, areas: &[String]) -> Result<Read, Failure> {
    let crs = config.crs.as_deref().map(Crs::new).transpose()?;
    let blocks = ground::block_files(&config.blocks.0)?;
    Read::of(config, &blocks, &ground::area_files(config, areas)?, crs.as_ref())
}

impl Read {
    fn of(
        config: &Config,
        blocks: &[Input],
        areas: &[(Option<AreaKind>, PathBuf)],
        crs: Option<&Crs>,
    ) -> Result<Self, Failure> {
        let (ground, of_blocks) = ground::blocks(blocks, crs)?;
        let (areas, of_areas) = ground::areas(areas, crs)?;
        let (context, of_context) = ground::context(&config.context, crs)?;
        let accounts = [
            ("blocks", Some(of_blocks).filter(|_| !blocks.is_empty())),
            ("areas", Some(of_areas).filter(|_| !areas.is_empty())),
            ("context", Some(of_context).filter(|_| !context.is_empty())),
        ];
        Ok(Self { ground, areas, context, accounts })
    }

    fn accounts(&self) -> impl Iterator<Item = (&'static str, &Account)> {
        self.accounts.iter().filter_map(|(what, account)| Some((*what, account.as_ref()?)))
    }

    fn say(&self, rejects: Option<&str>) {
        self.accounts().for_each(|(what, account)| say::account(what, account, rejects));
    }

    fn refused(&self) -> impl Iterator<Item = &Refused> {
        self.accounts().flat_map(|(_, account)| &account.refused)
    }

    /// Whether no shape was refused.
    pub(super) fn all_kept(&self) -> bool {
        self.refused().next().is_none()
    }

    /// Says what became of the shapes, and writes the refused ones where `--rejects` says.
    pub(super) fn tell(&self, matches: &ArgMatches) -> Result<(), Failure> {
        let rejects = path(matches, "rejects");
        self.say(rejects.as_ref().map(|path| path.display().to_string()).as_deref());
        rejects.map_or(Ok(()), |path| write_rejects(&path, self.refused()))
    }
}

/// Writes to the file of `-o`, else to stdout.
pub(super) fn write_text(matches: &ArgMatches, text: &str) -> Result<(), Failure> {
    write_answer(matches, text.as_bytes())
}

/// The same of what may be no text.
pub(super) fn write_answer(matches: &ArgMatches, bytes: &[u8]) -> Result<(), Failure> {
    match path(matches, "output").filter(|path| path.as_os_str() != "-") {
        Some(path) => write_bytes(&path, bytes),
        None => print_bytes(bytes),
    }
}

/// Writes a file whole.
pub(super) fn write_file(path: &Path, text: &str) -> Result<(), Failure> {
    write_bytes(path, text.as_bytes())
}

/// Writes a file that is no text.
pub(super) fn write_bytes(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    write_with(path, |file| file.write_all(bytes))
}

/// Writes a file as it is made.
pub(super) fn write_with<T>(
    path: &Path,
    make: impl FnOnce(&mut std::fs::File) -> std::io::Result<T>,
) -> Result<T, Failure> {
    let failed = |source| Failure::Write { file: path.display().to_string(), source };
    let to = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
    if to.exists() && !to.is_file() {
        let mut file = std::fs::OpenOptions::new().write(true).open(&to).map_err(failed)?;
        return make(&mut file).map_err(failed);
    }
    // Beside it first: a full disk or a lost plug leaves the old file whole.
    let mut part = to.clone().into_os_string();
    part.push(".part");
    let whole = || {
        let mut file = std::fs::File::create(&part)?;
        let made = make(&mut file)?;
        file.sync_all()?;
        std::fs::rename(&part, &to)?;
        Ok(made)
    };
    whole().map_err(|source| {
        // What could not be written whole is of no use; if it cannot be removed either, the first error says more.
        let _ = std::fs::remove_file(&part);
        failed(source)
    })
}

/// Writes to stdout.
pub(super) fn print(text: &str) -> Result<(), Failure> {
    print_bytes(text.as_bytes())
}

fn print_bytes(bytes: &[u8]) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    out.write_all(bytes)
        .and_then(|()| out.flush())
        .map_err(|source| Failure::Write { file: "stdout".to_owned(), source })
}

/// Writes refused rows, one JSON object a line.
pub(super) fn write_rejects<'a>(
    path: &Path,
    refused: impl Iterator<Item = &'a Refused>,
) -> Result<(), Failure> {
    let lines: String = refused.map(|row| serde_json::json!(row).to_string() + "\n").collect();
    write_or_print(path, &lines)
}

/// Writes to a file, or to stdout where it is called `-`.
pub(super) fn write_or_print(path: &Path, text: &str) -> Result<(), Failure> {
    if path.as_os_str() == "-" { print(text) } else { write_file(path, text) }
}

/// Refuses two of these flags that are `-`: their documents would come out as one.
pub(super) fn once_to_stdout(matches: &ArgMatches, flags: &[&'static str]) -> Result<(), Failure> {
    let to_stdout = |flag: &&&'static str| path(matches, flag).is_some_and(|path| path.as_os_str() == "-");
    let mut all = flags.iter().filter(to_stdout);
    match (all.next(), all.next()) {
        (Some(first), Some(second)) => Err(Failure::OneStdout { first, second }),
        _ => Ok(()),
    }
}
