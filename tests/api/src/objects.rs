//! What is stored, and what became of it.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::request::Target;

/// All objects, by collection and name, and each change since the start.
#[derive(Debug, Default)]
pub(crate) struct Objects {
    version: u64,
    stored: BTreeMap<(String, String), Value>,
    log: Vec<Change>,
    /// Uids are never used again, whatever is restored.
    made: u64,
}

/// What a watch tells.
#[derive(Debug, Clone)]
pub(crate) struct Change {
    pub version: u64,
    pub kind: &'static str,
    pub collection: String,
    pub name: String,
    pub object: Value,
}

/// All objects as they once were.
#[derive(Debug, Clone)]
pub struct Snapshot {
    version: u64,
    stored: BTreeMap<(String, String), Value>,
}

/// Why a request was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refused {
    NotFound,
    AlreadyExists,
    Conflict,
    Invalid,
}

impl Refused {
    pub fn code(self) -> u16 {
        match self {
            Self::NotFound => 404,
            Self::AlreadyExists | Self::Conflict => 409,
            Self::Invalid => 422,
        }
    }

    pub fn reason(self) -> &'static str {
        match self {
            Self::NotFound => "NotFound",
            Self::AlreadyExists => "AlreadyExists",
            Self::Conflict => "Conflict",
            Self::Invalid => "Invalid",
        }
    }
}

impl Objects {
    pub fn get(&self, target: &Target) -> Result<Value, Refused> {
        self.stored.get(&key(target)?).cloned().ok_or(Refused::NotFound)
    }

    pub fn list(&self, target: &Target) -> Value {
        let items: Vec<_> = self.selected(target).cloned().collect();
        json!({
            "kind": "List", "apiVersion": "v1", "items": items, "metadata": {"resourceVersion": self.version.to_string()},
        })
    }

    pub fn create(&mut self, target: &Target, mut object: Value) -> Result<Value, Refused> {
        let name = object["metadata"]["name"].as_str().ok_or(Refused::Invalid)?.to_owned();
        let key = (target.collection.clone(), name);
        if self.stored.contains_key(&key) {
            return Err(Refused::AlreadyExists);
        }
        self.made += 1;
        object["metadata"]["uid"] = json!(format!("uid-{}", self.made));
        object["metadata"]["namespace"] = json!(target.namespace);
        Ok(self.store(key, "ADDED", object))
    }

    /// With a resource version: only if it is the current one. What changes nothing makes no version.
    pub fn replace(&mut self, target: &Target, mut object: Value) -> Result<Value, Refused> {
        let key = key(target)?;
        let stored = self.stored.get(&key).ok_or(Refused::NotFound)?;
        let expected = &object["metadata"]["resourceVersion"];
        if !expected.is_null() && *expected != stored["metadata"]["resourceVersion"] {
            return Err(Refused::Conflict);
        }
        for kept in ["uid", "namespace", "resourceVersion"] {
            object["metadata"][kept] = stored["metadata"][kept].clone();
        }
        if object == *stored {
            return Ok(object);
        }
        Ok(self.store(key, "MODIFIED", object))
    }

    /// Merges into what there is; only what is applied is made. A uid has to be that of the object. Fields that a manager
    /// no longer applies stay: nothing is known of managers here.
    pub fn patch(&mut self, target: &Target, patch: Value, applied: bool) -> Result<Value, Refused> {
        let Some(stored) = self.stored.get(&key(target)?) else {
            return if applied { self.create(target, patch) } else { Err(Refused::NotFound) };
        };
        let uid = &patch["metadata"]["uid"];
        if !uid.is_null() && *uid != stored["metadata"]["uid"] {
            return Err(Refused::Conflict);
        }
        let mut object = stored.clone();
        merge(&mut object, patch);
        self.replace(target, object)
    }

    /// With a uid: only the object that has it.
    pub fn delete(&mut self, target: &Target, uid: Option<&str>) -> Result<Value, Refused> {
        let key = key(target)?;
        let stored = self.stored.get(&key).ok_or(Refused::NotFound)?;
        if uid.is_some_and(|uid| stored["metadata"]["uid"] != uid) {
            return Err(Refused::Conflict);
        }
        let object = self.stored.remove(&key).ok_or(Refused::NotFound)?;
        let object = self.note("DELETED", &key, object);
        Ok(object)
    }

    pub fn back_up(&self) -> Snapshot {
        Snapshot { version: self.version, stored: self.stored.clone() }
    }

    pub fn restore(&mut self, backup: Snapshot) {
        self.version = backup.version;
        self.stored = backup.stored;
        self.log.retain(|change| change.version <= backup.version);
    }

    /// Where a watch that begins now goes on, and what there is.
    pub fn initial(&self, target: &Target) -> (u64, Vec<Value>) {
        (self.version, self.selected(target).cloned().collect())
    }

    /// What happened after this version.
    pub fn since(&self, target: &Target, version: u64) -> Vec<Change> {
        let is_about = |change: &&Change| {
            let named = target.name.as_ref().is_none_or(|name| *name == change.name);
            change.version > version && change.collection == target.collection && named
        };
        self.log.iter().filter(is_about).cloned().collect()
    }

    fn selected(&self, target: &Target) -> impl Iterator<Item = &Value> {
        let is_selected = |(collection, name): &(String, String)| {
            *collection == target.collection && target.name.as_ref().is_none_or(|wanted| wanted == name)
        };
        self.stored.iter().filter(move |(key, _)| is_selected(key)).map(|(_, object)| object)
    }

    fn store(&mut self, key: (String, String), kind: &'static str, object: Value) -> Value {
        let object = self.note(kind, &key, object);
        self.stored.insert(key, object.clone());
        object
    }

    /// Gives the object the next version.
    fn note(&mut self, kind: &'static str, (collection, name): &(String, String), mut object: Value) -> Value {
        self.version += 1;
        object["metadata"]["resourceVersion"] = json!(self.version.to_string());
        self.log.push(Change {
            version: self.version,
            kind,
            collection: collection.clone(),
            name: name.clone(),
            object: object.clone(),
        });
        object
    }
}

fn key(target: &Target) -> Result<(String, String), Refused> {
    Ok((target.collection.clone(), target.name.clone().ok_or(Refused::Invalid)?))
}

/// Objects are merged, everything else is replaced; a null takes a member out.
fn merge(into: &mut Value, patch: Value) {
    match (into, patch) {
        (Value::Object(into), Value::Object(patch)) => {
            for (name, value) in patch {
                if value.is_null() {
                    into.remove(&name);
                } else {
                    merge(into.entry(name).or_insert(Value::Null), value);
                }
            }
        }
        (into, patch) => *into = patch,
    }
}
