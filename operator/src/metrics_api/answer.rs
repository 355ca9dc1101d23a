//! What `custom.metrics.k8s.io` answers, as a function of the request, the samples and the time. Pure.

use std::time::Instant;

use k8s_openapi::jiff::Timestamp;
use kube::core::SelectorExt;
use serde_json::{Value, json};

use super::escape;
use super::samples::{Missing, Sample, Samples};
use super::selector;
use crate::desire::METRIC;

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asked {
    /// Whether this process can answer: of this one nobody asks who wants to know.
    Health,
    /// What there is to be asked for.
    Discovery(Discovery),
    /// A metric of pods.
    Metric {
        /// Where the pods are.
        namespace: String,
        /// Which pod; `*` for those that a selector names.
        pod: String,
        /// Which metric.
        metric: String,
    },
    /// Nothing that is served.
    Other,
}

/// What there is to be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Discovery {
    /// The group.
    Group,
    /// What is in its version.
    Resources,
}

/// Status and body.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// JSON.
    pub body: Value,
}

impl Asked {
    /// By a path as it stands in a URL.
    pub fn of(path: &str) -> Self {
        if matches!(path, "/healthz" | "/readyz" | "/livez") {
            return Self::Health;
        }
        let path = path.trim_end_matches('/');
        let Some(rest) = path.strip_prefix("/apis/custom.metrics.k8s.io") else { return Self::Other };
        if rest.is_empty() {
            return Self::Discovery(Discovery::Group);
        }
        let Some(rest) = rest.strip_prefix("/v1beta2") else { return Self::Other };
        if rest.is_empty() {
            return Self::Discovery(Discovery::Resources);
        }
        let parts: Vec<_> = rest.split('/').collect();
        match parts.as_slice() {
            ["", "namespaces", namespace, "pods", pod, metric] => {
                let named = [*namespace, *pod, *metric].map(escape::read);
                let [Some(namespace), Some(pod), Some(metric)] = named else { return Self::Other };
                Self::Metric { namespace, pod, metric }
            }
            _ => Self::Other,
        }
    }

    /// The answer to whoever may have it. `selector` is that of the query.
    pub fn answer(&self, label_selector: &str, samples: &Samples, now: Instant) -> Answer {
        match self {
            Self::Health if samples.are_fresh(now) => Answer { status: 200, body: json!("ok") },
            Self::Health => Answer::failure(503, "ServiceUnavailable", "edges were not asked yet"),
            Self::Discovery(Discovery::Group) => Answer { status: 200, body: group() },
            Self::Discovery(Discovery::Resources) => Answer { status: 200, body: resources() },
            Self::Metric { metric, .. } if metric != METRIC => {
                Answer::failure(404, "NotFound", &format!("no metric {metric:?} is served, only {METRIC}"))
            }
            Self::Metric { namespace, pod, .. } => values(namespace, pod, label_selector, samples, now),
            Self::Other => Answer::failure(404, "NotFound", "nothing is served here"),
        }
    }
}

impl Answer {
    /// Why not, as the API says it.
    pub fn failure(status: u16, reason: &str, message: &str) -> Self {
        let body = json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "code": status, "reason": reason,
            "message": message,
        });
        Self { status, body }
    }
}

fn values(namespace: &str, pod: &str, label_selector: &str, samples: &Samples, now: Instant) -> Answer {
    let selector = match selector::parse(label_selector) {
        Ok(selector) => selector,
        Err(error) => return Answer::failure(400, "BadRequest", &error.to_string()),
    };
    let fresh = match samples.fresh(namespace, now) {
        Ok(fresh) => fresh,
        Err(Missing::NotWatched) => {
            let message = format!("namespace {namespace:?} is not watched");
            return Answer::failure(404, "NotFound", &message);
        }
        Err(Missing::Unknown) => return Answer::failure(503, "ServiceUnavailable", "edges were not asked lately"),
    };
    let is_asked = |sample: &&Sample| (pod == "*" || pod == sample.edge.name) && selector.matches(&sample.edge.labels);
    let items: Vec<_> = fresh.iter().filter(is_asked).map(value).collect();
    if items.is_empty() && pod != "*" {
        return Answer::failure(404, "NotFound", &format!("pod {pod:?} is no edge that tells its connections"));
    }
    let body = json!({"kind": "MetricValueList", "apiVersion": VERSION, "metadata": {}, "items": items});
    Answer { status: 200, body }
}

fn value(Sample { edge, time }: &Sample) -> Value {
    let time = Timestamp::try_from(*time).unwrap_or_default();
    json!({
        "describedObject": {"kind": "Pod", "namespace": edge.namespace, "name": edge.name, "apiVersion": "/v1"},
        "metric": {"name": METRIC, "selector": null},
        "timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        "value": edge.connections.to_string(),
    })
}

fn group() -> Value {
    let version = json!({"groupVersion": VERSION, "version": "v1beta2"});
    json!({
        "kind": "APIGroup", "apiVersion": "v1", "name": "custom.metrics.k8s.io", "versions": [version.clone()],
        "preferredVersion": version,
    })
}

fn resources() -> Value {
    let resource = json!({
        "name": format!("pods/{METRIC}"), "singularName": "", "namespaced": true, "kind": "MetricValueList", "verbs": ["get"],
    });
    json!({"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": VERSION, "resources": [resource]})
}

const VERSION: &str = "custom.metrics.k8s.io/v1beta2";

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::*;
    use crate::metrics_api::samples::Edge;

    /// Two edges and one of another cluster in `media`, seen at `at`.
    fn samples(watched: &[&str], at: Instant) -> Samples {
        let edge = |name: &str, cluster: &str, connections| Edge {
            namespace: "media".to_owned(),
            name: name.to_owned(),
            labels: [("app".to_owned(), cluster.to_owned())].into(),
            connections,
        };
        let namespaces: Vec<_> = watched.iter().map(ToString::to_string).collect();
        let samples = Samples::of(&namespaces);
        let edges = vec![edge("a", "demo", 5), edge("b", "demo", 0), edge("c", "other", 9)];
        samples.put(watched.first().copied(), edges, at, SystemTime::UNIX_EPOCH);
        samples
    }

    const PODS: &str = "/apis/custom.metrics.k8s.io/v1beta2/namespaces/media/pods";

    fn ask(path: &str, selector: &str, samples: &Samples, now: Instant) -> (u16, Vec<(String, String)>) {
        let Answer { status, body } = Asked::of(path).answer(selector, samples, now);
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let items = body["items"].as_array().cloned().unwrap_or_default();
        (status, items.iter().map(|item| (text(&item["describedObject"]["name"]), text(&item["value"]))).collect())
    }

    #[test]
    fn pods_that_a_selector_or_a_name_means_tell_their_connections() {
        let now = Instant::now();
        let samples = samples(&[], now);
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let all = format!("{PODS}/*/{METRIC}");
        let one = format!("{PODS}/c/{METRIC}");

        assert_eq!(ask(&all.replace('*', "%2A"), "app=other", &samples, now), (200, vec![pair("c", "9")]));
        assert_eq!(ask(&all, "app=demo", &samples, now), (200, vec![pair("a", "5"), pair("b", "0")]));
        assert_eq!(ask(&all, "app=nothing", &samples, now), (200, vec![]));
        assert_eq!(ask(&one, "", &samples, now), (200, vec![pair("c", "9")]));
    }

    #[test]
    fn what_is_not_known_is_refused_and_never_zero() {
        let now = Instant::now();
        let (all, media) = (samples(&[], now), samples(&["media"], now));
        let other = PODS.replace("media", "office");
        let cases = [
            (&all, format!("{PODS}/*/other_metric"), "", 404),
            (&all, format!("{PODS}/x/{METRIC}"), "", 404),
            (&all, format!("{PODS}/*/{METRIC}"), "a=b=c", 400),
            (&all, PODS.to_owned(), "", 404),
            (&all, "/apis/custom.metrics.k8s.io/v1beta1".to_owned(), "", 404),
            (&all, "/".to_owned(), "", 404),
            (&media, format!("{other}/*/{METRIC}"), "", 404),
        ];
        for (samples, path, selector, expected) in cases {
            assert_eq!(ask(&path, selector, samples, now), (expected, vec![]), "{path} {selector}");
        }
    }

    #[test]
    fn samples_that_are_too_old_are_left_out() {
        let then = Instant::now();
        let samples = samples(&[], then);
        let path = format!("{PODS}/*/{METRIC}");
        let at = |second| {
            let now = then + Duration::from_secs(second);
            (ask(&path, "", &samples, now).0, Asked::Health.answer("", &samples, now).status)
        };

        assert_eq!([at(0), at(30), at(31)], [(200, 200), (200, 200), (503, 503)]);
    }

    #[test]
    fn nothing_is_answered_before_edges_were_asked() {
        let now = Instant::now();
        let samples = Samples::of(&[]);

        assert_eq!(ask(&format!("{PODS}/*/{METRIC}"), "", &samples, now).0, 503);
        assert_eq!(ask("/readyz", "", &samples, now).0, 503);
    }

    #[test]
    fn discovery_names_the_one_metric() {
        let samples = Samples::of(&[]);
        let ask = |path| Asked::of(path).answer("", &samples, Instant::now()).body;

        assert_eq!(ask("/apis/custom.metrics.k8s.io")["versions"][0]["version"], "v1beta2");
        let resources = ask("/apis/custom.metrics.k8s.io/v1beta2");
        assert_eq!(resources["resources"][0]["name"], format!("pods/{METRIC}"));
        assert_eq!(resources["groupVersion"], "custom.metrics.k8s.io/v1beta2");
    }
}
