//! Waiting for conditions, never for time.

use std::time::{Duration, Instant};

/// How long anything may take that is not to take its time. Generous: machines are busy.
pub const LIMIT: Duration = Duration::from_secs(20);

/// Looks again and again until there is an answer. Panics if there is none in time.
pub async fn within<T>(limit: Duration, what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(start.elapsed() < limit, "{what}: not within {limit:?}");
        tokio::time::sleep(PAUSE).await;
    }
}

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(20);
