//! Whether this process leads, for those who act on it.

use std::time::Instant;

use tokio::sync::watch;
use tokio::time;

/// Whether this process leads. To be asked before each deletion, each change of replicas and each write of routes: what
/// was allowed a while ago may not be now.
#[derive(Debug, Clone)]
pub struct Leadership {
    until: watch::Receiver<Option<Instant>>,
}

impl Leadership {
    pub(crate) fn new(until: watch::Receiver<Option<Instant>>) -> Self {
        Self { until }
    }

    /// Whether nobody else leads at this time. A process may be frozen between this question and what it does then: so
    /// requests still name versions and uids.
    pub fn may_act(&self, now: Instant) -> bool {
        self.until.borrow().is_some_and(|until| now < until)
    }

    /// Waits until this process leads. For ever if it does not stand for election any more. Cancel-safe.
    pub async fn begun(&mut self) {
        // A time that is over is no lead, even if nobody has noticed yet.
        let is_ahead = |until: &Option<Instant>| until.is_some_and(|until| time::Instant::now().into_std() < until);
        if self.until.wait_for(is_ahead).await.is_err() {
            std::future::pending().await
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn lead_that_is_over_has_not_begun() {
        let begin = time::Instant::now().into_std();
        let (until, receiver) = watch::channel(Some(begin + Duration::from_secs(10)));
        let mut leadership = Leadership::new(receiver);
        leadership.begun().await;

        time::advance(Duration::from_secs(10)).await;

        assert!(!leadership.may_act(time::Instant::now().into_std()));
        assert!(time::timeout(Duration::from_secs(1), leadership.begun()).await.is_err());
        until.send_replace(Some(begin + Duration::from_secs(20)));
        leadership.begun().await;
    }
}
