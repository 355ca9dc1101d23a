//! What a person may want to know of what was decided, as events of the resource. Pure.

use kube::runtime::events::{Event, EventType};

use super::follow::News;
use crate::keeper::Moved;
use crate::resource::{ConditionType, LiveClusterStatus};

/// What to tell, after a status that was `before`.
pub(super) fn of(before: Option<&LiveClusterStatus>, after: &LiveClusterStatus, news: Vec<News>) -> Vec<Event> {
    let mut events: Vec<_> = news.into_iter().map(origin).collect();
    events.extend(rollout(before, after));
    events.extend(problem(before, after));
    events
}

/// What to tell of a cluster that is left to another release.
pub(super) fn served_by_another(message: String) -> Event {
    event(EventType::Warning, "ServedByAnother", "Reconcile", message)
}

fn origin(news: News) -> Event {
    match news {
        News::Lost(name) => event(EventType::Warning, "OriginLost", "Route", format!("origin {name} is gone")),
        News::Runs(name) => event(EventType::Normal, "OriginRuns", "Route", format!("origin {name} runs")),
        News::Moved(Moved { from, to, cause }, streams) => {
            let note = format!("{streams} streams moved from {from} to {to}: {}", cause.sentence());
            event(EventType::Normal, "StreamsMoved", "Route", note)
        }
    }
}

fn rollout(before: Option<&LiveClusterStatus>, after: &LiveClusterStatus) -> Option<Event> {
    let before = before.and_then(|before| before.rollout.as_ref());
    let after = after.rollout.as_ref();
    let step = |rollout: &crate::resource::Rollout| (rollout.uid.clone(), rollout.step);
    if before.map(step) == after.map(step) {
        return None;
    }
    let note = match (before, after) {
        (_, Some(rollout)) => format!("pod {} is replaced: {:?}", rollout.pod, rollout.step),
        (Some(rollout), None) => format!("pod {} was replaced", rollout.pod),
        (None, None) => return None,
    };
    Some(event(EventType::Normal, "Rollout", "Rollout", note))
}

/// A problem is told when it comes, and when it is another one.
fn problem(before: Option<&LiveClusterStatus>, after: &LiveClusterStatus) -> Option<Event> {
    let degraded = |status: &LiveClusterStatus| {
        let is_it = |type_: &str, status: &str| type_ == ConditionType::Degraded.as_str() && status == "True";
        let found = status.conditions.iter().find(|condition| is_it(&condition.type_, &condition.status))?;
        Some((found.reason.clone(), found.message.clone()))
    };
    let (reason, message) = degraded(after)?;
    let is_known = before.and_then(degraded).is_some_and(|known| known == (reason.clone(), message.clone()));
    (!is_known).then(|| event(EventType::Warning, &reason, "Reconcile", message))
}

fn event(type_: EventType, reason: &str, action: &str, note: String) -> Event {
    let mut note = note;
    note.truncate(note.floor_char_boundary(MAX_NOTE_LEN));
    Event { type_, reason: reason.to_owned(), note: Some(note), action: action.to_owned(), secondary: None }
}

/// What an API server takes.
const MAX_NOTE_LEN: usize = 1024;

#[cfg(test)]
mod tests {
    use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
    use k8s_openapi::jiff::Timestamp;

    use super::*;
    use crate::resource::{Rollout, RolloutStep};

    fn status(step: Option<RolloutStep>, problem: Option<&str>) -> LiveClusterStatus {
        let since = Time(Timestamp::UNIX_EPOCH);
        let rollout = step.map(|step| Rollout {
            pod: "o-0".to_owned(),
            uid: "u".to_owned(),
            revision: "r".to_owned(),
            step,
            since: since.clone(),
        });
        let condition = problem.map(|message| Condition {
            type_: "Degraded".to_owned(),
            status: "True".to_owned(),
            reason: "ForeignObject".to_owned(),
            message: message.to_owned(),
            observed_generation: None,
            last_transition_time: since.clone(),
        });
        LiveClusterStatus { rollout, conditions: condition.into_iter().collect(), ..LiveClusterStatus::default() }
    }

    #[test]
    fn each_decision_is_told_once() {
        let drain = || status(Some(RolloutStep::Drain), None);
        let foreign = |name| status(None, Some(name));
        let cases = [
            (None, status(None, None), vec![]),
            (None, drain(), vec!["Rollout: pod o-0 is replaced: Drain"]),
            (Some(drain()), drain(), vec![]),
            (Some(drain()), status(Some(RolloutStep::Delete), None), vec!["Rollout: pod o-0 is replaced: Delete"]),
            (Some(drain()), status(None, None), vec!["Rollout: pod o-0 was replaced"]),
            (None, foreign("a"), vec!["ForeignObject: a"]),
            (Some(foreign("a")), foreign("a"), vec![]),
            (Some(foreign("a")), foreign("b"), vec!["ForeignObject: b"]),
            (Some(foreign("a")), status(None, None), vec![]),
        ];
        for (before, after, expected) in cases {
            let events = of(before.as_ref(), &after, Vec::new());

            let short = |event: &Event| format!("{}: {}", event.reason, event.note.as_deref().unwrap_or_default());
            assert_eq!(events.iter().map(short).collect::<Vec<_>>(), expected);
        }
    }
}
