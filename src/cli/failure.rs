//! Why a command failed, and the exit code that says so.

use std::error::Error;
use std::io::ErrorKind;

use super::exit;
use crate::config::ConfigError;
use crate::encode::format::FormatError;
use crate::encode::list_file::ListFileError;
use crate::engine::build::BuildError;
use crate::engine::named_block::NoBlock;
use crate::engine::params::table::Param;
use crate::engine::params::values::BadValue;
use crate::http::live::WebhookError;
use crate::http::serve::ServeError;
use crate::ingest::blocks::BlocksError;
use crate::ingest::context::ContextError;
use crate::ingest::harm::HarmError;
use crate::ingest::incidents::IncidentsError;
use crate::ingest::input::InputError;
use crate::layer::answer::AnswerError;
use crate::model::areas::UnknownKind;
use crate::model::cells::CellsError;
use crate::model::context::NoContextKind;
use crate::plan::outreach::check::RegisterError;
use crate::plan::outreach::register::NoteError;
use crate::space::crs::CrsError;
use crate::store::error::StoreError;

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(super) enum Failure {
    #[error("--{flag} is not given; e.g. {example}")]
    NotGiven { flag: &'static str, example: &'static str },
    #[error(transparent)]
    Value(#[from] BadValue),
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error("--crs cannot be used")]
    Crs(#[from] CrsError),
    #[error("a file cannot be used")]
    Input(#[from] InputError),
    #[error("the incidents cannot be used")]
    Incidents(#[from] IncidentsError),
    #[error("the blocks cannot be used")]
    Blocks(#[from] BlocksError),
    #[error("the table of harm weights cannot be used")]
    Harm(#[from] HarmError),
    #[error("the areas cannot be used")]
    Areas(#[source] BlocksError),
    #[error(transparent)]
    Kind(#[from] UnknownKind),
    #[error("`{file}` does not say what kind of areas it holds; name it as in --areas neighborhood={file}")]
    NoKind { file: String },
    #[error("`{file}` does not say what kind of areas it holds; name it as in --kind neighborhood")]
    NoKindHere { file: String },
    #[error("--{first} and --{second} cannot both go to stdout; name a file for one of them")]
    OneStdout { first: &'static str, second: &'static str },
    #[error("the files of blocks hold streets and polygons; give files of one sort")]
    Mixed,
    #[error("`{file}` holds no street lines")]
    NoStreets { file: String },
    #[error("the cells cannot be made")]
    Cells(#[from] CellsError),
    #[error("incidents and blocks make no data set")]
    Build(#[from] BuildError),
    #[error("--{} is not given and not configured; {}, e.g. {}", .0.flag, .0.help, .0.example)]
    Lacking(Param),
    #[error(transparent)]
    Answer(AnswerError),
    #[error("the density cannot be written as GeoTIFF")]
    Raster(#[from] tiff::TiffError),
    #[error(transparent)]
    Format(#[from] FormatError),
    #[error("`{file}` cannot be used as an outreach list")]
    List { file: String, source: ListFileError },
    #[error("the outreach list cannot be used")]
    Register(#[from] RegisterError),
    #[error("nothing was noted")]
    Note(#[from] NoteError),
    #[error("the places around blocks cannot be used")]
    Context(#[from] ContextError),
    #[error(transparent)]
    ContextKind(#[from] NoContextKind),
    #[error("`{text}` does not say what its places are; name it as in --context vacant-lots=lots.geojson")]
    NoContext { text: String },
    #[error(transparent)]
    Serve(#[from] ServeError),
    #[error(transparent)]
    Webhook(#[from] WebhookError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(
        "the files are of several sources ({names}); write each by itself, or give them one name with --source"
    )]
    Sources { names: String },
    #[error("`{file}`: incidents are written as .csv, .geojson, .geojsonl or .ndjson")]
    Ending { file: String },
    #[error("cannot read `{file}`")]
    Read { file: String, source: std::io::Error },
    #[error("`{file}` is an outreach list that is kept; give --previous {file}, or another -o")]
    KeptList { file: String },
    #[error("cannot write `{file}`")]
    Write { file: String, source: std::io::Error },
}

impl From<AnswerError> for Failure {
    /// A parameter has the name of its flag here, not that of an HTTP query.
    fn from(error: AnswerError) -> Self {
        match error {
            AnswerError::NotGiven(param) => Self::Lacking(param),
            other => Self::Answer(other),
        }
    }
}

impl Failure {
    pub(super) fn code(&self) -> u8 {
        match self {
            Self::Ending { .. }
            | Self::NotGiven { .. }
            | Self::Lacking(_)
            | Self::Value(_)
            | Self::Crs(_)
            | Self::Kind(_)
            | Self::ContextKind(_)
            | Self::NoContext { .. }
            | Self::Note(_)
            | Self::NoKind { .. }
            | Self::NoKindHere { .. }
            | Self::OneStdout { .. } => exit::USAGE,
            Self::Store(StoreError::Present { .. }) => exit::USAGE,
            Self::Store(StoreError::Absent { .. } | StoreError::Unknown { .. }) => exit::NOT_FOUND,
            Self::Cells(_) | Self::Mixed | Self::KeptList { .. } => exit::USAGE,
            Self::Answer(AnswerError::Block(NoBlock::Unknown { .. })) => exit::NOT_FOUND,
            Self::Answer(answer) if answer.parameter().is_some() => exit::USAGE,
            Self::Serve(ServeError::Address { .. }) => exit::USAGE,
            Self::Serve(ServeError::NotLoopback { .. }) => exit::NOT_PERMITTED,
            _ if self.io_error() == Some(ErrorKind::NotFound) => exit::NOT_FOUND,
            _ => exit::FAILED,
        }
    }

    /// The kind of the system's error that lies at the ground of this one.
    fn io_error(&self) -> Option<ErrorKind> {
        let mut error: &dyn Error = self;
        while let Some(cause) = error.source() {
            error = cause;
        }
        error.downcast_ref::<std::io::Error>().map(std::io::Error::kind)
    }

    pub(super) fn is_broken_pipe(&self) -> bool {
        matches!(self, Self::Write { source, .. } if source.kind() == std::io::ErrorKind::BrokenPipe)
    }
}
