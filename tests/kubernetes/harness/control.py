"""The control plane: etcd, the API server, its controllers, and a kube-proxy so that Services are reached from here."""

import json
import shutil

from harness import network
from harness.command import quietly
from harness.component import wait_until
from harness.layout import Layout

ETCD = "http://127.0.0.1:2379"
ETCD_PEER = "http://127.0.0.1:2380"


class Control:
    """What a Kubernetes has once, all in the outermost of the test's namespaces."""

    def __init__(self, layout: Layout):
        self.layout = layout
        self.keys = layout.keys
        self.etcd = layout.component("etcd")
        self.apiserver = layout.component("kube-apiserver")

    def start(self) -> None:
        """Starts all of it; returns when the API server is ready."""
        self.etcd.define(self._etcd()).start()
        self.apiserver.define(self._apiserver()).start()
        self.wait_until_ready()
        for name, command in (("kube-controller-manager", self._controllers()), ("kube-scheduler", self._scheduler())):
            self.layout.component(name).define(command).start()

    def start_proxy(self, node: str) -> None:
        """kube-proxy needs a node to speak for; which one doesn't matter here."""
        config = self.layout.proxy_config("control", node)
        self.layout.component("kube-proxy").define(["kube-proxy", f"--config={config}"]).start()

    def wait_until_ready(self) -> None:
        wait_until(self._is_ready, 90, "the API server to be ready", self.etcd, self.apiserver)

    def stop_apiserver(self) -> None:
        self.apiserver.kill()

    def start_apiserver(self) -> None:
        self.apiserver.start()
        self.wait_until_ready()

    def snapshot(self, file: str) -> None:
        """Saves etcd's state."""
        quietly("etcdctl", "--endpoints", ETCD, "snapshot", "save", file)

    def restore(self, file: str) -> None:
        """Puts etcd back to a snapshot, as people do it: the API server away meanwhile, and Kubernetes' own programs started
        anew after it, for their watches wait for versions that will not come."""
        self.apiserver.kill()
        self.etcd.kill()
        shutil.rmtree(self.layout.etcd)
        member = [
            "--name",
            "control",
            "--initial-cluster",
            f"control={ETCD_PEER}",
            "--initial-advertise-peer-urls",
            ETCD_PEER,
        ]
        quietly("etcdutl", "snapshot", "restore", file, "--data-dir", str(self.layout.etcd), *member)
        self.etcd.start()
        self.start_apiserver()
        nodes = [f"{node}-{program}" for node in self.layout.nodes() for program in ("kubelet", "kube-proxy")]
        for name in ("kube-controller-manager", "kube-scheduler", "kube-proxy", *nodes):
            program = self.layout.component(name)
            program.kill()
            program.start()

    def _is_ready(self) -> bool:
        return self.layout.kubectl("get", "--raw", "/readyz").returncode == 0

    def _etcd(self) -> list[str]:
        return [
            "etcd",
            "--name=control",
            f"--data-dir={self.layout.etcd}",
            f"--listen-client-urls={ETCD}",
            f"--advertise-client-urls={ETCD}",
            f"--listen-peer-urls={ETCD_PEER}",
            f"--initial-advertise-peer-urls={ETCD_PEER}",
            f"--initial-cluster=control={ETCD_PEER}",
            "--unsafe-no-fsync",
        ]

    def _apiserver(self) -> list[str]:
        key = self.keys.file
        return [
            "kube-apiserver",
            f"--etcd-servers={ETCD}",
            f"--secure-port={network.API_PORT}",
            f"--advertise-address={network.CONTROL}",
            f"--service-cluster-ip-range={network.SERVICES}",
            "--authorization-mode=Node,RBAC",
            "--enable-admission-plugins=NodeRestriction",
            f"--client-ca-file={key('kubernetes-ca.crt')}",
            f"--tls-cert-file={key('apiserver.crt')}",
            f"--tls-private-key-file={key('apiserver.key')}",
            f"--kubelet-certificate-authority={key('kubernetes-ca.crt')}",
            f"--kubelet-client-certificate={key('apiserver-kubelet-client.crt')}",
            f"--kubelet-client-key={key('apiserver-kubelet-client.key')}",
            "--kubelet-preferred-address-types=InternalIP",
            "--service-account-issuer=https://kubernetes.default.svc",
            f"--service-account-key-file={key('service-accounts.pub')}",
            f"--service-account-signing-key-file={key('service-accounts.key')}",
            "--enable-aggregator-routing=true",
            f"--requestheader-client-ca-file={key('front-proxy-ca.crt')}",
            "--requestheader-allowed-names=front-proxy-client",
            "--requestheader-username-headers=X-Remote-User",
            "--requestheader-group-headers=X-Remote-Group",
            "--requestheader-extra-headers-prefix=X-Remote-Extra-",
            f"--proxy-client-cert-file={key('front-proxy-client.crt')}",
            f"--proxy-client-key-file={key('front-proxy-client.key')}",
            f"--audit-policy-file={self._audit_policy()}",
            f"--audit-log-path={self.layout.logs / 'audit.json'}",
        ]

    def _audit_policy(self) -> str:
        """Each request once, when it has been answered, without its body."""
        policy = {
            "apiVersion": "audit.k8s.io/v1",
            "kind": "Policy",
            "omitStages": ["RequestReceived"],
            "rules": [{"level": "Metadata"}],
        }
        return self.layout.write("audit-policy.yaml", json.dumps(policy))

    def _controllers(self) -> list[str]:
        key = self.keys.file
        return [
            "kube-controller-manager",
            *self._as_client("kube-controller-manager"),
            "--use-service-account-credentials",
            f"--service-account-private-key-file={key('service-accounts.key')}",
            f"--root-ca-file={key('kubernetes-ca.crt')}",
            f"--cluster-signing-cert-file={key('kubernetes-ca.crt')}",
            f"--cluster-signing-key-file={key('kubernetes-ca.key')}",
            f"--service-cluster-ip-range={network.SERVICES}",
            "--node-monitor-period=1s",
            "--node-monitor-grace-period=10s",
            "--horizontal-pod-autoscaler-sync-period=5s",
        ]

    def _scheduler(self) -> list[str]:
        return ["kube-scheduler", *self._as_client("kube-scheduler")]

    def _as_client(self, name: str) -> list[str]:
        config = self.keys.file(f"{name}.kubeconfig")
        return [f"--{use}kubeconfig={config}" for use in ("", "authentication-", "authorization-")] + [
            "--leader-elect=false"
        ]
