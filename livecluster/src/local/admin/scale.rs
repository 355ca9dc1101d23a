//! More parts of a local cluster, or fewer.

use std::time::{Duration, Instant};

use livecluster_operator::routing::Part;
use serde::Serialize;

use super::origins::{LEAVE_LIMIT, check_others};
use super::{Act, Handle, Refused, Snapshot};
use crate::local::parts::{Role, number};

/// What came and went.
#[derive(Debug, Serialize)]
pub struct Scaled {
    started: Vec<String>,
    ended: Vec<String>,
    milliseconds: u128,
}

impl Handle {
    /// Until there are so many: the lowest numbers. Origins that come take streams then; parts that go have ended, an
    /// origin after its last stream, an edge after its last client.
    pub async fn scale(&self, role: Role, count: u16) -> Result<Scaled, Refused> {
        let began = Instant::now();
        let before = match role {
            Role::Origin => self.look_at_deciding().await?,
            Role::Edge => self.look().await?,
        };
        let here = numbers(&before, role);
        let missing: Vec<_> = (0..count).filter(|index| !here.contains(index)).collect();
        let surplus: Vec<_> = here.into_iter().filter(|index| *index >= count).map(|index| role.part(index)).collect();
        if role == Role::Origin && missing.is_empty() {
            check_others(&before, |origin| surplus.iter().any(|part| part.name() == origin))?;
        }
        let started = self.start(role, missing).await?;
        self.end(role, &surplus).await?;
        let ended = surplus.iter().map(|part| part.name().to_string()).collect();
        Ok(Scaled { started, ended, milliseconds: began.elapsed().as_millis() })
    }

    async fn start(&self, role: Role, indices: Vec<u16>) -> Result<Vec<String>, Refused> {
        for index in &indices {
            self.act(Act::Start(role, *index)).await?;
        }
        let parts: Vec<_> = indices.into_iter().map(|index| role.part(index)).collect();
        for part in &parts {
            self.until_ready(part).await?;
            if let Part::Origin(origin) = part {
                self.until_active(origin).await?;
            }
        }
        Ok(parts.iter().map(|part| part.name().to_string()).collect())
    }

    async fn until_ready(&self, part: &Part) -> Result<(), Refused> {
        let failed = |now: &Snapshot| now.failed.clone().filter(|(failed, _)| failed == part);
        let ready = self.until(START_LIMIT, |now| match failed(now) {
            Some((part, why)) => Some(Err(Refused::NotStarted { part: part.name().clone(), why })),
            None => now.pid(part).map(|_| Ok(())),
        });
        let late = || Refused::Late { what: format!("{} ready", part.name()), limit: START_LIMIT };
        ready.await?.ok_or_else(late)?
    }

    async fn end(&self, role: Role, parts: &[Part]) -> Result<(), Refused> {
        for part in parts {
            self.act(Act::Leave(part.clone())).await?;
        }
        let limit = match role {
            Role::Origin => LEAVE_LIMIT,
            Role::Edge => EDGE_LIMIT,
        };
        let is_here = |now: &Snapshot, part: &Part| {
            now.parts.iter().any(|(one, _)| one == part) || now.document.origin(part.name()).is_some()
        };
        let ended = self.until(limit, |now| (!parts.iter().any(|part| is_here(now, part))).then_some(()));
        let late = || Refused::Late { what: format!("{} ended", names(parts)), limit };
        ended.await?.ok_or_else(late)
    }
}

fn numbers(snapshot: &Snapshot, role: Role) -> Vec<u16> {
    let parts = snapshot.parts.iter().map(|(part, _)| part);
    let of_role = parts.filter(|part| matches!(part, Part::Origin(_)) == (role == Role::Origin));
    of_role.map(Part::name).filter_map(number).collect()
}

fn names(parts: &[Part]) -> String {
    parts.iter().map(|part| &**part.name()).collect::<Vec<&str>>().join(", ")
}

/// How long a part may take to be ready, or to say why it never is.
const START_LIMIT: Duration = Duration::from_secs(40);

/// How long an edge may take to end, clients included.
const EDGE_LIMIT: Duration = Duration::from_secs(400);
