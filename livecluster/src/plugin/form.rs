//! In which form an answer is written.

use std::io::IsTerminal;

use livecluster_operator::yaml;
use serde::Serialize;

use super::failed::Failed;

/// In which form.
#[derive(Debug, clap::Args)]
pub struct Form {
    /// How to write the answer: without it, as tables for people
    #[arg(short, long, value_name = "json|yaml|wide", global = true)]
    pub output: Option<Kind>,
}

/// A form that is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Kind {
    /// For programs
    Json,
    /// For programs, and people
    Yaml,
    /// Tables with more columns
    Wide,
}

/// What can be shown: as tables, and with all its members for programs.
pub trait Show: Serialize {
    /// The tables.
    fn tables(&self, look: Look) -> String;
}

/// How tables look.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Look {
    /// With more columns.
    pub wide: bool,
    /// With colours.
    pub coloured: bool,
}

/// The form that was asked for, and how tables look.
#[derive(Debug, Clone, Copy)]
pub struct Output {
    kind: Option<Kind>,
    coloured: bool,
}

impl Form {
    /// Colours are for terminals, unless `NO_COLOR` is set.
    pub fn output(&self) -> Output {
        let unwanted = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Output { kind: self.output, coloured: std::io::stdout().is_terminal() && !unwanted }
    }
}

impl Output {
    /// Without colours.
    #[cfg(test)]
    pub fn plain(kind: Option<Kind>) -> Self {
        Self { kind, coloured: false }
    }

    /// One answer.
    pub fn write(self, answer: &impl Show) -> Result<String, Failed> {
        match self.kind {
            None | Some(Kind::Wide) => Ok(answer.tables(self.look())),
            Some(Kind::Json) => json(answer),
            Some(Kind::Yaml) => yaml::document(answer).map_err(|error| Failed::Form(error.to_string())),
        }
    }

    /// Several of them: a list, for programs.
    pub fn write_all(self, answers: &[impl Show]) -> Result<String, Failed> {
        match self.kind {
            None | Some(Kind::Wide) => {
                let tables: Vec<_> = answers.iter().map(|answer| answer.tables(self.look())).collect();
                Ok(tables.join("\n"))
            }
            Some(Kind::Json) => json(&answers),
            Some(Kind::Yaml) => yaml::document(&answers).map_err(|error| Failed::Form(error.to_string())),
        }
    }

    fn look(self) -> Look {
        Look { wide: self.kind == Some(Kind::Wide), coloured: self.coloured }
    }
}

fn json(answer: &impl Serialize) -> Result<String, Failed> {
    serde_json::to_string_pretty(answer).map_err(|error| Failed::Form(error.to_string()))
}
