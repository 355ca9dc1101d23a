//! Checks of the definition, the operator, and what the resource itself says. Pure.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::ResourceExt;
use livecluster_mrtmp::route::State;
use livecluster_operator::resource::{LiveClusterStatus, PAUSED, crd};
use serde_json::Value;

use super::super::overview::{is_ready, since};
use super::Facts;
use super::facts::holder;
use super::findings::Finding;

/// What they find.
pub fn findings(facts: &Facts) -> Vec<Finding> {
    let mut findings = vec![definition(facts), served(facts), leader(facts), operator(facts), observed(facts)];
    findings.extend(facts.seen.cluster.status.iter().flat_map(|status| &status.conditions).map(condition));
    findings.push(routes(facts));
    findings.push(secret(facts));
    findings.extend(paused(facts));
    findings
}

fn definition(facts: &Facts) -> Finding {
    let check = "definition";
    let installed = match &facts.definition {
        Ok(installed) => serde_json::to_value(installed).unwrap_or_default(),
        Err(why) => return Finding::unseen(check, why),
    };
    let own = serde_json::to_value(crd()).unwrap_or_default();
    let (version, ours) = (&installed["spec"]["versions"][0], &own["spec"]["versions"][0]);
    let release = env!("CARGO_PKG_VERSION");
    if version["name"] != ours["name"] {
        let found = format!("its version is {}, not {}", version["name"], ours["name"]);
        return Finding::fail(check, found, APPLY_DEFINITION);
    }
    if holds(&version["schema"], &ours["schema"]) {
        return Finding::ok(check, format!("installed, and as release {release} has it"));
    }
    let found = format!("it is another one than that of release {release}, which this program is of");
    Finding::warn(check, found, APPLY_DEFINITION)
}

/// Whether a value has all of another: an API server adds what was left out.
fn holds(value: &Value, part: &Value) -> bool {
    match (value, part) {
        (Value::Object(value), Value::Object(part)) => {
            part.iter().all(|(name, part)| value.get(name).is_some_and(|value| holds(value, part)))
        }
        (Value::Array(value), Value::Array(part)) => {
            value.len() == part.len() && value.iter().zip(part).all(|(value, part)| holds(value, part))
        }
        (Value::Number(value), Value::Number(part)) => value.as_f64() == part.as_f64(),
        (value, part) => value == part,
    }
}

fn served(facts: &Facts) -> Finding {
    let (check, release) = ("served", env!("CARGO_PKG_VERSION"));
    let operator = facts.seen.cluster.status.as_ref().and_then(|status| status.operator.as_ref());
    let Some(by) = operator else {
        let remedy = "install the chart, or add this namespace to its value watchNamespaces";
        return Finding::fail(check, "no operator has looked at it yet", remedy);
    };
    let found = format!("by release {} in namespace {}, version {}", by.release, by.namespace, by.version);
    if by.version == release {
        return Finding::ok(check, found);
    }
    Finding::warn(
        check,
        found,
        format!("this program is of version {release}: what they show may differ; use one of {}", by.version),
    )
}

fn leader(facts: &Facts) -> Finding {
    let check = "leader";
    let lease = match &facts.lease {
        None => return Finding::warn(check, "not checked: nobody serves this cluster", "see the check `served`"),
        Some(Err(why)) => return Finding::unseen(check, why),
        Some(Ok(lease)) => lease,
    };
    let Some(pod) = holder(lease) else {
        return Finding::fail(check, "no operator leads: nothing is decided, and what runs goes on", LOOK_AT_OPERATORS);
    };
    let renewed = lease.spec.as_ref().and_then(|spec| spec.renew_time.as_ref()).map(|time| since(time.0, facts.now));
    match renewed {
        Some(seconds) if seconds <= MAX_SILENCE => Finding::ok(check, format!("{pod}, and it renews its lease")),
        Some(seconds) => {
            let found = format!("{pod} has not renewed its lease for {seconds} s: nothing is decided");
            Finding::fail(check, found, LOOK_AT_OPERATORS)
        }
        None => Finding::fail(check, format!("{pod} has never renewed its lease"), LOOK_AT_OPERATORS),
    }
}

fn operator(facts: &Facts) -> Finding {
    let check = "operator";
    match &facts.leader {
        None => Finding::warn(check, "not checked: nobody leads", "see the check `leader`"),
        Some(Err(why)) => Finding::unseen(check, why),
        Some(Ok(pod)) if is_ready(pod) => Finding::ok(check, format!("pod {} is ready", pod.name_any())),
        Some(Ok(pod)) => Finding::fail(check, format!("pod {} is not ready", pod.name_any()), LOOK_AT_OPERATORS),
    }
}

fn observed(facts: &Facts) -> Finding {
    let (check, cluster) = ("observed", &facts.seen.cluster);
    let wanted = cluster.metadata.generation;
    let observed = cluster.status.as_ref().and_then(|status| status.observed_generation);
    if observed.is_some() && observed >= wanted {
        return Finding::ok(check, "the operator has acted on the last change of the resource");
    }
    let found = "the operator has not acted on the last change of the resource";
    Finding::warn(check, found, "wait for some seconds; if it stays, see the checks `leader` and `operator`")
}

/// One of the resource: good when true, but `Degraded`; `Progressing` is neither.
fn condition(condition: &Condition) -> Finding {
    let check = check_of(&condition.type_);
    let found = format!("{}: {}", condition.reason, condition.message);
    let remedy = "do what the message says; `kubectl describe livecluster` shows the events that led to it";
    match (&*condition.type_, &*condition.status) {
        ("Degraded", "False") => Finding::ok(check, found),
        ("Degraded", _) => Finding::fail(check, found, remedy),
        ("Progressing", _) | (_, "True") => Finding::ok(check, found),
        ("AutoscalingActive", _) => {
            Finding::warn(check, found, "have metrics served, or see docs/resource.md on `source`")
        }
        ("RoutesPublished", _) => {
            Finding::fail(check, found, "see the check `leader`, and the logs of parts that are behind")
        }
        (_, "False") => Finding::fail(check, found, "see the pods below"),
        _ => Finding::warn(check, found, "wait for some seconds; if it stays, see the check `leader`"),
    }
}

fn check_of(condition: &str) -> &'static str {
    let known = [
        "Ready",
        "OriginsAvailable",
        "EdgesAvailable",
        "RoutesPublished",
        "AutoscalingActive",
        "Progressing",
        "Degraded",
    ];
    known.into_iter().find(|name| *name == condition).unwrap_or("another condition")
}

fn routes(facts: &Facts) -> Finding {
    let check = "routes";
    let document = match &facts.seen.routes {
        Ok(document) => document,
        Err(why) => {
            return Finding::fail(check, why.clone(), "see the check `leader`: the operator that leads writes them");
        }
    };
    let active = document.origins.iter().filter(|origin| origin.state == State::Active).count();
    let told =
        facts.seen.cluster.status.as_ref().and_then(|status| status.routes.as_ref()).map(|routes| routes.generation);
    let is_told = told.is_some_and(|told| u64::try_from(told) == Ok(document.generation));
    if active == 0 {
        return Finding::fail(
            check,
            "no origin is active: no new stream can be published",
            "see the pods of origins below",
        );
    }
    let found =
        format!("generation {}: {active} of {} origins are active", document.generation, document.origins.len());
    if is_told {
        return Finding::ok(check, found);
    }
    Finding::ok(check, format!("{found}; the status names an older one, which is written less often"))
}

/// Nobody has to read a Secret for this: the operator says so.
fn secret(facts: &Facts) -> Finding {
    let check = "secret";
    let name = facts.seen.cluster.status.as_ref().and_then(|status| status.resolved.as_ref());
    let name = name.map_or("of the link", |resolved| &resolved.link_secret_name);
    let problem = facts.seen.cluster.status.as_ref().and_then(secret_problem);
    match problem {
        None => Finding::ok(check, format!("the operator reads Secret {name}")),
        Some(message) => {
            Finding::fail(check, message, format!("make Secret {name} with the key `secret` of 32 bytes or more"))
        }
    }
}

fn secret_problem(status: &LiveClusterStatus) -> Option<String> {
    let mut conditions = status.conditions.iter();
    let found = conditions.find(|condition| condition.status == "True" && condition.reason.starts_with("Secret"))?;
    Some(found.message.clone())
}

fn paused(facts: &Facts) -> Option<Finding> {
    let is_paused = facts.seen.cluster.annotations().get(PAUSED).is_some_and(|paused| paused == "true");
    let remedy = format!("when you are done: kubectl annotate livecluster {} {PAUSED}-", facts.seen.cluster.name_any());
    is_paused.then(|| Finding::warn("paused", "changes of objects are stopped by an annotation", remedy))
}

/// Seconds since a lease was renewed, as this machine's clock has it. A holder renews every few seconds; clocks differ.
const MAX_SILENCE: i64 = 60;

const APPLY_DEFINITION: &str = "have the chart manage it (crds.enabled), or: livecluster crd | kubectl apply --server-side -f -, with the operator's release";

const LOOK_AT_OPERATORS: &str =
    "look at the operator's pods in its namespace: kubectl describe and kubectl logs say why";
