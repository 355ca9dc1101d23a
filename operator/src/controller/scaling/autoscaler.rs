//! An autoscaler without a HorizontalPodAutoscaler: it reckons as Kubernetes' own does, from the connections that edges tell
//! the operator. Pure. What it remembers may be lost: then it takes what there is for what was needed, as that one does.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::resource::{PolicyType, ResolvedAutoscaling, ScalingPolicy, ScalingRules, SelectPolicy};

/// Decides how many edges there should be.
#[derive(Debug, Clone, Default)]
pub struct Autoscaler {
    /// What was needed, and when.
    needed: VecDeque<(Instant, i32)>,
    /// By how much the number was changed, and when.
    changes: VecDeque<(Instant, i32)>,
}

/// What it looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sample {
    /// How many edges there should be by now.
    pub replicas: i32,
    /// The connections of the edges that can be asked.
    pub connections: u64,
    /// How many edges can be asked.
    pub known: i32,
    /// How many can't.
    pub unknown: i32,
}

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Advice {
    /// There should be so many.
    Replicas(i32),
    /// It can't be said, since no edge can be asked.
    Unknown,
}

impl Advice {
    /// The number, if there is one.
    pub fn replicas(self) -> Option<i32> {
        match self {
            Self::Replicas(replicas) => Some(replicas),
            Self::Unknown => None,
        }
    }
}

impl Autoscaler {
    /// How many edges there should be. `now` never goes back.
    pub fn advise(&mut self, now: Instant, sample: &Sample, settings: &ResolvedAutoscaling) -> Advice {
        let Some(needed) = needed(sample, settings.connections_per_edge) else {
            return Advice::Unknown;
        };
        if self.needed.is_empty() {
            self.needed.push_back((now, sample.replicas));
        }
        self.needed.push_back((now, needed));
        let kept = |(at, _): &(Instant, i32)| now.duration_since(*at) <= LONGEST_WINDOW;
        self.needed.retain(kept);
        self.changes.retain(kept);
        let stable = self.stabilized(now, sample.replicas, needed, settings);
        let limited = self.limited(now, sample.replicas, stable, settings);
        Advice::Replicas(limited.clamp(settings.min_replicas, settings.max_replicas))
    }

    /// The number was changed.
    pub fn note(&mut self, now: Instant, from: i32, to: i32) {
        if from != to {
            self.changes.push_back((now, to.saturating_sub(from)));
        }
    }

    /// Downwards the most that was needed in the time that counts, upwards the least.
    fn stabilized(&self, now: Instant, replicas: i32, needed: i32, settings: &ResolvedAutoscaling) -> i32 {
        let within = |rules: &Option<ScalingRules>| {
            let window = rules.as_ref().and_then(|rules| rules.stabilization_window_seconds);
            let window = Duration::from_secs(u64::try_from(window.unwrap_or_default()).unwrap_or_default());
            let recent = self.needed.iter().filter(move |(at, _)| now.duration_since(*at) < window);
            recent.map(|(_, needed)| *needed).chain([needed])
        };
        let least = within(&settings.behavior.scale_up).min().unwrap_or(needed);
        let most = within(&settings.behavior.scale_down).max().unwrap_or(needed);
        replicas.clamp(least, most)
    }

    /// No further than the policies of the direction allow.
    fn limited(&self, now: Instant, replicas: i32, stable: i32, settings: &ResolvedAutoscaling) -> i32 {
        if stable > replicas {
            let limit = self.limit(now, replicas, settings.behavior.scale_up.as_ref(), 1);
            return stable.min(limit.max(replicas));
        }
        let limit = self.limit(now, replicas, settings.behavior.scale_down.as_ref(), -1);
        stable.max(limit.min(replicas))
    }

    /// How far it may go upwards (`sign` 1) or downwards (-1).
    fn limit(&self, now: Instant, replicas: i32, rules: Option<&ScalingRules>, sign: i32) -> i32 {
        let Some(rules) = rules else { return if sign > 0 { i32::MAX } else { 0 } };
        let limits = rules.policies.iter().map(|policy| self.policy_limit(now, replicas, policy, sign));
        let limit = match rules.select_policy.unwrap_or_default() {
            SelectPolicy::Disabled => None,
            SelectPolicy::Max if sign > 0 => limits.max(),
            SelectPolicy::Max => limits.min(),
            SelectPolicy::Min if sign > 0 => limits.min(),
            SelectPolicy::Min => limits.max(),
        };
        limit.unwrap_or(replicas)
    }

    fn policy_limit(&self, now: Instant, replicas: i32, policy: &ScalingPolicy, sign: i32) -> i32 {
        let period = Duration::from_secs(u64::try_from(policy.period_seconds).unwrap_or_default());
        let recent = self.changes.iter().filter(|(at, change)| now.duration_since(*at) < period && change * sign > 0);
        // From where the period began.
        let start = replicas - recent.map(|(_, change)| change).sum::<i32>();
        match policy.type_ {
            PolicyType::Pods => start.saturating_add(policy.value.saturating_mul(sign)),
            PolicyType::Percent => percent(start, policy.value, sign),
        }
    }
}

/// Upwards to the next whole edge, downwards too: less is taken away rather than more.
fn percent(start: i32, percent: i32, sign: i32) -> i32 {
    let hundredths = i64::from(start) * (100 + i64::from(percent) * i64::from(sign)).max(0);
    i32::try_from((hundredths + 99).div_euclid(100)).unwrap_or(i32::MAX)
}

/// None if no edge can be asked. An edge that can't be is as full as it should be on the way down, and empty on the way up;
/// while there is one, nothing goes down.
fn needed(sample: &Sample, per_edge: i32) -> Option<i32> {
    if sample.known == 0 {
        return None;
    }
    let per_edge = u64::try_from(per_edge).unwrap_or(1).max(1);
    let wanted = i32::try_from(sample.connections.div_ceil(per_edge)).unwrap_or(i32::MAX);
    let full = u64::try_from(sample.known + sample.unknown).unwrap_or_default().saturating_mul(per_edge);
    let is_near = sample.connections.abs_diff(full) * TOLERANCE <= full;
    let holds = sample.unknown > 0 && wanted < sample.replicas;
    Some(if is_near || holds { sample.replicas } else { wanted })
}

/// One part in so many is no reason to change anything: Kubernetes' own default.
const TOLERANCE: u64 = 10;

/// The longest time that any rule looks back.
const LONGEST_WINDOW: Duration = Duration::from_secs(3600);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::desire::{Facts, Release, resolve};
    use crate::resource::{LiveCluster, LiveClusterSpec};

    /// What is in force for these settings, 2 to 20 edges of 100 connections.
    fn settings(behavior: serde_json::Value) -> ResolvedAutoscaling {
        let autoscaling = serde_json::json!({
            "minReplicas": 2, "maxReplicas": 20, "connectionsPerEdge": 100, "behavior": behavior,
        });
        let mut spec = LiveClusterSpec::default();
        spec.edge.autoscaling = Some(serde_json::from_value(autoscaling).expect("settings"));
        let release = Release { version: "1".to_owned(), image: "i".to_owned(), network_policy: None };
        let facts = Facts { link_checksum: String::new(), may_update: true };
        resolve(&LiveCluster::new("demo", spec), &release, &facts).edge.autoscaling.expect("asked for")
    }

    /// An autoscaler whose advice is followed, at so many seconds from its start.
    struct Site {
        autoscaler: Autoscaler,
        settings: ResolvedAutoscaling,
        start: Instant,
        replicas: i32,
    }

    impl Site {
        fn new(replicas: i32, behavior: serde_json::Value) -> Self {
            let settings = settings(behavior);
            Self { autoscaler: Autoscaler::default(), settings, start: Instant::now(), replicas }
        }

        fn at(&mut self, second: u64, connections: u64) -> i32 {
            self.with_unknown(second, connections, 0)
        }

        fn with_unknown(&mut self, second: u64, connections: u64, unknown: i32) -> i32 {
            let now = self.start + Duration::from_secs(second);
            let sample = Sample { replicas: self.replicas, connections, known: self.replicas - unknown, unknown };
            if let Advice::Replicas(to) = self.autoscaler.advise(now, &sample, &self.settings) {
                self.autoscaler.note(now, self.replicas, to);
                self.replicas = to;
            }
            self.replicas
        }
    }

    fn at_once() -> serde_json::Value {
        let all = serde_json::json!({
            "stabilizationWindowSeconds": 0, "policies": [{"type": "Percent", "value": 1000, "periodSeconds": 1}],
        });
        serde_json::json!({"scaleUp": all, "scaleDown": all})
    }

    #[test]
    fn number_follows_the_connections_within_its_bounds() {
        let mut site = Site::new(4, at_once());

        let seen = [(0, 400), (10, 430), (20, 441), (30, 900), (40, 5000), (50, 650), (60, 10), (70, 0)];

        assert_eq!(seen.map(|(second, connections)| site.at(second, connections)), [4, 4, 5, 9, 20, 7, 2, 2]);
    }

    #[test]
    fn rush_is_followed_as_fast_as_the_policies_allow() {
        let mut site = Site::new(2, serde_json::json!({}));

        // Four more within 30 s, or twice as many.
        let seen = [0, 15, 30, 45, 60].map(|second| site.at(second, 2000));

        assert_eq!(seen, [6, 6, 12, 12, 20]);
    }

    #[test]
    fn one_edge_at_a_time_goes_when_fewer_were_needed_for_a_while() {
        let mut site = Site::new(5, serde_json::json!({}));

        let seen = [0, 300, 599, 600, 660, 719, 720].map(|second| site.at(second, 100));

        assert_eq!(seen, [5, 5, 5, 4, 4, 4, 3]);
    }

    #[test]
    fn edge_that_does_not_answer_keeps_all_and_does_not_keep_more_from_coming() {
        let mut site = Site::new(5, at_once());

        assert_eq!(site.with_unknown(0, 100, 1), 5);
        assert_eq!(site.with_unknown(10, 900, 1), 9);
    }

    #[test]
    fn nothing_changes_while_no_edge_answers() {
        let mut site = Site::new(5, at_once());

        assert_eq!(site.with_unknown(0, 0, 5), 5);
    }

    #[test]
    fn direction_can_be_disabled() {
        let mut site = Site::new(
            5,
            serde_json::json!({"scaleDown": {
                "stabilizationWindowSeconds": 0, "selectPolicy": "Disabled",
            }}),
        );

        assert_eq!([site.at(0, 0), site.at(1000, 0), site.at(2000, 700)], [5, 5, 7]);
    }

    #[test]
    fn smallest_or_largest_of_several_policies_holds() {
        let policies = serde_json::json!([
            {"type": "Pods", "value": 1, "periodSeconds": 60}, {"type": "Percent", "value": 50, "periodSeconds": 60},
        ]);
        for (select, expected) in [("Max", 5), ("Min", 9)] {
            let down = serde_json::json!({
                "stabilizationWindowSeconds": 0, "selectPolicy": select, "policies": policies,
            });
            let mut site = Site::new(10, serde_json::json!({"scaleDown": down}));

            assert_eq!(site.at(0, 0), expected, "{select}");
        }
    }
}
