"""Where a running cluster keeps its files, for the process that started it and for those that meddle with it."""

import json
import os
import subprocess
from pathlib import Path

from harness import network
from harness.component import Component
from harness.keys import Keys
from harness.say import Missing

VARIABLE = "LIVECLUSTER_TEST_CLUSTER"


class Layout:
    """One folder: keys, configuration, etcd's state, the nodes' disks; and the logs beside it."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.logs = folder / "logs"
        self.state = folder / "state"
        self.etcd = self.state / "etcd"
        self.keys = Keys(self.state / "keys")

    @classmethod
    def of_this_process(cls) -> "Layout":
        """The cluster that this process runs in."""
        folder = os.environ.get(VARIABLE)
        if not folder:
            raise Missing("this works only inside of a cluster: cluster run -- COMMAND...")
        return cls(Path(folder))

    @property
    def kubeconfig(self) -> str:
        return self.keys.file("admin.kubeconfig")

    @property
    def cgroup(self) -> str:
        """The control group, in each hierarchy, below which all pods of this cluster are."""
        return f"livecluster-test-{self.folder.name}"

    def component(self, name: str) -> Component:
        return Component(name, self.state / "components", self.logs)

    def disk(self, node: str) -> Path:
        """What would be a node's disk."""
        return self.state / "nodes" / node

    def nodes(self) -> list[str]:
        return sorted(path.name for path in (self.state / "nodes").iterdir())

    def write(self, name: str, text: str) -> str:
        """Writes a configuration file."""
        path = self.state / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return str(path)

    def kubectl(self, *words: str) -> subprocess.CompletedProcess:
        """Runs kubectl as the cluster's administrator."""
        return subprocess.run(
            ["kubectl", f"--kubeconfig={self.kubeconfig}", *words], capture_output=True, text=True, check=False
        )

    def proxy_config(self, name: str, node: str) -> str:
        """kube-proxy's configuration; the settings of the machine's own connection tracking are left alone."""
        config = {
            "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
            "kind": "KubeProxyConfiguration",
            "mode": "nftables",
            "clusterCIDR": network.PODS,
            "hostnameOverride": node,
            "clientConnection": {"kubeconfig": self.keys.file("kube-proxy.kubeconfig")},
            "conntrack": {"maxPerCore": 0, "tcpEstablishedTimeout": "0s", "tcpCloseWaitTimeout": "0s"},
        }
        return self.write(f"kube-proxy-{name}.yaml", json.dumps(config))
