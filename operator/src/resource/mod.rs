//! The resource that people write, `LiveCluster`: its types, the rules that the API server checks, and its definition.
//!
//! There is no conversion between versions: what is here can only grow. Comments of types and fields are what
//! `kubectl explain` and the reference say.

mod applications;
mod autoscaling;
mod bytes;
mod condition;
mod crd;
mod edge;
mod link;
mod listener;
mod origin;
mod pod;
mod reference;
mod resolved;
mod routing;
mod schema;
mod service;
mod spec;
mod status;

pub use applications::{Application, ApplicationPolicy};
pub use autoscaling::{Autoscaling, Behavior, MetricSource, PolicyType, ScalingPolicy, ScalingRules, SelectPolicy};
pub use bytes::{Bytes, NotBytes};
pub use condition::{ConditionType, initial_status};
pub use crd::{crd, yaml};
pub use edge::{Drain, Edge};
pub use link::Link;
pub use listener::{Listener, Protocol};
pub use origin::Origin;
pub use pod::{Pod, Resources};
pub use reference::reference;
pub use resolved::{Resolved, ResolvedAutoscaling, ResolvedDrain, ResolvedEdge, ResolvedOrigin, ResolvedRouting};
pub use routing::Routing;
pub use service::{ExternalTrafficPolicy, IpFamilyPolicy, Service, ServiceType};
pub use spec::{ImagePullPolicy, LiveCluster, LiveClusterSpec, PullSecret, UpdatePolicy};
pub use status::{LiveClusterStatus, PoolStatus, Rollout, RolloutStep, RoutesStatus, ServedBy};

/// Stops changes of objects, rollout and scaling while it is `"true"`; routing and failover go on.
pub const PAUSED: &str = "livecluster.io/paused";

/// With `updatePolicy: OnRequest`: the version of the operator whose image the cluster shall take.
pub const UPDATE_TO: &str = "livecluster.io/update-to";
