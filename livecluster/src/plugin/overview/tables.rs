//! The screen of a LiveCluster.

use super::super::form::{Look, Show};
use super::super::grid::{Cell, Grid, Tone, age, paint};
use super::{Happened, Overview, PodSeen};

impl Show for Overview {
    fn tables(&self, look: Look) -> String {
        let blocks = [
            self.head(look),
            self.conditions(look),
            self.origins(look),
            self.edges(look),
            self.streams(look),
            self.events(look),
            self.gaps.iter().map(|gap| format!("Not shown: {gap}.\n")).collect(),
        ];
        let blocks: Vec<_> = blocks.into_iter().filter(|block| !block.is_empty()).collect();
        blocks.join("\n")
    }
}

impl Overview {
    fn head(&self, look: Look) -> String {
        let ready = self.conditions.iter().find(|condition| condition.r#type == "Ready");
        let (word, tone) = match ready.map(|ready| ready.status.as_str()) {
            Some("True") => ("ready", Tone::Good),
            Some("False") => ("not ready", Tone::Bad),
            _ => ("not known to be ready", Tone::Doubtful),
        };
        let word = paint(word, tone, look.coloured);
        let pool = |pool: &Option<livecluster_operator::resource::PoolStatus>| {
            pool.as_ref().map_or_else(|| "-".to_owned(), |pool| pool.summary.clone())
        };
        let operator = self.operator.as_ref().map_or_else(
            || "none has looked at it yet".to_owned(),
            |by| format!("release {} in namespace {}, version {}", by.release, by.namespace, by.version),
        );
        let lines = [
            format!("LiveCluster {}/{}: {word}", self.namespace, self.name),
            format!("Clients     {}", self.address.as_deref().unwrap_or("no address yet")),
            format!("Load        {} streams, {} viewers", count(self.streams), count(self.viewers)),
            format!("Pods        {} origins, {} edges", pool(&self.origin_pool), pool(&self.edge_pool)),
            format!(
                "Routes      {}",
                self.generation.map_or_else(|| "none".to_owned(), |it| format!("generation {it}"))
            ),
            format!("Operator    {operator}"),
        ];
        lines.map(|line| format!("{line}\n")).concat()
    }

    fn conditions(&self, look: Look) -> String {
        let mut grid = Grid::new(look, &["CONDITION", "STATUS", "SINCE", "REASON", "MESSAGE"], &[]);
        for condition in &self.conditions {
            let status = Cell::toned(&*condition.status, tone(&condition.r#type, &condition.status));
            let (reason, message) = (&*condition.reason, &*condition.message);
            let since = age(condition.seconds);
            grid.row(vec![(&*condition.r#type).into(), status, since.into(), reason.into(), message.into()], vec![]);
        }
        grid.finish()
    }

    fn origins(&self, look: Look) -> String {
        let mut grid =
            Grid::new(look, &["ORIGIN", "ROUTES", "ENTRIES", "POD", "RESTARTS", "AGE"], &["NODE", "ADDRESS"]);
        for origin in &self.origins {
            let tone = if origin.state.as_deref() == Some("active") { Tone::Good } else { Tone::Doubtful };
            let state = Cell::toned(origin.state.as_deref().unwrap_or("not in them"), tone);
            let mut cells = vec![(&*origin.name).into(), state, origin.entries.to_string().into()];
            cells.extend(pod(origin.pod.as_ref()));
            let node = origin.pod.as_ref().and_then(|pod| pod.node.as_ref());
            grid.row(cells, vec![Cell::or_dash(node), Cell::or_dash(origin.address.as_ref())]);
        }
        grid.finish()
    }

    fn edges(&self, look: Look) -> String {
        let mut grid = Grid::new(look, &["EDGE", "POD", "RESTARTS", "AGE"], &["NODE", "IP"]);
        for edge in &self.edges {
            let mut cells = vec![(&*edge.name).into()];
            cells.extend(pod(Some(&edge.pod)));
            grid.row(cells, vec![Cell::or_dash(edge.pod.node.as_ref()), Cell::or_dash(edge.pod.ip.as_ref())]);
        }
        grid.finish()
    }

    /// The first ones: a screen is small.
    fn streams(&self, look: Look) -> String {
        let mut grid = Grid::new(look, &["STREAM", "ORIGIN"], &[]);
        let shown = if look.wide { usize::MAX } else { MAX_STREAMS };
        for (stream, origin) in self.entries.iter().take(shown) {
            grid.row(vec![(&**stream).into(), (&**origin).into()], vec![]);
        }
        let more = self.entries.len().saturating_sub(shown);
        let rest = if more == 0 { String::new() } else { format!("and {more} more: -o wide shows all\n") };
        grid.finish() + &rest
    }

    fn events(&self, look: Look) -> String {
        let mut grid = Grid::new(look, &["LAST", "EVENT", "WHAT"], &[]);
        for event in &self.events {
            let tone = if event.r#type == "Warning" { Tone::Doubtful } else { Tone::Plain };
            let reason = Cell::toned(&*event.reason, tone);
            grid.row(vec![Cell::or_dash(event.seconds.map(age)), reason, what(event).into()], vec![]);
        }
        grid.finish()
    }
}

fn what(event: &Happened) -> String {
    if event.count > 1 { format!("{} ({} times)", event.message, event.count) } else { event.message.clone() }
}

fn pod(pod: Option<&PodSeen>) -> [Cell; 3] {
    let Some(pod) = pod else { return [Cell::toned("none", Tone::Bad), "-".into(), "-".into()] };
    let state = match (pod.ending, pod.ready) {
        (true, _) => Cell::toned("ends", Tone::Doubtful),
        (false, true) => Cell::toned("ready", Tone::Good),
        (false, false) => Cell::toned(format!("not ready ({})", pod.phase), Tone::Bad),
    };
    [state, pod.restarts.to_string().into(), Cell::or_dash(pod.seconds.map(age))]
}

/// All conditions are good when they are true, but `Degraded`; and `Progressing` is neither.
fn tone(kind: &str, status: &str) -> Tone {
    match (kind, status) {
        ("Degraded", "True") => Tone::Bad,
        ("Degraded", "False") => Tone::Good,
        ("Progressing", _) => Tone::Plain,
        (_, "True") => Tone::Good,
        (_, "False") => Tone::Bad,
        _ => Tone::Doubtful,
    }
}

fn count(number: Option<i64>) -> String {
    number.map_or_else(|| "?".to_owned(), |number| number.to_string())
}

/// Streams on a screen.
const MAX_STREAMS: usize = 12;
