"""A node: containerd, kubelet and kube-proxy in network and mount namespaces of its own."""

import json
import subprocess
from pathlib import Path

from harness import cgroups, images, network
from harness.command import quietly
from harness.component import wait_until
from harness.layout import Layout


class Node:
    """A machine as Kubernetes sees it, with a folder for its disk."""

    def __init__(self, layout: Layout, name: str):
        self.layout = layout
        self.name = name
        self.disk = layout.disk(name)
        # It does nothing but hold the node's namespaces.
        self.machine = layout.component(name)
        self.containerd = layout.component(f"{name}-containerd")
        self.kubelet = layout.component(f"{name}-kubelet")

    def connect(self, index: int, nodes: int) -> None:
        """Gives it a cable. One node after the other: `ip netns` demands it."""
        network.create_node(self.name, index, nodes)

    def prepare(self, index: int, archives: list[Path]) -> None:
        """Starts containerd with these images."""
        self._create_disk(index)
        self._start_machine()
        cgroups.create(f"{self.layout.cgroup}/{self.name}")
        self._create_keys(index)
        self.containerd.define(self.within("containerd", f"--config={self._containerd_config()}")).start()
        wait_until(self._has_containerd, 30, f"containerd of {self.name}", self.containerd)
        self.load(archives)

    def join(self, index: int) -> None:
        """Joins the cluster, whose API server is there; it becomes Ready some seconds later."""
        self.kubelet.define(self.within(*self._kubelet(index))).start()
        proxy = self.within("kube-proxy", f"--config={self.layout.proxy_config(self.name, self.name)}")
        self.layout.component(f"{self.name}-kube-proxy").define(proxy).start()

    def within(self, *command: str) -> list[str]:
        """The command, to be run on this node."""
        return ["nsenter", f"--target={self.machine.pid}", "--net", "--mount", *command]

    def load(self, archives: list[Path]) -> None:
        """Puts images into the node's containerd, where pods with `imagePullPolicy: Never` find them."""
        for archive in archives:
            self.ctr("images", "import", str(archive))

    def ctr(self, *words: str) -> str:
        """Asks containerd something about Kubernetes' images and containers."""
        return quietly(*self.within("ctr", "--namespace", "k8s.io", *words))

    def _has_containerd(self) -> bool:
        return subprocess.run(self.within("ctr", "version"), capture_output=True, check=False).returncode == 0

    def _create_disk(self, index: int) -> None:
        for folder in ("cni", "lib", "log"):
            (self.disk / folder).mkdir(parents=True)
        (self.disk / "cni" / "pods.conflist").write_text(json.dumps(pod_network(index)))

    def _start_machine(self) -> None:
        """Has the node's disk where programs expect their state, and a /run of its own."""
        ready = self.disk / "ready"
        steps = [
            "mount -t tmpfs -o mode=0755 run /run",
            f"mount --bind {self.disk}/lib /var/lib",
            f"mount --bind {self.disk}/log /var/log",
            "mount --make-rshared /",
            f"touch {ready}",
            "exec sleep infinity",
        ]
        self.machine.define([*network.within(self.name), "unshare", "--mount", "sh", "-c", " && ".join(steps)]).start()
        wait_until(ready.exists, 10, f"the file systems of {self.name}", self.machine)

    def _create_keys(self, index: int) -> None:
        subject, address = f"/O=system:nodes/CN=system:node:{self.name}", network.address(index)
        self.layout.keys.serving(f"{self.name}-serving", subject, [self.name], [address])
        self.layout.keys.kubeconfig(self.name, subject, f"https://{network.CONTROL}:{network.API_PORT}")

    def _containerd_config(self) -> str:
        return self.layout.write(
            f"containerd-{self.name}.toml",
            f"""\
version = 2
[plugins."io.containerd.internal.v1.opt"]
path = "/var/lib/containerd-opt"
[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = "{images.PAUSE}"
# Who may not lower oom_score_adj for itself may not do so for a sandbox.
restrict_oom_score_adj = true
[plugins."io.containerd.grpc.v1.cri".cni]
bin_dir = "/usr/lib/cni"
conf_dir = "{self.disk}/cni"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
SystemdCgroup = false
""",
        )

    def _kubelet(self, index: int) -> list[str]:
        return [
            "kubelet",
            f"--config={self.layout.write(f'kubelet-{self.name}.yaml', json.dumps(self._kubelet_config()))}",
            f"--kubeconfig={self.layout.keys.file(f'{self.name}.kubeconfig')}",
            f"--hostname-override={self.name}",
            f"--node-ip={network.address(index)}",
        ]

    def _kubelet_config(self) -> dict:
        key = self.layout.keys.file
        return {
            "apiVersion": "kubelet.config.k8s.io/v1beta1",
            "kind": "KubeletConfiguration",
            "containerRuntimeEndpoint": "unix:///run/containerd/containerd.sock",
            "authentication": {
                "anonymous": {"enabled": False},
                "webhook": {"enabled": True},
                "x509": {"clientCAFile": key("kubernetes-ca.crt")},
            },
            "authorization": {"mode": "Webhook"},
            "tlsCertFile": key(f"{self.name}-serving.crt"),
            "tlsPrivateKeyFile": key(f"{self.name}-serving.key"),
            "cgroupDriver": "cgroupfs",
            "cgroupRoot": f"/{self.layout.cgroup}/{self.name}",
            "failCgroupV1": False,
            "failSwapOn": False,
            # There is no DNS in this cluster: names are refused at once instead of after a time-out.
            "clusterDNS": ["127.0.0.1"],
            "clusterDomain": "cluster.local",
            "resolvConf": self.layout.write("resolv.conf", ""),
            # Images come from nowhere else: none may be dropped, whatever the disk.
            "imageGCHighThresholdPercent": 100,
            "evictionHard": {"memory.available": "100Mi", "nodefs.available": "1%", "imagefs.available": "1%"},
            # A node that is cut off is missed after 10 s, and a container that was killed is back after 1 s.
            "nodeStatusUpdateFrequency": "2s",
            "nodeLeaseDurationSeconds": 8,
            "crashLoopBackOff": {"maxContainerRestartPeriod": "1s"},
        }


def pod_network(index: int) -> dict:
    """A cable from each pod to its node, and routes from there."""
    addresses = {
        "type": "host-local",
        "dataDir": "/run/pod-addresses",
        "ranges": [[{"subnet": network.pods(index)}]],
        "routes": [{"dst": "0.0.0.0/0"}],
    }
    return {"cniVersion": "0.4.0", "name": "pods", "plugins": [{"type": "ptp", "ipMasq": False, "ipam": addresses}]}
