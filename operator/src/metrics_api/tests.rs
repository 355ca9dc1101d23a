//! Tests over real sockets and TLS, with an API server in memory.

use std::time::Duration;

use k8s_openapi::api::core::v1::ConfigMap;
use k8s_openapi::api::rbac::v1::ClusterRole;
use k8s_openapi::kube_aggregator::pkg::apis::apiregistration::v1::APIService;
use kube::api::PostParams;
use livecluster_test_api::Server;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair};
use rustls::RootCertStore;
use rustls::crypto::ring;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::registration::Step;
use super::*;
use crate::desire::METRIC;

/// An authority for the certificates of an API server.
type Authority = CertifiedIssuer<'static, KeyPair>;

fn authority() -> Authority {
    let mut params = CertificateParams::new(Vec::new()).expect("parameters");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().expect("a key")).expect("an authority")
}

/// A certificate of this name, and its key.
#[derive(Clone)]
struct Shown {
    certificate: CertificateDer<'static>,
    key: Vec<u8>,
}

fn signed(authority: &Authority, name: &str) -> Shown {
    let mut params = CertificateParams::new(Vec::new()).expect("parameters");
    params.distinguished_name.push(DnType::CommonName, name);
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    let key = KeyPair::generate().expect("a key");
    let certificate = params.signed_by(&key, authority).expect("a certificate").der().clone();
    Shown { certificate, key: key.serialize_pem().into_bytes() }
}

/// The API, served on a port of its own.
struct Running {
    api: Server,
    address: std::net::SocketAddr,
    samples: Arc<Samples>,
    certificates: Certificates,
    _tasks: JoinSet<()>,
}

impl Running {
    async fn start(authority: &Authority) -> Self {
        let api = Server::default();
        let client = api.connect("ours").0;
        let (front, samples) = (Front::default(), Arc::new(Samples::of(&[])));
        let secrets = Api::<Secret>::default_namespaced(client.clone());
        let certificates = certificates::agree(&secrets, NAME, SystemTime::now()).await.expect("certificates");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let service = server::Service {
            client: client.clone(),
            samples: Arc::clone(&samples),
            front: front.clone(),
            access: Arc::default(),
        };
        let (_, shown) = watch::channel(Some(certificates.clone()));
        let mut tasks = JoinSet::new();
        tasks.spawn(front.follow(client));
        tasks.spawn(server::serve(listener, service, shown));
        let running = Self { api, address, samples, certificates, _tasks: tasks };
        running.trust(authority).await;
        running
    }

    /// The API server says from now on that it may show certificates of this authority.
    async fn trust(&self, authority: &Authority) {
        let maps = Api::<ConfigMap>::namespaced(self.api.connect("kube-system").0, "kube-system");
        let texts = json!({
            "requestheader-client-ca-file": authority.pem(), "requestheader-allowed-names": "[\"front\"]",
        });
        let map = json!({"metadata": {"name": "extension-apiserver-authentication"}, "data": texts});
        let map: ConfigMap = serde_json::from_value(map).expect("a ConfigMap");
        let written = match maps.create(&PostParams::default(), &map).await {
            Err(kube::Error::Api(status)) if status.code == 409 => {
                maps.replace("extension-apiserver-authentication", &PostParams::default(), &map).await
            }
            written => written,
        };
        written.expect("written");
    }

    fn tell(&self, connections: u64, at: Instant) {
        let labels = [("app".to_owned(), "demo".to_owned())].into();
        let edge = Edge { namespace: "media".to_owned(), name: "demo-edge-a".to_owned(), labels, connections };
        self.samples.put(None, vec![edge], at, SystemTime::now());
    }

    /// What is answered to `user` at `path`.
    async fn ask(&self, shown: Option<&Shown>, user: &str, path: &str) -> (u16, Value) {
        let mut roots = RootCertStore::empty();
        for root in CertificateDer::pem_slice_iter(self.certificates.bundle(SystemTime::now()).as_bytes()) {
            roots.add(root.expect("PEM")).expect("an authority");
        }
        let builder = rustls::ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
        let builder = builder.with_safe_default_protocol_versions().expect("versions").with_root_certificates(roots);
        let config = match shown {
            Some(Shown { certificate, key }) => {
                let key = PrivateKeyDer::from_pem_slice(key).expect("a key");
                builder.with_client_auth_cert(vec![certificate.clone()], key).expect("a certificate")
            }
            None => builder.with_no_client_auth(),
        };
        let socket = TcpStream::connect(self.address).await.expect("it listens");
        let name = ServerName::try_from(NAME).expect("a name");
        let mut stream = TlsConnector::from(Arc::new(config)).connect(name, socket).await.expect("TLS");
        let head = format!("GET {path} HTTP/1.1\r\nHost: {NAME}\r\nX-Remote-User: {user}\r\nConnection: close\r\n\r\n");
        stream.write_all(head.as_bytes()).await.expect("written");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.expect("an answer");
        let (head, body) = answer.split_once("\r\n\r\n").expect("a head and a body");
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
        (status, serde_json::from_str(body).expect("JSON"))
    }

    /// Asks until the answer has this status.
    async fn until(&self, status: u16, shown: &Shown, user: &str, path: &str) -> Value {
        let asked = async {
            loop {
                let (seen, body) = self.ask(Some(shown), user, path).await;
                if seen == status {
                    return body;
                }
            }
        };
        time::timeout(Duration::from_secs(60), asked).await.expect("in time")
    }
}

const NAME: &str = "metrics.ours.svc";

fn edges() -> String {
    format!("/apis/custom.metrics.k8s.io/v1beta2/namespaces/media/pods/*/{METRIC}?labelSelector=app%3Ddemo")
}

#[tokio::test]
async fn autoscaler_reads_the_connections_that_it_may_read() {
    let front = authority();
    let running = Running::start(&front).await;
    let shown = signed(&front, "front");
    running.api.allow("autoscaler", true);
    running.tell(812, Instant::now());

    let body = running.until(200, &shown, "autoscaler", &edges()).await;

    assert_eq!(body["items"][0]["describedObject"]["name"], "demo-edge-a");
    assert_eq!(body["items"][0]["value"], "812");
    assert_eq!(running.ask(Some(&shown), "stranger", &edges()).await.0, 403);
    let elsewhere = edges().replace("v1beta2", "v1beta1");
    assert_eq!(running.ask(Some(&shown), "autoscaler", &elsewhere).await.0, 404);
}

#[tokio::test]
async fn who_is_not_the_api_server_is_nobody() {
    let front = authority();
    let running = Running::start(&front).await;
    running.api.allow("autoscaler", true);
    running.tell(812, Instant::now());
    running.until(200, &signed(&front, "front"), "autoscaler", &edges()).await;

    let cases = [
        ("no certificate", None),
        ("another name", Some(signed(&front, "other"))),
        ("another authority", Some(signed(&authority(), "front"))),
    ];
    for (case, shown) in cases {
        assert_eq!(running.ask(shown.as_ref(), "autoscaler", &edges()).await.0, 401, "{case}");
    }
    assert_eq!(running.ask(None, "", "/readyz").await.0, 200, "a probe is anybody's");
    assert_eq!(running.ask(Some(&signed(&front, "front")), "", &edges()).await.0, 401, "it names no user");
}

#[tokio::test]
async fn api_server_that_changes_its_certificates_is_known_again() {
    let (old, new) = (authority(), authority());
    let running = Running::start(&old).await;
    running.api.allow("autoscaler", true);
    running.tell(812, Instant::now());
    running.until(200, &signed(&old, "front"), "autoscaler", &edges()).await;

    running.trust(&new).await;

    running.until(200, &signed(&new, "front"), "autoscaler", &edges()).await;
    assert_eq!(running.ask(Some(&signed(&old, "front")), "autoscaler", &edges()).await.0, 401);
}

#[tokio::test]
async fn samples_that_are_too_old_are_no_answer() {
    let front = authority();
    let running = Running::start(&front).await;
    running.api.allow("autoscaler", true);

    let now = Instant::now();
    running.tell(812, now.checked_sub(Duration::from_secs(31)).expect("the machine runs for longer"));

    running.until(503, &signed(&front, "front"), "autoscaler", &edges()).await;
    running.tell(812, Instant::now());
    running.until(200, &signed(&front, "front"), "autoscaler", &edges()).await;
}

/// A registrar on an API server that has the ClusterRole.
async fn registrar() -> (Registrar, Api<APIService>) {
    let client = Server::default().connect("ours").0;
    let role: ClusterRole = serde_json::from_value(json!({"metadata": {"name": "role"}})).expect("a role");
    Api::all(client.clone()).create(&PostParams::default(), &role).await.expect("made");
    let place = Place { service: "metrics".to_owned(), namespace: "ours".to_owned(), owner: "role".to_owned() };
    (Registrar::new(client.clone(), place), Api::all(client))
}

async fn found(registrar: &Registrar, bundle: &str) -> register::Found {
    registrar.find(bundle).await.expect("an answer")
}

#[tokio::test]
async fn registration_is_made_put_right_and_withdrawn() {
    let (registrar, _) = registrar().await;
    let there = async |bundle: &'static str| found(&registrar, bundle).await.there;
    let ours = |is_current| There::Ours { is_available: false, is_current };

    let nobody = found(&registrar, "a").await;
    assert_eq!(nobody.there, There::Nobody);
    registrar.take(Step::Register, &nobody, "a").await.expect("made");
    assert_eq!((there("a").await, there("b").await), (ours(true), ours(false)));

    registrar.take(Step::Register, &found(&registrar, "b").await, "b").await.expect("put right");
    assert_eq!(there("b").await, ours(true));

    registrar.take(Step::Withdraw, &found(&registrar, "b").await, "b").await.expect("withdrawn");
    assert_eq!(there("b").await, There::Nobody);
}

#[tokio::test]
async fn registration_of_somebody_else_is_left_alone_even_if_it_comes_between() {
    let (registrar, services) = registrar().await;
    let nobody = found(&registrar, "a").await;
    let foreign = json!({
        "metadata": {"name": register::NAME}, "spec": {
            "groupPriorityMinimum": 1, "versionPriority": 1, "service": {"namespace": "monitoring", "name": "adapter"},
        },
    });
    let foreign: APIService = serde_json::from_value(foreign).expect("an APIService");
    let made = services.create(&PostParams::default(), &foreign).await.expect("made");

    registrar.take(Step::Register, &nobody, "a").await.expect("nothing happens");

    assert_eq!(found(&registrar, "a").await.there, There::Foreign("monitoring/adapter".to_owned()));
    assert_eq!(services.get(register::NAME).await.expect("there"), made);
}
