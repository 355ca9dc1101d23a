//! All metrics of all roles, as docs/metrics.md lists them, and what queries ask for.

mod queries;

use std::collections::{BTreeMap, BTreeSet};

use livecluster_node::metrics::Description;

pub use queries::{Asked, expressions, grouped, series};

/// Who has a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Edges.
    Edge,
    /// Origins.
    Origin,
    /// Operators.
    Operator,
}

/// Each metric, and who has it.
pub fn all() -> BTreeMap<Description, BTreeSet<Role>> {
    let roles = [
        (Role::Edge, livecluster_edge::metrics()),
        (Role::Origin, livecluster_origin::metrics()),
        (Role::Operator, livecluster_operator::process::metrics()),
    ];
    let mut all = BTreeMap::<_, BTreeSet<_>>::new();
    for (role, described) in roles {
        for description in described {
            all.entry(description).or_default().insert(role);
        }
    }
    all
}

/// The text of docs/metrics.md.
pub fn document() -> String {
    let all = all();
    let sections = SECTIONS.iter().map(|(title, roles)| {
        let of_these = all.iter().filter(|(_, who)| who.iter().eq(roles.iter()));
        let rows: String = of_these.map(|(description, _)| row(description)).collect();
        format!("\n## {title}\n\n| metric | type | labels | meaning |\n|---|---|---|---|\n{rows}")
    });
    INTRODUCTION.to_owned() + &sections.collect::<String>()
}

fn row(Description { name, kind, labels, help }: &Description) -> String {
    let labels: Vec<_> = labels.iter().map(|label| format!("`{label}`")).collect();
    format!("| `{name}` | {kind} | {} | {help} |\n", labels.join(", "))
}

/// By who has them; each combination that there is.
const SECTIONS: [(&str, &[Role]); 5] = [
    ("Edges", &[Role::Edge]),
    ("Origins", &[Role::Origin]),
    ("Edges and origins", &[Role::Edge, Role::Origin]),
    ("Operators", &[Role::Operator]),
    ("Every process", &[Role::Edge, Role::Origin, Role::Operator]),
];

const INTRODUCTION: &str = "\
<!-- Made by: UPDATE_GOLDEN=1 cargo test --package livecluster-tests --test metrics -->

# Metrics

Every process serves them at `/metrics`, in Prometheus' text format: in Kubernetes at port 8080 of its pod, in a local
cluster where `livecluster local` says. No metric has a label for a client, and only the `livecluster_stream_*` ones have one
for a stream, if `--stream-metrics` says for how many: so their number does not grow with those. Counters end in `_total` and begin at 0 with the process; histograms have `_bucket`, `_sum` and `_count`.

The rules in [`charts/livecluster/files/rules.yaml`](../charts/livecluster/files/rules.yaml) ([what they
tell](alerts.md)) and the dashboard beside them expect these labels too. The chart's PodMonitors
(`monitoring.podMonitor.enabled`) add them; whoever scrapes in another way adds them there:

| label | of | what it is |
|---|---|---|
| `namespace`, `pod` | all | Where it runs. For `livecluster_operator_*` metrics that have a `namespace` of their own, that one (`honor_labels: true`). |
| `livecluster` | edges, origins | The name of their LiveCluster: label `app.kubernetes.io/instance` of the pod. |
| `component` | all | `edge`, `origin` or `operator`: label `app.kubernetes.io/component` of the pod. |

Of two operators only the one that leads has the metrics of LiveClusters.
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_metric_is_in_a_section() {
        let missing = |who: &BTreeSet<Role>| SECTIONS.iter().all(|(_, roles)| !who.iter().eq(roles.iter()));

        let lost: Vec<_> = all().into_iter().filter(|(_, who)| missing(who)).collect();

        assert!(lost.is_empty(), "{lost:?}");
    }
}
