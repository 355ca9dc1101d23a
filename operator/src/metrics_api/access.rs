//! Whether somebody may ask: the API server is asked, and its answer counts for some seconds.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use k8s_openapi::api::authorization::v1::{
    NonResourceAttributes, ResourceAttributes, SubjectAccessReview, SubjectAccessReviewSpec,
};
use kube::api::PostParams;
use kube::{Api, Client};

use super::answer::Asked;
use super::identity::User;

/// What was asked, and the answers.
#[derive(Debug, Default)]
pub struct Access {
    answers: Mutex<HashMap<(User, Wish), (Instant, bool)>>,
}

/// What somebody wants to read.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Wish {
    Path(String),
    Metric { namespace: String, pod: String, metric: String },
}

impl Access {
    /// Whether `user` may read what is asked for, at this path.
    pub async fn may(&self, client: &Client, user: &User, asked: &Asked, path: &str) -> Result<bool, kube::Error> {
        let wish = Wish::of(asked, path);
        let key = (user.clone(), wish.clone());
        let now = Instant::now();
        let known = self.answers().get(&key).copied();
        if let Some((_, allowed)) = known.filter(|(at, _)| now.saturating_duration_since(*at) < VALID_FOR) {
            return Ok(allowed);
        }
        let review = SubjectAccessReview { spec: wish.review(user), ..SubjectAccessReview::default() };
        let reviewed = Api::<SubjectAccessReview>::all(client.clone()).create(&PostParams::default(), &review).await?;
        let allowed = reviewed.status.is_some_and(|status| status.allowed);
        self.keep(key, now, allowed);
        Ok(allowed)
    }

    fn keep(&self, key: (User, Wish), now: Instant, allowed: bool) {
        let mut answers = self.answers();
        if answers.len() >= MAX_ANSWERS {
            answers.retain(|_, (at, _)| now.saturating_duration_since(*at) < VALID_FOR);
        }
        if answers.len() < MAX_ANSWERS {
            answers.insert(key, (now, allowed));
        }
    }

    fn answers(&self) -> MutexGuard<'_, HashMap<(User, Wish), (Instant, bool)>> {
        self.answers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Wish {
    fn of(asked: &Asked, path: &str) -> Self {
        match asked {
            Asked::Metric { namespace, pod, metric } => {
                Self::Metric { namespace: namespace.clone(), pod: pod.clone(), metric: metric.clone() }
            }
            Asked::Health | Asked::Discovery(_) | Asked::Other => Self::Path(path.to_owned()),
        }
    }

    fn review(self, user: &User) -> SubjectAccessReviewSpec {
        let (resource_attributes, non_resource_attributes) = match self {
            Self::Path(path) => (None, Some(NonResourceAttributes { path: Some(path), verb: Some("get".to_owned()) })),
            Self::Metric { namespace, pod, metric } => {
                let text = |text: &str| Some(text.to_owned());
                let attributes = ResourceAttributes {
                    group: text("custom.metrics.k8s.io"),
                    version: text("v1beta2"),
                    namespace: Some(namespace),
                    resource: text("pods"),
                    subresource: Some(metric),
                    name: Some(pod),
                    verb: text("get"),
                    ..ResourceAttributes::default()
                };
                (Some(attributes), None)
            }
        };
        SubjectAccessReviewSpec {
            user: Some(user.name.clone()),
            groups: Some(user.groups.clone()),
            extra: Some(user.extra.iter().cloned().collect()),
            resource_attributes,
            non_resource_attributes,
            uid: None,
        }
    }
}

/// A right that was taken away counts no longer than that.
const VALID_FOR: Duration = Duration::from_secs(10);

/// Beyond that each request is asked about.
const MAX_ANSWERS: usize = 1024;
