//! What the checks found.

use serde::Serialize;

use super::super::form::{Look, Show};
use super::super::grid::{Cell, Grid, Tone, paint};
use super::{Facts, cluster, objects, pods};

/// All findings, and what is to be done.
#[derive(Debug, Serialize)]
pub struct Findings {
    /// The version of this form.
    format: &'static str,
    findings: Vec<Finding>,
}

/// What one check found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What was looked at.
    pub check: &'static str,
    /// How it is.
    pub level: Level,
    /// What was found.
    pub found: String,
    /// What to do about it, in a sentence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
}

/// How something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Level {
    /// As it should be.
    Ok,
    /// A person may want to look, or it can't be seen.
    Warn,
    /// A person has to look.
    Fail,
}

impl Findings {
    /// Looks at everything. Pure.
    pub fn of(facts: &Facts) -> Self {
        let findings = [cluster::findings(facts), pods::findings(facts), objects::findings(facts)].concat();
        Self { format: FORMAT, findings }
    }

    /// Whether nothing has failed.
    pub fn is_well(&self) -> bool {
        self.findings.iter().all(|finding| finding.level < Level::Fail)
    }

    /// What is not as it should be, a line each.
    #[cfg(test)]
    pub fn wrong(&self) -> Vec<String> {
        let wrong = self.findings.iter().filter(|finding| finding.level > Level::Ok);
        wrong.map(|finding| format!("{} {}: {}", finding.level.as_str(), finding.check, finding.found)).collect()
    }

    fn count(&self, level: Level) -> usize {
        self.findings.iter().filter(|finding| finding.level == level).count()
    }
}

impl Finding {
    /// Nothing is to be done.
    pub fn ok(check: &'static str, found: impl Into<String>) -> Self {
        Self { check, level: Level::Ok, found: found.into(), remedy: None }
    }

    /// A person may want to do this.
    pub fn warn(check: &'static str, found: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { check, level: Level::Warn, found: found.into(), remedy: Some(remedy.into()) }
    }

    /// A person has to do this.
    pub fn fail(check: &'static str, found: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { check, level: Level::Fail, found: found.into(), remedy: Some(remedy.into()) }
    }

    /// It can't be seen.
    pub fn unseen(check: &'static str, why: &str) -> Self {
        Self::warn(check, format!("not checked: {why}"), "have somebody with that right run this")
    }
}

impl Level {
    fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::Warn => "WARN",
            Self::Fail => "FAIL",
        }
    }

    fn tone(self) -> Tone {
        match self {
            Self::Ok => Tone::Good,
            Self::Warn => Tone::Doubtful,
            Self::Fail => Tone::Bad,
        }
    }
}

impl Show for Findings {
    /// The list, then what to do, the worst first.
    fn tables(&self, look: Look) -> String {
        let mut grid = Grid::new(look, &["RESULT", "CHECK", "FOUND"], &[]);
        for finding in &self.findings {
            let level = Cell::toned(finding.level.as_str(), finding.level.tone());
            grid.row(vec![level, finding.check.into(), (&*finding.found).into()], vec![]);
        }
        let mut wrong: Vec<_> = self.findings.iter().filter(|finding| finding.remedy.is_some()).collect();
        wrong.sort_by_key(|finding| std::cmp::Reverse(finding.level));
        let remedies = wrong.iter().map(|finding| {
            let level = paint(finding.level.as_str(), finding.level.tone(), look.coloured);
            format!("{level} {}: {}\n", finding.check, finding.remedy.as_deref().unwrap_or_default())
        });
        let remedies: String = remedies.collect();
        let head = if remedies.is_empty() { "" } else { "\nWhat to do:\n" };
        let (warn, fail) = (self.count(Level::Warn), self.count(Level::Fail));
        format!("{}{head}{remedies}\n{} checks: {fail} failed, {warn} to look at\n", grid.finish(), self.findings.len())
    }
}

/// The form for programs.
const FORMAT: &str = "kubectl_livecluster_doctor/v1";
