//! What edges and origins may ask of the Kubernetes API: the one ConfigMap with the routes.

use k8s_openapi::api::core::v1::ServiceAccount;
use k8s_openapi::api::rbac::v1::{PolicyRule, Role, RoleBinding, RoleRef, Subject};
use kube::ResourceExt;

use super::Component;
use super::names::{metadata, routes};
use crate::resource::LiveCluster;

/// One for edges, one for origins. Pods that need no token get none.
pub(super) fn accounts(cluster: &LiveCluster) -> Vec<ServiceAccount> {
    let account = |component: Component| ServiceAccount {
        metadata: metadata(cluster, component.name(cluster), Some(component)),
        automount_service_account_token: Some(false),
        ..ServiceAccount::default()
    };
    vec![account(Component::Origin), account(Component::Edge)]
}

/// To read the routes.
pub(super) fn role(cluster: &LiveCluster) -> Role {
    let rule = PolicyRule {
        api_groups: Some(vec![String::new()]),
        resources: Some(vec!["configmaps".to_owned()]),
        resource_names: Some(vec![routes(&cluster.name_any())]),
        verbs: ["get", "list", "watch"].map(str::to_owned).into(),
        ..PolicyRule::default()
    };
    Role { metadata: metadata(cluster, routes(&cluster.name_any()), None), rules: Some(vec![rule]) }
}

/// Lets edges and origins do that.
pub(super) fn role_binding(cluster: &LiveCluster) -> RoleBinding {
    let subject = |component: Component| Subject {
        kind: "ServiceAccount".to_owned(),
        name: component.name(cluster),
        namespace: cluster.namespace(),
        ..Subject::default()
    };
    RoleBinding {
        metadata: metadata(cluster, routes(&cluster.name_any()), None),
        role_ref: RoleRef {
            api_group: Some("rbac.authorization.k8s.io".to_owned()),
            kind: "Role".to_owned(),
            name: routes(&cluster.name_any()),
        },
        subjects: Some(vec![subject(Component::Origin), subject(Component::Edge)]),
    }
}
