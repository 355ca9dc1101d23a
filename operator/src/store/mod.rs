//! The route document of a cluster in Kubernetes: a ConfigMap, read fresh and written by compare-and-swap.

use std::collections::BTreeMap;
use std::future::Future;
use std::time::{Duration, Instant};

use k8s_openapi::api::core::v1::ConfigMap;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;
use kube::Api;
use kube::api::{ObjectMeta, PostParams};
use livecluster_mrtmp::route::document::MAX_DOCUMENT_LEN;
use livecluster_mrtmp::route::{File, FileError, NotAccepted, Table};
use tokio::time;

use crate::lease::Leadership;

/// The ConfigMap with the route document of one cluster. Whoever writes has read it before, and has decided on what was
/// read: if it is another one by now, nothing is written.
#[derive(Debug)]
pub struct Store {
    api: Api<ConfigMap>,
    own: Own,
    known: Known,
}

/// What is ours in the ConfigMap.
#[derive(Debug, Clone)]
pub struct Own {
    /// Its name.
    pub name: String,
    /// The cluster that it belongs to: the ConfigMap goes with it.
    pub owner: OwnerReference,
    /// The labels of all that belongs to the cluster.
    pub labels: BTreeMap<String, String>,
}

/// What was read.
#[derive(Debug)]
pub enum Stored {
    /// There is no ConfigMap.
    Absent,
    /// There is one, which no reader takes. A write puts it right.
    Broken(Broken),
    /// The document, and the applications' policy.
    File(File),
}

/// Why no reader takes what is stored.
#[derive(Debug, thiserror::Error)]
pub enum Broken {
    /// The ConfigMap has no [`KEY`].
    #[error("the ConfigMap has no {KEY}")]
    Missing,
    /// It can't be understood.
    #[error(transparent)]
    File(#[from] FileError),
    /// It is another cluster's.
    #[error(transparent)]
    NotAccepted(#[from] NotAccepted),
}

/// Why it was not read, or not written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It is not as it was read, or it is not known whether an earlier write counts: read it, and decide again.
    #[error("the ConfigMap \"{0}\" is not as it was read")]
    Conflict(String),
    /// Somebody else has a ConfigMap of this name; it is left alone.
    #[error("the ConfigMap \"{0}\" belongs to somebody else")]
    Foreign(String),
    /// No reader would take the document.
    #[error("document of {0} bytes exceeds the limit of {MAX_DOCUMENT_LEN}")]
    TooLarge(usize),
    /// Only the leader writes.
    #[error("another operator may lead now")]
    NotLeader,
    /// The API gave no answer in time; a write may count nevertheless.
    #[error("no answer within {REQUEST_LIMIT:?}")]
    Slow,
    /// The API refused, or can't be reached; then a write may count nevertheless.
    #[error(transparent)]
    Api(kube::Error),
}

#[derive(Debug)]
enum Known {
    /// To be read before anything is written.
    Unread,
    Absent,
    Present(Box<ConfigMap>),
}

impl Store {
    /// Of a cluster in the namespace of `api`.
    pub fn new(api: Api<ConfigMap>, own: Own) -> Self {
        Self { api, own, known: Known::Unread }
    }

    /// Reads it, not from a cache.
    pub async fn read(&mut self) -> Result<Stored, Error> {
        self.known = Known::Unread;
        let Some(object) = answered(self.api.get_opt(&self.own.name)).await? else {
            self.known = Known::Absent;
            return Ok(Stored::Absent);
        };
        if !self.is_ours(&object) {
            return Err(Error::Foreign(self.own.name.clone()));
        }
        let stored = self.parse(&object).map_or_else(Stored::Broken, Stored::File);
        self.known = Known::Present(Box::new(object));
        Ok(stored)
    }

    /// Writes it in place of what was read, or written last.
    pub async fn write(&mut self, file: &File, leadership: &Leadership) -> Result<(), Error> {
        let text = file.to_json();
        if text.len() > MAX_DOCUMENT_LEN {
            return Err(Error::TooLarge(text.len()));
        }
        if !leadership.may_act(now()) {
            return Err(Error::NotLeader);
        }
        // Whatever becomes of this write: nothing is known until it has succeeded.
        let written = match std::mem::replace(&mut self.known, Known::Unread) {
            Known::Unread => return Err(self.conflict()),
            Known::Absent => self.create(text).await,
            Known::Present(object) => self.replace(*object, text).await,
        };
        match written {
            Err(Error::Api(kube::Error::Api(status))) if matches!(status.code, 404 | 409) => Err(self.conflict()),
            written => {
                self.known = Known::Present(Box::new(written?));
                Ok(())
            }
        }
    }

    async fn create(&self, text: String) -> Result<ConfigMap, Error> {
        let object = self.filled(ConfigMap::default(), text);
        answered(self.api.create(&params(), &object)).await
    }

    async fn replace(&self, object: ConfigMap, text: String) -> Result<ConfigMap, Error> {
        let object = self.filled(object, text);
        answered(self.api.replace(&self.own.name, &params(), &object)).await
    }

    /// Others may add labels and annotations; what is in it is ours alone.
    fn filled(&self, object: ConfigMap, text: String) -> ConfigMap {
        let Own { name, owner, labels } = self.own.clone();
        let mut metadata = ObjectMeta { name: Some(name), ..object.metadata };
        metadata.owner_references = Some(vec![owner]);
        metadata.labels.get_or_insert_default().extend(labels);
        let data = BTreeMap::from([(KEY.to_owned(), text)]);
        ConfigMap { metadata, data: Some(data), ..ConfigMap::default() }
    }

    fn parse(&self, object: &ConfigMap) -> Result<File, Broken> {
        let text = object.data.as_ref().and_then(|data| data.get(KEY)).ok_or(Broken::Missing)?;
        let file = File::parse(text)?;
        Table::empty(&self.own.owner.uid).accepts(&file.document)?;
        Ok(file)
    }

    fn is_ours(&self, object: &ConfigMap) -> bool {
        let mut owners = object.metadata.owner_references.iter().flatten();
        owners.any(|owner| owner.uid == self.own.owner.uid)
    }

    fn conflict(&self) -> Error {
        Error::Conflict(self.own.name.clone())
    }
}

async fn answered<T>(request: impl Future<Output = kube::Result<T>>) -> Result<T, Error> {
    time::timeout(REQUEST_LIMIT, request).await.map_err(|_| Error::Slow)?.map_err(Error::Api)
}

fn params() -> PostParams {
    PostParams { field_manager: Some(FIELD_MANAGER.to_owned()), ..PostParams::default() }
}

/// The clock of [`Leadership`], as a test may have stopped it.
fn now() -> Instant {
    time::Instant::now().into_std()
}

/// Under which key of the ConfigMap the document is.
pub const KEY: &str = "routes.json";

/// Who owns the fields of the ConfigMap.
pub const FIELD_MANAGER: &str = "livecluster-operator-routes";

/// How long the API may take to answer.
const REQUEST_LIMIT: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests;
