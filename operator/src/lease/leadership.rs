//! Whether this process leads, for those who act on it.

use std::time::Instant;

use tokio::sync::watch;
use tokio::time;

/// Whether this process leads. To be asked before each deletion, each change of replicas and each write of routes: what
/// was allowed a while ago may not be now.
#[derive(Debug, Clone)]
pub struct Leadership {
    lead: watch::Receiver<Lead>,
}

/// What a candidate tells of its lead.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Lead {
    /// It leads before this.
    pub until: Option<Instant>,
    /// It is not given up before this.
    pub firm_until: Option<Instant>,
}

impl Lead {
    fn holds(&self, now: Instant) -> bool {
        self.until.is_some_and(|until| now < until)
    }
}

impl Leadership {
    pub(crate) fn new(lead: watch::Receiver<Lead>) -> Self {
        Self { lead }
    }

    /// Whether nobody else leads at this time. A process may be frozen between this question and what it does then: so
    /// requests still name versions and uids.
    pub fn may_act(&self, now: Instant) -> bool {
        self.lead.borrow().holds(now)
    }

    /// Whether this process leads and another one may have the lead. If it was given up for that a while ago, by this
    /// process or another one, it stays where it is: somebody has to lead.
    pub fn may_give_up(&self, now: Instant) -> bool {
        let lead = *self.lead.borrow();
        lead.holds(now) && lead.firm_until.is_none_or(|firm| now >= firm)
    }

    /// Waits until this process leads. For ever if it does not stand for election any more. Cancel-safe.
    pub async fn begun(&mut self) {
        // A time that is over is no lead, even if nobody has noticed yet.
        let holds = |lead: &Lead| lead.holds(time::Instant::now().into_std());
        if self.lead.wait_for(holds).await.is_err() {
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
        let lead = |seconds| Lead { until: Some(begin + Duration::from_secs(seconds)), firm_until: None };
        let (told, receiver) = watch::channel(lead(10));
        let mut leadership = Leadership::new(receiver);
        leadership.begun().await;

        time::advance(Duration::from_secs(10)).await;

        assert!(!leadership.may_act(time::Instant::now().into_std()));
        assert!(time::timeout(Duration::from_secs(1), leadership.begun()).await.is_err());
        told.send_replace(lead(20));
        leadership.begun().await;
    }
}
