//! What is seen of the registration, and what is changed of it.

use std::net::SocketAddr;

use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1;
use k8s_openapi::api::rbac::v1::ClusterRole;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};
use k8s_openapi::kube_aggregator::pkg::apis::apiregistration::v1::{APIService, APIServiceSpec, ServiceReference};
use kube::api::{DeleteParams, Patch, PatchParams, PostParams, Preconditions};
use kube::{Api, Client, Resource, ResourceExt};
use rustls_pki_types::ServerName;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::Place;
use super::registration::{Step, There};
use super::tls;

/// The registration, to be looked at and changed.
#[derive(Clone)]
pub struct Registrar {
    client: Client,
    place: Place,
}

/// As it was found.
#[derive(Debug, Clone)]
pub struct Found {
    /// Who has it.
    pub there: There,
    /// Whom it shall belong to.
    owner: OwnerReference,
    stored: Option<APIService>,
}

impl Registrar {
    /// Of the Service at this place.
    pub fn new(client: Client, place: Place) -> Self {
        Self { client, place }
    }

    /// Looks who has it. `bundle` is what it should say of authorities.
    pub async fn find(&self, bundle: &str) -> Result<Found, kube::Error> {
        let owner = self.owner().await?;
        let stored = self.services().get_opt(NAME).await?;
        let there = stored.as_ref().map_or(There::Nobody, |stored| self.whose(stored, &owner, bundle));
        Ok(Found { there, owner, stored })
    }

    /// Takes the step. What somebody else made or changed meanwhile is left alone: it is looked at again.
    pub async fn take(&self, step: Step, found: &Found, bundle: &str) -> Result<(), kube::Error> {
        let services = self.services();
        let taken = match (step, &found.stored) {
            (Step::Stay, _) | (Step::Withdraw, None) => return Ok(()),
            (Step::Register, None) => {
                let params = PostParams { field_manager: Some(FIELD_MANAGER.to_owned()), ..PostParams::default() };
                services.create(&params, &self.wanted(&found.owner, bundle)).await.map(drop)
            }
            (Step::Register, Some(stored)) => {
                let version = stored.resource_version();
                let spec = self.wanted(&found.owner, bundle).spec;
                let patch = serde_json::json!({"metadata": {"resourceVersion": version}, "spec": spec});
                services.patch(NAME, &PatchParams::default(), &Patch::Merge(patch)).await.map(drop)
            }
            (Step::Withdraw, Some(stored)) => {
                let preconditions = Preconditions { uid: stored.uid(), resource_version: None };
                let params = DeleteParams { preconditions: Some(preconditions), ..DeleteParams::default() };
                services.delete(NAME, &params).await.map(drop)
            }
        };
        match taken {
            Err(kube::Error::Api(status)) if matches!(status.code, 404 | 409) => Ok(()),
            taken => taken,
        }
    }

    /// Whether a ready operator answers at our Service, with a certificate of these authorities.
    pub async fn answers(&self, bundle: &str) -> bool {
        let asked = tokio::time::timeout(PROBE, self.ask(bundle)).await;
        match asked {
            Ok(Ok(answers)) => answers,
            Ok(Err(error)) => {
                tracing::debug!(%error, "the Service for metrics does not answer");
                false
            }
            Err(_) => false,
        }
    }

    async fn ask(&self, bundle: &str) -> Result<bool, Failed> {
        let api = Api::<v1::Service>::namespaced(self.client.clone(), &self.place.namespace);
        let spec = api.get(&self.place.service).await?.spec.unwrap_or_default();
        let ip = spec.cluster_ip.and_then(|ip| ip.parse().ok()).ok_or(Failed::NoAddress)?;
        let socket = TcpStream::connect(SocketAddr::new(ip, PORT)).await?;
        let name = ServerName::try_from(self.place.server()).map_err(|_| Failed::NoAddress)?;
        let mut stream = TlsConnector::from(std::sync::Arc::new(tls::client(bundle)?)).connect(name, socket).await?;
        let request = format!("GET /readyz HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", self.place.server());
        stream.write_all(request.as_bytes()).await?;
        let mut status = [0; STATUS.len()];
        stream.read_exact(&mut status).await?;
        Ok(status == *STATUS)
    }

    async fn owner(&self) -> Result<OwnerReference, kube::Error> {
        let roles = Api::<ClusterRole>::all(self.client.clone());
        let role = roles.get_metadata(&self.place.owner).await?;
        Ok(OwnerReference {
            api_version: ClusterRole::api_version(&()).into_owned(),
            kind: ClusterRole::kind(&()).into_owned(),
            name: self.place.owner.clone(),
            uid: role.metadata.uid.unwrap_or_default(),
            ..OwnerReference::default()
        })
    }

    fn whose(&self, stored: &APIService, owner: &OwnerReference, bundle: &str) -> There {
        let is_ours = stored.owner_references().iter().any(|other| other.uid == owner.uid)
            && stored.labels().get(LABEL.0).is_some_and(|by| by == LABEL.1);
        if !is_ours {
            let service = stored.spec.as_ref().and_then(|spec| spec.service.as_ref());
            let part = |part: Option<&String>| part.cloned().unwrap_or_default();
            let whose = service.map(|to| format!("{}/{}", part(to.namespace.as_ref()), part(to.name.as_ref())));
            return There::Foreign(whose.unwrap_or_else(|| "the API server".to_owned()));
        }
        let conditions = stored.status.iter().flat_map(|status| status.conditions.iter().flatten());
        let mut available = conditions.filter(|condition| condition.type_ == "Available");
        There::Ours {
            is_available: available.any(|condition| condition.status == "True"),
            is_current: stored.spec.as_ref() == self.wanted(owner, bundle).spec.as_ref(),
        }
    }

    fn wanted(&self, owner: &OwnerReference, bundle: &str) -> APIService {
        let service = ServiceReference {
            name: Some(self.place.service.clone()),
            namespace: Some(self.place.namespace.clone()),
            port: Some(i32::from(PORT)),
        };
        APIService {
            metadata: ObjectMeta {
                name: Some(NAME.to_owned()),
                labels: Some([(LABEL.0.to_owned(), LABEL.1.to_owned())].into()),
                owner_references: Some(vec![owner.clone()]),
                ..ObjectMeta::default()
            },
            spec: Some(APIServiceSpec {
                ca_bundle: Some(ByteString(bundle.as_bytes().to_vec())),
                group: Some("custom.metrics.k8s.io".to_owned()),
                group_priority_minimum: 100,
                insecure_skip_tls_verify: None,
                service: Some(service),
                version: Some("v1beta2".to_owned()),
                version_priority: 200,
            }),
            status: None,
        }
    }

    fn services(&self) -> Api<APIService> {
        Api::all(self.client.clone())
    }
}

/// Why our Service does not answer.
#[derive(Debug, thiserror::Error)]
enum Failed {
    #[error("it has no address")]
    NoAddress,
    #[error(transparent)]
    Api(#[from] kube::Error),
    #[error(transparent)]
    Tls(#[from] tls::Failed),
    #[error(transparent)]
    Socket(#[from] std::io::Error),
}

/// There is one in a cluster.
pub const NAME: &str = "v1beta2.custom.metrics.k8s.io";

/// What the operator made.
const LABEL: (&str, &str) = ("app.kubernetes.io/managed-by", "livecluster-operator");

const FIELD_MANAGER: &str = "livecluster-operator-metrics-api";

/// Of the Service.
const PORT: u16 = 443;

/// How an answer begins that is none of a failure.
const STATUS: &[u8; 12] = b"HTTP/1.1 200";

const PROBE: std::time::Duration = std::time::Duration::from_secs(5);
