//! Checks of what stands around the pods, and of what the person may do. Pure.

use k8s_openapi::api::autoscaling::v2::HorizontalPodAutoscaler;
use k8s_openapi::api::core::v1::Service;
use k8s_openapi::api::discovery::v1::EndpointSlice;
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use kube::ResourceExt;

use super::Facts;
use super::facts::Right;
use super::findings::Finding;
use crate::plugin::seen::Told;

/// What they find.
pub fn findings(facts: &Facts) -> Vec<Finding> {
    let mut findings = services(facts);
    findings.extend(budgets(facts));
    findings.extend(autoscalers(facts));
    findings.extend(rights(&facts.rights));
    findings
}

fn services(facts: &Facts) -> Vec<Finding> {
    let check = "services";
    match (&facts.services, &facts.slices) {
        (Err(why), _) | (_, Err(why)) => vec![Finding::unseen(check, why)],
        (Ok(services), _) if services.is_empty() => {
            vec![Finding::fail(check, "there are none", "see the check `leader`: the operator that leads makes them")]
        }
        (Ok(services), Ok(slices)) => services.iter().map(|service| of_service(check, service, slices)).collect(),
    }
}

fn of_service(check: &'static str, service: &Service, slices: &[EndpointSlice]) -> Finding {
    let name = service.name_any();
    let ready = ready_endpoints(&name, slices);
    if ready == 0 {
        return Finding::fail(check, format!("{name} leads to no pod that is ready"), "see the pods above");
    }
    let is_balanced = service.spec.as_ref().and_then(|spec| spec.type_.as_deref()) == Some("LoadBalancer");
    let ingress = service.status.as_ref().and_then(|status| status.load_balancer.as_ref()?.ingress.as_ref());
    if is_balanced && ingress.is_none_or(Vec::is_empty) {
        let remedy =
            "see `kubectl describe service`: something in the cluster has to give out addresses of load balancers";
        return Finding::fail(check, format!("{name} waits for its load balancer's address"), remedy);
    }
    Finding::ok(check, format!("{name} leads to {ready} pods"))
}

fn ready_endpoints(service: &str, slices: &[EndpointSlice]) -> usize {
    let of_service = slices.iter().filter(|slice| slice.labels().get(SERVICE).is_some_and(|name| name == service));
    let endpoints = of_service.flat_map(|slice| slice.endpoints.iter().flatten());
    let is_ready = |ready: Option<bool>| ready.unwrap_or(true);
    let names =
        endpoints.filter(|endpoint| is_ready(endpoint.conditions.as_ref().and_then(|conditions| conditions.ready)));
    // A pod with two families of addresses is in two slices.
    let names = names.filter_map(|endpoint| Some(endpoint.target_ref.as_ref()?.name.clone()));
    names.collect::<std::collections::BTreeSet<_>>().len()
}

fn budgets(facts: &Facts) -> Vec<Finding> {
    let check = "evictions";
    let budgets = match &facts.budgets {
        Ok(budgets) => budgets,
        Err(why) => return vec![Finding::unseen(check, why)],
    };
    let blocked: Vec<_> = budgets.iter().filter(|budget| allowed(budget) == 0).collect();
    if blocked.is_empty() {
        return vec![Finding::ok(
            check,
            format!("{} budgets, none of which keeps a node from being drained", budgets.len()),
        )];
    }
    let blocks = |budget: &&PodDisruptionBudget| {
        let found = format!("PodDisruptionBudget {} lets no pod go: a drain of its node waits", budget.name_any());
        Finding::warn(check, found, "wait until all its pods are ready; if they are, ask for more replicas")
    };
    blocked.iter().map(blocks).collect()
}

fn allowed(budget: &PodDisruptionBudget) -> i32 {
    budget.status.as_ref().and_then(|status| status.disruptions_allowed).unwrap_or_default()
}

/// Those that scale this cluster, or its Deployment.
fn autoscalers(facts: &Facts) -> Vec<Finding> {
    let (check, name) = ("autoscaler", facts.seen.cluster.name_any());
    let all = match &facts.autoscalers {
        Ok(all) => all,
        Err(why) => return vec![Finding::unseen(check, why)],
    };
    let of_cluster = |autoscaler: &&HorizontalPodAutoscaler| {
        let target = &autoscaler.spec.scale_target_ref;
        match &*target.kind {
            "LiveCluster" => target.name == name,
            "Deployment" => target.name == format!("{name}-edge"),
            _ => false,
        }
    };
    let ours: Vec<_> = all.iter().filter(of_cluster).collect();
    match ours.as_slice() {
        [] => Vec::new(),
        [one] => vec![of_autoscaler(check, one)],
        several => {
            let names: Vec<_> = several.iter().map(|autoscaler| autoscaler.name_any()).collect();
            let found = format!("several scale the same edges: {}", names.join(", "));
            vec![Finding::fail(check, found, "keep one of them, and delete the others")]
        }
    }
}

fn of_autoscaler(check: &'static str, autoscaler: &HorizontalPodAutoscaler) -> Finding {
    let name = autoscaler.name_any();
    if autoscaler.spec.scale_target_ref.kind == "Deployment" {
        let found = format!("{name} scales the Deployment, which the operator puts right again");
        return Finding::fail(
            check,
            found,
            "let its scaleTargetRef name the LiveCluster, or use spec.edge.autoscaling",
        );
    }
    let conditions = autoscaler.status.as_ref().and_then(|status| status.conditions.as_ref());
    let inactive = conditions
        .into_iter()
        .flatten()
        .find(|condition| matches!(&*condition.type_, "AbleToScale" | "ScalingActive") && condition.status == "False");
    match inactive {
        None => Finding::ok(check, format!("{name} works")),
        Some(condition) => {
            let found = format!("{name} does not work: {}", condition.message.as_deref().unwrap_or(&condition.type_));
            Finding::warn(
                check,
                found,
                "have the metric served that it asks for, or use spec.edge.autoscaling with source Internal",
            )
        }
    }
}

fn rights(rights: &[(Right, Told<bool>)]) -> Vec<Finding> {
    let check = "your rights";
    let mut findings = Vec::new();
    for (right, may) in rights {
        match may {
            Ok(true) => {}
            Ok(false) => findings.push(lacks(check, right)),
            Err(why) => return vec![Finding::unseen(check, why)],
        }
    }
    if findings.is_empty() {
        findings.push(Finding::ok(check, "enough for every command"));
    }
    findings
}

fn lacks(check: &'static str, right: &Right) -> Finding {
    let found = format!("you may not {} {}: not enough for {}", right.verb, right.resource, right.purpose);
    Finding::warn(check, found, "if you need that, ask for the right; docs/kubectl.md lists what each command needs")
}

/// The label by which a slice names its Service.
const SERVICE: &str = "kubernetes.io/service-name";
