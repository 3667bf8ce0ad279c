//! `--report`: a run as one page that needs nothing else. Its figures are those of `--json`, which it holds too.

mod record;

use crate::report::{judgement_json, judgement_lines, kinds};
use anyhow::{Context, Error, Result};
use askama::Template;
use kohala_host::{
    Count, Dispute, Judgement, Sight,
    meter::{Meter, Traffic},
    rpc::SourceKind,
};
use record::{Blocks, Method, Record, Run};
use serde_json::{Value, json};
use std::{
    fs::File,
    io::Write,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

/// Draws the charts.
const CHART_JS: &str = include_str!("../templates/vendor/chart.umd.min.js");
const STYLE: &str = include_str!("../templates/run.css");
const SCRIPT: &str = include_str!("../templates/run.js");

/// The page of a run that goes on.
pub(crate) struct Page {
    path: PathBuf,
    file: File,
    record: Record,
}

impl Page {
    /// Opens the file of `--report` if one is asked for, and leaves it as it is until the run is over.
    pub(crate) fn open(path: Option<&Path>) -> Result<Option<Self>> {
        let Some(path) = path else { return Ok(None) };
        let file = File::options().write(true).create(true).truncate(false).open(path);
        let file = file.with_context(|| format!("--report: {} can't be written", path.display()))?;
        Ok(Some(Self { path: path.to_owned(), file, record: Record::new(Instant::now()) }))
    }

    /// The same of a run that began at `start`.
    pub(crate) fn since(self, start: Instant) -> Self {
        Self { record: Record::new(start), ..self }
    }

    /// Looks at what the run does.
    pub(crate) fn see(&mut self, sight: &Sight<'_>) {
        self.record.see(sight);
    }

    /// Writes what came out. The verdict stands whether that can be written or not, and so does the exit code.
    pub(crate) fn write(
        self,
        dispute: &Dispute,
        outcome: Result<&Judgement, &Error>,
        asked: Option<&Meter>,
        wall: Duration,
    ) {
        let run = self.record.finish(wall, asked);
        let page = match outcome {
            Ok(judgement) => View::of_judgement(dispute, judgement, asked, &run, wall),
            Err(error) => View::of_failure(dispute, error, asked, &run),
        };
        let written = page.render().map_err(Error::new).and_then(|text| {
            let mut file = &self.file;
            file.write_all(text.as_bytes())?;
            Ok(file.set_len(text.len() as u64)?)
        });
        if let Err(error) = written {
            eprintln!("error: --report: {} can't be written, which changes no verdict: {error:#}", self.path.display());
        }
    }
}

/// What the template shows.
#[derive(Template)]
#[template(path = "run.html")]
struct View<'a> {
    title: String,
    /// What a verdict is called in `--json`; `none` where there is none.
    verdict: &'static str,
    /// The verdict in large letters, and what it means.
    conclusion: (String, String),
    lines: Vec<(&'static str, String)>,
    judgement: Option<&'a Judgement>,
    wall: Duration,
    round_trips: u64,
    preimages: Vec<(&'static str, Count)>,
    sources: Vec<Source<'a>>,
    run: &'a Run,
    /// What `--json` prints, and what else the page tells.
    data: Value,
}

/// What one source was asked, as a whole and by method.
struct Source<'a> {
    name: &'static str,
    total: Traffic,
    methods: Vec<&'a Method>,
}

impl<'a> View<'a> {
    fn of_judgement(
        dispute: &Dispute,
        judgement: &'a Judgement,
        asked: Option<&Meter>,
        run: &'a Run,
        wall: Duration,
    ) -> Self {
        let mut lines = judgement_lines(dispute, judgement, asked, wall);
        let (_, conclusion) = lines.pop().unwrap_or_default();
        let (word, meaning) = conclusion.split_once(": ").unwrap_or((&conclusion, ""));
        Self {
            verdict: if judgement.verdict.is_valid() { "valid" } else { "invalid" },
            conclusion: (word.to_owned(), meaning.to_owned()),
            lines,
            judgement: Some(judgement),
            wall,
            preimages: kinds(&judgement.reads).collect(),
            ..Self::new(dispute, asked, run, judgement_json(dispute, judgement, asked, wall))
        }
    }

    fn of_failure(dispute: &Dispute, error: &Error, asked: Option<&Meter>, run: &'a Run) -> Self {
        let error = format!("{error:#}");
        let lines = vec![
            (
                "claimed",
                format!("block {} has the output root {}", dispute.claimed_block_number, dispute.claimed_output_root),
            ),
            ("trusted", format!("L1 block {}", dispute.l1_head)),
            ("", format!("agreed output root {}", dispute.agreed_output_root)),
        ];
        let json = json!({ "verdict": null, "error": error });
        Self { conclusion: ("NO VERDICT".to_owned(), error), lines, ..Self::new(dispute, asked, run, json) }
    }

    /// What is the same whatever came out.
    fn new(dispute: &Dispute, asked: Option<&Meter>, run: &'a Run, mut data: Value) -> Self {
        let of = run.chain_id.map(|id| format!(" of chain {id}")).unwrap_or_default();
        let sources = asked.map(Meter::traffic).unwrap_or_default().into_iter();
        let source = |(kind, total): (SourceKind, Traffic)| Source {
            name: kind.name(),
            total,
            methods: run.methods.iter().filter(|method| method.source == kind.name()).collect(),
        };
        data["run"] = json!(run);
        Self {
            title: format!("Block {}{of}", dispute.claimed_block_number),
            verdict: "none",
            conclusion: Default::default(),
            lines: Vec::new(),
            judgement: None,
            wall: Duration::ZERO,
            round_trips: asked.map_or(0, Meter::round_trips),
            preimages: Vec::new(),
            sources: sources.map(source).collect(),
            run,
            data,
        }
    }

    /// The phases of a run with a verdict.
    fn phases(&self) -> Vec<(&'static str, Duration)> {
        let Some(Judgement { phases, .. }) = self.judgement else { return Vec::new() };
        vec![
            ("prologue", phases.prologue),
            ("derivation", phases.derivation),
            ("execution", phases.execution),
            ("epilogue", phases.epilogue),
            ("total", self.wall),
        ]
    }

    /// Without the line that names a file, which a browser's tools would ask for.
    fn chart_js(&self) -> &'static str {
        CHART_JS.split("//# sourceMappingURL").next().unwrap_or(CHART_JS)
    }

    /// How high a chart with so many bars one below the other must be.
    fn height(&self, bars: usize) -> usize {
        13 * bars + 70
    }
}

impl Blocks {
    /// Their numbers.
    fn name(&self) -> String {
        if self.first == self.last { self.first.to_string() } else { format!("{} to {}", self.first, self.last) }
    }
}

/// How figures look.
#[expect(unreachable_pub, reason = "the macro makes it so")]
mod filters {
    use askama::{Result, Values, filter_fn};
    use indicatif::{HumanBytes, HumanCount};
    use std::time::Duration;

    #[filter_fn]
    pub fn count(number: &u64, _: &dyn Values) -> Result<HumanCount> {
        Ok(HumanCount(*number))
    }

    /// The name of a method, which may be broken after its prefix.
    #[filter_fn]
    pub fn breakable(name: &str, _: &dyn Values) -> Result<String> {
        Ok(name.replacen('_', "_<wbr>", 1))
    }

    #[filter_fn]
    pub fn bytes(number: &u64, _: &dyn Values) -> Result<HumanBytes> {
        Ok(HumanBytes(*number))
    }

    #[filter_fn]
    pub fn millis(millis: &f64, _: &dyn Values) -> Result<String> {
        Ok(format!("{millis:.1}"))
    }

    #[filter_fn]
    pub fn seconds(time: &Duration, _: &dyn Values) -> Result<f64> {
        Ok(time.as_secs_f64())
    }
}
