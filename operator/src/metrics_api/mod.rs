//! `custom.metrics.k8s.io`, served by each operator from what edges tell it, so that a HorizontalPodAutoscaler can scale
//! edges where nothing else serves metrics. The leader registers it while a LiveCluster asks for it.

mod access;
mod answer;
mod certificates;
mod escape;
mod identity;
mod register;
mod registration;
mod samples;
mod selector;
mod server;
mod tls;

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use k8s_openapi::api::core::v1::Secret;
use kube::{Api, Client};
use livecluster_node::metrics::Metrics;
use prometheus::IntGaugeVec;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time;

use crate::lease::Leadership;
use certificates::Certificates;
use identity::Front;
use register::Registrar;
pub use registration::Served;
use registration::{Registration, Seen, There};
pub use samples::{Edge, Samples};

/// Where it is served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The Service through which the API server asks.
    pub service: String,
    /// Its namespace, which is the operator's own.
    pub namespace: String,
    /// The ClusterRole that the registration belongs to: it goes with that one.
    pub owner: String,
}

impl Place {
    /// What the API server calls it.
    fn server(&self) -> String {
        format!("{}.{}.svc", self.service, self.namespace)
    }
}

/// What the rest of an operator shares with it.
#[derive(Debug)]
pub struct MetricsApi {
    samples: Arc<Samples>,
    /// The clusters that ask for it.
    asking: Mutex<HashSet<String>>,
    served: watch::Sender<Served>,
    states: IntGaugeVec,
}

impl MetricsApi {
    /// Of the clusters in these namespaces; in all if it names none. Not served before [`Self::run`] is.
    pub fn new(namespaces: &[String], metrics: &Metrics) -> Self {
        let samples = Arc::new(Samples::of(namespaces));
        Self { samples, asking: Mutex::default(), served: watch::Sender::default(), states: states(metrics) }
    }

    /// Where what edges tell is put.
    pub fn samples(&self) -> &Samples {
        &self.samples
    }

    /// A cluster asks for it, or does not any more.
    pub fn ask(&self, cluster: &str, asks: bool) {
        let mut asking = self.asking.lock().unwrap_or_else(PoisonError::into_inner);
        if asks {
            asking.insert(cluster.to_owned());
        } else {
            asking.remove(cluster);
        }
    }

    /// What is known by now.
    pub fn served(&self) -> Served {
        self.served.borrow().clone()
    }

    /// What is known, as soon as something is: who does not know whether it is served changes nothing. Cancel-safe.
    pub async fn known(&self) -> Served {
        let mut served = self.served.subscribe();
        // Whoever tells lives as long as this.
        let known = served.wait_for(|served| *served != Served::Unknown).await;
        known.map(|known| known.clone()).unwrap_or_default()
    }

    /// Tells when something else is served.
    pub fn changes(&self) -> watch::Receiver<Served> {
        self.served.subscribe()
    }

    /// Nothing is served.
    pub fn leave_off(&self) {
        self.show(Served::Off, false);
    }

    /// Serves, and registers as `leadership` allows. Never ends.
    pub async fn run(self: Arc<Self>, client: Client, place: Place, listener: TcpListener, leadership: Leadership) {
        let (shown, certificates) = watch::channel(None);
        let (front, access) = (Front::default(), Arc::default());
        let samples = Arc::clone(&self.samples);
        let service = server::Service { client: client.clone(), samples, front: front.clone(), access };
        // They end with this function.
        let mut tasks = JoinSet::new();
        tasks.spawn(front.follow(client.clone()));
        tasks.spawn(server::serve(listener, service, certificates));
        let secrets = Api::namespaced(client.clone(), &place.namespace);
        let registrar = Registrar::new(client, place.clone());
        let mut registration = Registration::default();
        loop {
            self.renew(&secrets, &place, &shown).await;
            let certificates = shown.borrow().clone();
            if let Some(certificates) = certificates {
                self.turn(&registrar, &mut registration, &certificates, &leadership).await;
            }
            time::sleep(PACE).await;
        }
    }

    /// What others stored meanwhile is taken.
    async fn renew(&self, secrets: &Api<Secret>, place: &Place, shown: &watch::Sender<Option<Certificates>>) {
        match certificates::agree(secrets, &place.server(), SystemTime::now()).await {
            Ok(certificates) => drop(shown.send_replace(Some(certificates))),
            Err(error) => {
                tracing::warn!(%error, "no certificates for metrics; it is tried again");
                self.show_if_refused(matches!(error, certificates::Error::Api(kube::Error::Api(_))));
            }
        }
    }

    async fn turn(
        &self,
        registrar: &Registrar,
        registration: &mut Registration,
        certificates: &Certificates,
        leadership: &Leadership,
    ) {
        let bundle = certificates.bundle(SystemTime::now());
        let found = match registrar.find(&bundle).await {
            Ok(found) => found,
            Err(error) => {
                tracing::warn!(%error, "who serves metrics is not known; it is tried again");
                return self.show_if_refused(matches!(error, kube::Error::Api(_)));
            }
        };
        let is_asked = !self.asking.lock().unwrap_or_else(PoisonError::into_inner).is_empty();
        let matters = is_asked && found.there == There::Nobody;
        let answers = matters && registrar.answers(&bundle).await;
        let seen = Seen { is_asked, there: found.there.clone(), answers };
        let (step, served) = registration.look(&seen, Instant::now());
        let is_broken = matches!(found.there, There::Ours { is_available: false, .. });
        self.show(served, is_broken);
        if !leadership.may_act(time::Instant::now().into_std()) {
            return;
        }
        if let Err(error) = registrar.take(step, &found, &bundle).await {
            tracing::warn!(%error, ?step, "the registration for metrics is not as it should be; it is tried again");
        }
    }

    /// Where it can't be known for want of a right, clusters need not wait for it.
    fn show_if_refused(&self, is_refused: bool) {
        if is_refused && self.served() == Served::Unknown {
            self.show(Served::Waiting, false);
        }
    }

    fn show(&self, served: Served, is_broken: bool) {
        let state = match served {
            Served::Serving | Served::Waiting if is_broken => "broken",
            Served::Serving => "serving",
            Served::Waiting => "waiting",
            Served::Foreign(_) => "foreign",
            Served::Withdrawn => "withdrawn",
            Served::Unknown | Served::Off => "off",
        };
        for other in STATES {
            self.states.with_label_values(&[other]).set((other == state).into());
        }
        self.served.send_if_modified(|before| {
            let is_new = *before != served;
            if is_new {
                tracing::info!(?served, "custom.metrics.k8s.io");
                *before = served;
            }
            is_new
        });
    }
}

/// What it counts.
pub(crate) fn states(metrics: &Metrics) -> IntGaugeVec {
    let help = "1: custom.metrics.k8s.io is in this state for the operator, 0: in another one; broken: registered as ours, \
                and not reached.";
    metrics.gauge_vec("operator_metrics_api", help, &["state"])
}

#[cfg(test)]
mod tests;

const STATES: [&str; 6] = ["off", "waiting", "serving", "broken", "withdrawn", "foreign"];

/// How often it is looked at.
const PACE: Duration = Duration::from_secs(5);
