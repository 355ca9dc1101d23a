//! The document in force, and what a new one is checked for, wherever it comes from.

use std::sync::Arc;

use livecluster_mrtmp::route::{File, Table};
use tokio::sync::watch;

use super::{Figures, Lag, Refused};

/// The document in force.
#[derive(Debug)]
pub(super) struct Current {
    table: Table,
    file: watch::Sender<Option<Arc<File>>>,
    figures: Figures,
    lag: Lag,
    /// What was said of the document that is refused now.
    said: Option<String>,
}

impl Current {
    /// None yet.
    pub fn new(cluster: &str) -> Self {
        let lag = Lag::default();
        Self {
            table: Table::empty(cluster),
            file: watch::Sender::new(None),
            figures: Figures::new(lag.clone()),
            lag,
            said: None,
        }
    }

    /// Puts a document into force, unless there is a reason against it. Whether it says something new.
    pub fn offer(&mut self, place: &str, text: &str) -> bool {
        match self.check(place, text) {
            Ok(file) => {
                self.said = None;
                let is_new = file.is_some();
                file.into_iter().for_each(|file| self.take(file));
                is_new
            }
            Err(refused) => {
                self.refuse(&refused);
                false
            }
        }
    }

    /// The document, if it says something new and may come into force.
    pub fn check(&self, place: &str, text: &str) -> Result<Option<File>, Refused> {
        let place = || place.to_owned();
        let file = File::parse(text).map_err(|error| Refused::Malformed { place: place(), error })?;
        let accepted = self.table.accepts(&file.document);
        accepted.map_err(|error| Refused::NotAccepted { place: place(), error })?;
        let known = self.file.borrow();
        Ok((known.as_deref() != Some(&file)).then_some(file))
    }

    /// Puts a document into force that was checked.
    pub fn take(&mut self, file: File) {
        let generation = file.document.generation;
        tracing::info!(generation, "route document in force");
        self.table = Table::from(file.document.clone());
        self.lag.catch_up(generation);
        self.file.send_replace(Some(Arc::new(file)));
    }

    /// Says so once, however often it is read.
    pub fn refuse(&mut self, refused: &Refused) {
        let text = refused.to_string();
        if self.said.as_ref() != Some(&text) {
            tracing::warn!(error = text, "route document refused, the last good one stays");
            self.figures.count(refused);
            self.said = Some(text);
        }
    }

    /// Whether no document has been in force yet.
    pub fn is_first(&self) -> bool {
        self.file.borrow().is_none()
    }

    pub fn subscribe(&self) -> watch::Receiver<Option<Arc<File>>> {
        self.file.subscribe()
    }

    pub fn figures(&self) -> Figures {
        self.figures.clone()
    }

    pub fn lag(&self) -> Lag {
        self.lag.clone()
    }
}
