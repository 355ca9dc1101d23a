"""What goes wrong in clusters, done on purpose: for commands that run inside of one."""

import json
import os
import signal
import sys
from argparse import Namespace
from pathlib import Path
from typing import Never

from harness import network
from harness.control import Control
from harness.layout import Layout
from harness.node import Node
from harness.say import Failed


def node_down(layout: Layout, name: str, apart_from: str | None) -> None:
    """Cuts a node off: from all, or only from the other nodes and their pods, or only from the API server."""
    check_node(layout, name)
    if apart_from == "pods":
        others = [index_of(node) for node in layout.nodes() if node != name]
        addresses = ", ".join([network.address(index) for index in others] + [network.pods(index) for index in others])
        network.silence(name, f"ip saddr {{ {addresses} }}", f"ip daddr {{ {addresses} }}")
    elif apart_from == "api":
        server, port = f"{network.CONTROL} tcp", network.API_PORT
        network.silence(name, f"ip saddr {server} sport {port}", f"ip daddr {server} dport {port}")
    else:
        network.cable(name, "down")


def node_up(layout: Layout, name: str) -> None:
    """Mends whatever `node_down` cut."""
    check_node(layout, name)
    network.cable(name, "up")
    network.mend(name)


def node_exec(layout: Layout, name: str, command: list[str]) -> Never:
    """Becomes a command on a node: signals are for that."""
    check_node(layout, name)
    sys.stdout.flush()
    within = Node(layout, name).within(*command)
    os.execvp(within[0], within)


def signal_pod(layout: Layout, given: Namespace) -> None:
    """Sends a signal to a container's first process, past Kubernetes: KILL, or STOP and CONT to freeze and thaw it."""
    os.kill(process_of(layout, given), signal.Signals[f"SIG{given.signal}"])


def process_of(layout: Layout, given: Namespace) -> int:
    """The id of a container's first process, as this machine counts."""
    node, identity = find_container(layout, given.pod, given.namespace, given.container)
    tasks = Node(layout, node).ctr("tasks", "list").splitlines()
    pids = [task.split()[1] for task in tasks if task.startswith(identity)]
    if not pids:
        raise Failed(f"no process of pod {given.pod} runs on {node}")
    return int(pids[0])


def find_container(layout: Layout, pod: str, namespace: str, container: str | None) -> tuple[str, str]:
    """The node of a pod, and containerd's name for its container."""
    found = layout.kubectl("get", "pod", pod, f"--namespace={namespace}", "--output=json")
    if found.returncode != 0:
        raise Failed(found.stderr.strip())
    described = json.loads(found.stdout)
    statuses = described["status"].get("containerStatuses", [])
    chosen = [status for status in statuses if container in (None, status["name"]) and status.get("containerID")]
    if not chosen:
        raise Failed(f"pod {pod} has no such container that was started")
    return described["spec"]["nodeName"], chosen[0]["containerID"].removeprefix("containerd://")


def load(layout: Layout, archives: list[Path]) -> None:
    """Imports images into every node's containerd."""
    for name in layout.nodes():
        Node(layout, name).load(archives)


def apiserver(layout: Layout, action: str) -> None:
    """Kills the API server, or starts it again and waits until it is ready."""
    control = Control(layout)
    if action == "stop":
        control.stop_apiserver()
    else:
        control.start_apiserver()


def etcd(layout: Layout, action: str, file: str) -> None:
    """Saves etcd's state, or puts it back to a saved one."""
    control = Control(layout)
    if action == "snapshot":
        control.snapshot(file)
    else:
        control.restore(file)


def check_node(layout: Layout, name: str) -> None:
    if name not in layout.nodes():
        raise Failed(f"there is no node {name}; there are {', '.join(layout.nodes())}")


def index_of(node: str) -> int:
    return int(node.rsplit("-", 1)[1])
