"""The cluster that the tests are about: `demo`, served by the release `live`."""

import contextlib
import json
import urllib.error
import urllib.request
from collections.abc import Callable
from functools import partial

from cases import PROJECT, Case, attempt, cluster, run
from harness.component import wait_until
from load import Load

CHART = str(PROJECT / "charts" / "livecluster")
IMAGE = ("--set=image.repository=localhost/livecluster,image.tag=test", "--set=image.pullPolicy=Never")
DEMO = {"apiVersion": "livecluster.io/v1alpha1", "kind": "LiveCluster", "metadata": {"name": "demo"}}

LEASE = "lease/livecluster-operator"

NODES = ("node-0", "node-1", "node-2")

kubectl = partial(run, "kubectl", "--namespace=serve")
try_kubectl = partial(attempt, "kubectl", "--namespace=serve")
operator = partial(run, "kubectl", "--namespace=operator")


def install() -> None:
    """The operator, unless it is there."""
    if attempt("kubectl", "get", "namespace", "serve").returncode == 0:
        return
    run("kubectl", "create", "namespace", "serve")
    run("kubectl", "label", "namespace", "serve", "pod-security.kubernetes.io/enforce=restricted")
    run("helm", "install", "live", CHART, "--namespace=operator", "--create-namespace", "--wait", "--timeout=1m", *IMAGE)


class Served(Case):
    """A cluster of three origins and three edges that each test leaves as it found it."""

    @classmethod
    def setUpClass(cls):
        make()

    def setUp(self):
        super().setUp()
        self.addCleanup(settled)

    def nobody_notices(self, fault: Callable[[], None], besides: str = "") -> None:
        """Does something to the cluster under load. Clients of edges on this node may lose their connections."""
        with Load(edges(besides), self._testMethodName.replace("_", "-")) as load:
            fault()
            seen = load.end()
        self.assertEqual([fault for report in seen for fault in report.items() if fault[1]], [])


def owner() -> str:
    return kubectl("get", "livecluster/demo", "--output=jsonpath={.status.operator.release}")


def patch(change: dict) -> None:
    kubectl("patch", "livecluster/demo", "--type=merge", f"--patch={json.dumps(change)}")


def operators(count: int) -> None:
    operator("scale", "deployment/live-livecluster", f"--replicas={count}")
    pods = ("get", "pods", "--selector=app.kubernetes.io/instance=live", "--output=name")
    wait_until(lambda: len(operator(*pods).split()) == count, 60, f"{count} operators")
    if count:
        operator("rollout", "status", "deployment/live-livecluster", "--timeout=60s")


def leader() -> str:
    """The pod of the operator that holds the lease, if there is one."""
    holder = operator("get", LEASE, "--output=jsonpath={.spec.holderIdentity}")
    return holder.split("_")[0]


def make() -> None:
    kubectl("apply", "--filename=-", input=json.dumps(DEMO))
    size(origins=3, edges=3)


def is_ready(address: str) -> bool:
    try:
        return urllib.request.urlopen(f"http://{address}:8080/readyz", timeout=1).status == 200
    except (urllib.error.URLError, OSError):
        return False


def settled() -> None:
    """Until nothing changes, and all are there that are wanted."""
    conditions = ("Ready=True", "OriginsAvailable=True", "EdgesAvailable=True", "Progressing=False", "Degraded=False")
    for wanted in conditions:
        kubectl("wait", "livecluster/demo", f"--for=condition={wanted}", "--timeout=180s")


def size(origins: int, edges: int) -> None:
    """As many as that."""
    patch({"spec": {"origin": {"replicas": origins}, "edge": {"replicas": edges}}})
    for pool, wanted in (("origin", origins), ("edge", edges)):
        summary = f"--for=jsonpath={{.status.{pool}.summary}}={wanted}/{wanted}"
        kubectl("wait", "livecluster/demo", summary, "--timeout=120s")
    wait_until(lambda: len(routed()) == origins, 60, f"{origins} origins in the route document")
    settled()


def whole(node: str) -> None:
    cluster("node-up", node)
    run("kubectl", "wait", f"node/{node}", "--for=condition=Ready", "--timeout=60s")


def condition(condition_type: str) -> str:
    path = f'{{.status.conditions[?(@.type=="{condition_type}")].status}}'
    return kubectl("get", "livecluster/demo", f"--output=jsonpath={path}")


def counts() -> dict[str, int]:
    status = json.loads(kubectl("get", "livecluster", "demo", "--output=json"))["status"]
    return {what: status.get(what) for what in ("streams", "viewers")}


def columns() -> list[str]:
    return kubectl("get", "livecluster", "demo", "--no-headers").split()[1:4]


def routes() -> dict:
    """The route document; nothing while nobody can be asked."""
    with contextlib.suppress(AssertionError):
        return json.loads(kubectl("get", "configmap", "demo-routes", r"--output=jsonpath={.data.routes\.json}"))
    return {}


def routed() -> list[str]:
    """The origins of the route document."""
    return [origin["name"] for origin in routes().get("origins", [])]


def generation() -> int:
    """The route document's."""
    return routes().get("generation", 0)


def pods_of(component: str) -> list[str]:
    selector = f"--selector=app.kubernetes.io/component={component}"
    return kubectl("get", "pods", selector, "--output=jsonpath={.items[*].metadata.name}").split()


def staying(component: str) -> list[str]:
    """Those of the pods that were not told to end."""
    selector = f"--selector=app.kubernetes.io/component={component}"
    pods = json.loads(kubectl("get", "pods", selector, "--output=json"))["items"]
    return [pod["metadata"]["name"] for pod in pods if "deletionTimestamp" not in pod["metadata"]]


def node_of(pod: str) -> str:
    return kubectl("get", "pod", pod, "--output=jsonpath={.spec.nodeName}")


def edges(besides: str = "") -> list[str]:
    """The addresses of the edges that are ready and not on this node."""
    pods = json.loads(kubectl("get", "pods", "--selector=app.kubernetes.io/component=edge", "--output=json"))["items"]
    living = [pod for pod in pods if "deletionTimestamp" not in pod["metadata"] and pod["spec"]["nodeName"] != besides]
    return [pod["status"]["podIP"] for pod in living]
