"""Autoscaling of the cluster that the tests are about."""

import json

import demo
from demo import kubectl

# A few connections fill an edge; edges go at once when they are not needed.
AUTOSCALING = {
    "source": "Internal",
    "minReplicas": 2,
    "maxReplicas": 4,
    "connectionsPerEdge": 10,
    "behavior": {
        "scaleDown": {
            "stabilizationWindowSeconds": 0,
            "policies": [{"type": "Pods", "value": 4, "periodSeconds": 15}],
        },
    },
}


def autoscale(autoscaling: dict | None) -> None:
    demo.patch({"spec": {"edge": {"autoscaling": autoscaling}}})


def summary() -> str:
    return kubectl("get", "livecluster/demo", "--output=jsonpath={.status.edge.summary}")


def edges_by_address() -> dict[str, str]:
    """The edges that stay."""
    pods = json.loads(kubectl("get", "pods", "--selector=app.kubernetes.io/component=edge", "--output=json"))["items"]
    staying = set(demo.staying("edge"))
    named = {pod["status"].get("podIP"): pod["metadata"]["name"] for pod in pods}
    return {address: name for address, name in named.items() if name in staying}
