"""Real edges and origins for pods on fake nodes: each pod's container as a process beside the control plane, at the pod's
address."""

import json
import os
import shutil
import subprocess
import threading
from dataclasses import dataclass
from pathlib import Path

from cases import HERE, run
from harness import network
from harness.images import program
from harness.layout import Layout

NAMESPACE = "fleet"
# Pods of fake nodes have these addresses. All of them are this machine's.
ADDRESSES = "172.29.0.0/16"
NODE_LABEL = "type=kwok"
PODS_PER_NODE = 110
STAGES = HERE / "fleet-stages.yaml"
# Where a process in a pod finds who it is for the API server.
ACCOUNT = "/run/secrets/kubernetes.io/serviceaccount"
# Gives a process a /run of its own.
IN_A_POD = (
    f'mount -t tmpfs tmpfs /run && mkdir -p {ACCOUNT} && cp "$1"/* {ACCOUNT} && shift && exec "$@"'
)


@dataclass
class Part:
    """A process that stands for a pod."""

    process: subprocess.Popen
    log: Path


class Parts:
    """What runs on the fake nodes; follows the pods that Kubernetes puts there until it is closed."""

    def __init__(self, nodes: int):
        self.layout = Layout.of_this_process()
        self.folder = self.layout.state / "fleet"
        self.folder.mkdir()
        self.parts: dict[str, Part] = {}
        run("ip", "route", "add", "local", ADDRESSES, "dev", "lo")
        run("kubectl", "create", "namespace", NAMESPACE)
        self.account = create_account(self.folder / "account")
        self.kwok = self._start_kwok()
        run("kubectl", "apply", "--filename=-", input=json.dumps(fake_nodes(nodes)))
        self.watch = subprocess.Popen(["kubectl", *WATCH_PODS], stdout=subprocess.PIPE, text=True)
        self.follower = threading.Thread(target=self._follow, daemon=True)
        self.follower.start()

    def close(self) -> None:
        self.watch.kill()
        self.follower.join()
        for part in self.parts.values():
            part.process.kill()
        self.kwok.kill()

    def logs(self, cluster: str) -> list[Path]:
        """What the parts of a cluster say."""
        return [part.log for name, part in self.parts.items() if name.startswith(f"{cluster}-")]

    def _start_kwok(self) -> subprocess.Popen:
        command = ["kwok", f"--kubeconfig={self.layout.kubeconfig}", f"--cidr={ADDRESSES}", f"--config={STAGES}"]
        # Often enough for the node controller, which gives nodes ten seconds.
        command += ["--node-lease-duration-seconds=8"]
        command += [f"--manage-nodes-with-label-selector={NODE_LABEL}", f"--node-ip={network.CONTROL}"]
        log = (self.layout.logs / "kwok.log").open("w")
        return subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)

    def _follow(self) -> None:
        for line in self.watch.stdout:
            told, name, address, ending, arguments = line.rstrip("\n").split("|", 4)
            if told == "DELETED" or ending:
                self._stop(name)
            elif address and name not in self.parts:
                self.parts[name] = self._start(name, address, json.loads(arguments))

    def _start(self, name: str, address: str, arguments: list[str]) -> Part:
        log = self.folder / f"{name}.log"
        environment = os.environ | {
            "LIVECLUSTER_NAME": name,
            "LIVECLUSTER_LOG_FORMAT": "json",
            "KUBERNETES_SERVICE_HOST": network.CONTROL,
            "KUBERNETES_SERVICE_PORT": str(network.API_PORT),
        }
        alone = ["unshare", "--mount", "sh", "-c", IN_A_POD, "sh", str(self.account)]
        command = [*alone, str(program()), *self._own(name, address, arguments)]
        with log.open("a") as out:
            return Part(subprocess.Popen(command, env=environment, stdout=out, stderr=out), log)

    def _own(self, name: str, address: str, arguments: list[str]) -> list[str]:
        """A container's arguments, with files and addresses that others of this machine do not have."""
        role, cluster = arguments[0], name.split("-")[0]
        files = ("--routes-cache=", "--routes-fallback=", "--secret-file=")
        kept = [argument for argument in arguments if not argument.startswith(files)]
        ports = {"link": 1950, "http": 8080} | ({"rtmp": 1935} if role == "edge" else {})
        listens = [f"--{what}-listen={address}:{port}" for what, port in ports.items()]
        return [*kept, *listens, f"--secret-file={self._secret(cluster)}"]

    def _secret(self, cluster: str) -> Path:
        file = self.folder / f"{cluster}.secret"
        if not file.exists():
            path = "--output=go-template={{.data.secret | base64decode}}"
            file.write_text(run("kubectl", "get", "secret", f"{cluster}-link", f"--namespace={NAMESPACE}", path))
        return file

    def _stop(self, name: str) -> None:
        part = self.parts.pop(name, None)
        if part:
            part.process.kill()
            part.process.wait()


def fake_nodes(count: int) -> dict:
    """Nodes that kwok says are ready."""

    def node(index: int) -> dict:
        label, value = NODE_LABEL.split("=")
        room = {"cpu": "1000", "memory": "1Ti", "pods": str(PODS_PER_NODE)}
        return {
            "apiVersion": "v1",
            "kind": "Node",
            "metadata": {"name": f"fake-{index}", "labels": {label: value}},
            "status": {"allocatable": room, "capacity": room},
        }

    return {"apiVersion": "v1", "kind": "List", "items": [node(index) for index in range(count)]}


def create_account(folder: Path) -> Path:
    """One for all parts: what each may do by itself is for other tests."""
    run("kubectl", "create", "serviceaccount", "parts", f"--namespace={NAMESPACE}")
    rights = ("--verb=get,list,watch", "--resource=configmaps", f"--namespace={NAMESPACE}")
    run("kubectl", "create", "role", "parts", *rights)
    bound = ("--role=parts", f"--serviceaccount={NAMESPACE}:parts", f"--namespace={NAMESPACE}")
    run("kubectl", "create", "rolebinding", "parts", *bound)
    folder.mkdir()
    (folder / "namespace").write_text(NAMESPACE)
    (folder / "token").write_text(token("parts", NAMESPACE))
    shutil.copy(Layout.of_this_process().keys.file("kubernetes-ca.crt"), folder / "ca.crt")
    return folder


def token(account: str, namespace: str) -> str:
    return run("kubectl", "create", "token", account, f"--namespace={namespace}", "--duration=4h").strip()


PARTS_OF_A_POD = (
    "{.type}|{.object.metadata.name}|{.object.status.podIP}|{.object.metadata.deletionTimestamp}"
    "|{.object.spec.containers[0].args}"
)
WATCH_PODS = (
    "get",
    "pods",
    f"--namespace={NAMESPACE}",
    "--watch",
    "--output-watch-events",
    f'--output=jsonpath={PARTS_OF_A_POD}{{"\\n"}}',
)
