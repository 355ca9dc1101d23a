//! Metrics of single streams: for as many as the settings allow, since each has series of its own.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use livecluster_mrtmp::route::Key;
use livecluster_node::metrics::Metrics;
use prometheus::{GaugeVec, IntCounterVec, IntGauge, IntGaugeVec};

use crate::core::{PublicationStatus, StreamStatus};

/// The series of each stream that is published, up to a limit.
#[derive(Debug)]
pub(super) struct StreamFigures {
    limit: usize,
    /// Those that have series keep them until they end.
    chosen: Mutex<BTreeSet<Key>>,
    viewers: IntGaugeVec,
    bytes: IntCounterVec,
    messages: IntCounterVec,
    silence: GaugeVec,
    beyond: IntGauge,
}

impl StreamFigures {
    pub fn new(registry: &Metrics, limit: usize) -> Self {
        let counter = |name, help| registry.counter_vec(name, help, &["stream"]);
        Self {
            limit,
            chosen: Mutex::default(),
            viewers: registry.gauge_vec("stream_viewers", "Viewers of a stream, at all edges.", &["stream"]),
            bytes: counter("stream_bytes_total", "Payload bytes that came of a publication."),
            messages: counter(
                "stream_messages_total",
                "Messages of a publication, those before it came here included.",
            ),
            silence: registry.seconds_vec(
                "stream_last_message_seconds",
                "Since when nothing more of a stream has come.",
                &["stream"],
            ),
            beyond: registry.gauge("streams_beyond_metrics", "Streams that have no series, for there are too many."),
        }
    }

    /// Streams that have ended leave no series behind.
    pub fn show(&self, streams: &[StreamStatus], now: Instant) {
        self.viewers.reset();
        self.bytes.reset();
        self.messages.reset();
        self.silence.reset();
        let published = streams.iter().filter_map(|stream| Some((stream, stream.current.as_ref()?)));
        let chosen = self.choose(published.clone().map(|(stream, _)| &stream.key));
        let mut beyond = 0;
        for (stream, current) in published {
            match chosen.contains(&stream.key) {
                true => self.show_one(stream, current, now),
                false => beyond += i64::from(self.limit > 0),
            }
        }
        self.beyond.set(beyond);
    }

    fn show_one(&self, stream: &StreamStatus, current: &PublicationStatus, now: Instant) {
        let label = [stream.key.as_str()];
        let viewers = i64::try_from(stream.viewers).unwrap_or(i64::MAX);
        self.viewers.with_label_values(&label).set(viewers);
        self.bytes.with_label_values(&label).inc_by(current.bytes);
        self.messages.with_label_values(&label).inc_by(current.next);
        let silence = now.saturating_duration_since(current.fed_at);
        self.silence.with_label_values(&label).set(silence.as_secs_f64());
    }

    /// Who was chosen and is still there, and others as long as there is room.
    fn choose<'a>(&self, published: impl Iterator<Item = &'a Key> + Clone) -> BTreeSet<Key> {
        let mut chosen = self.chosen.lock().unwrap_or_else(PoisonError::into_inner);
        let there: BTreeSet<&Key> = published.clone().collect();
        chosen.retain(|key| there.contains(key));
        let room = self.limit.saturating_sub(chosen.len());
        let others: Vec<Key> = published.filter(|key| !chosen.contains(*key)).take(room).cloned().collect();
        chosen.extend(others);
        chosen.clone()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use livecluster_mrtmp::id::{BootId, PublicationId, Term};

    use super::*;

    fn stream(key: &str, fed_at: Instant) -> StreamStatus {
        let current = PublicationStatus {
            id: PublicationId { edge: BootId(1), counter: 1 },
            term: Term { generation: 1, counter: 1 },
            edge: "edge-0".into(),
            held: false,
            bytes: 5000,
            next: 70,
            fed_at,
        };
        let key = Key::parse(key).expect("a key");
        StreamStatus { key, current: Some(current), edges: 1, viewers: 3, log_bytes: 0 }
    }

    /// The lines of what is shown, without comments.
    fn shown(registry: &Metrics) -> Vec<String> {
        registry.render().lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect()
    }

    #[test]
    fn stream_has_its_series_while_it_is_published() {
        let (registry, now) = (Metrics::bare(), Instant::now());
        let figures = StreamFigures::new(&registry, 10);

        figures.show(&[stream("live/alice", now)], now + Duration::from_millis(1500));

        assert_eq!(
            shown(&registry),
            [
                r#"livecluster_stream_bytes_total{stream="live/alice"} 5000"#,
                r#"livecluster_stream_last_message_seconds{stream="live/alice"} 1.5"#,
                r#"livecluster_stream_messages_total{stream="live/alice"} 70"#,
                r#"livecluster_stream_viewers{stream="live/alice"} 3"#,
                "livecluster_streams_beyond_metrics 0",
            ]
        );
        figures.show(&[], now);
        assert_eq!(shown(&registry), ["livecluster_streams_beyond_metrics 0"]);
    }

    #[test]
    fn there_are_no_more_than_allowed_and_whoever_has_series_keeps_them() {
        let (registry, now) = (Metrics::bare(), Instant::now());
        let figures = StreamFigures::new(&registry, 2);
        let viewers =
            || shown(&registry).into_iter().filter(|line| line.contains("stream_viewers")).collect::<Vec<_>>();
        let all = ["live/b", "live/c", "live/d"].map(|key| stream(key, now));

        figures.show(&all, now);
        assert_eq!(viewers(), ["b", "c"].map(|name| format!("livecluster_stream_viewers{{stream=\"live/{name}\"}} 3")));
        assert!(shown(&registry).contains(&"livecluster_streams_beyond_metrics 1".to_owned()));

        let earlier = [&[stream("live/a", now)][..], &all[1..]].concat();
        figures.show(&earlier, now);
        assert_eq!(viewers(), ["a", "c"].map(|name| format!("livecluster_stream_viewers{{stream=\"live/{name}\"}} 3")));
        figures.show(&[&[stream("live/0", now)][..], &earlier].concat(), now);
        assert_eq!(viewers(), ["a", "c"].map(|name| format!("livecluster_stream_viewers{{stream=\"live/{name}\"}} 3")));
    }

    #[test]
    fn nothing_is_shown_of_streams_unless_asked_for() {
        let (registry, now) = (Metrics::bare(), Instant::now());

        StreamFigures::new(&registry, 0).show(&[stream("live/alice", now)], now);

        assert_eq!(shown(&registry), ["livecluster_streams_beyond_metrics 0"]);
    }
}
