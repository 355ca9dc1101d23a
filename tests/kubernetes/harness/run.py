"""Starts a cluster around a command, and ends all of it with the command."""

import os
import shutil
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from harness import images, machine, network, programs
from harness.component import wait_until
from harness.control import Control
from harness.layout import VARIABLE, Layout
from harness.node import Node
from harness.say import Failed, say

NAMESPACES = ("--mount", "--net", "--pid", "--uts", "--ipc", "--fork", "--kill-child", "--mount-proc")
# How much of each log is shown after a failure.
TAIL_LINES = 5
TAIL_WIDTH = 200


def outside(nodes: int, archives: list[Path], command: list[str]) -> int:
    """Makes what must be made while there is a network, then goes inside. The exit code is the command's."""
    machine.require()
    programs.ensure()
    images.pause()
    forget_the_dead()
    layout = Layout(runs() / str(os.getpid()))
    layout.logs.mkdir(parents=True)
    archives = [images.pause(), *(archive.resolve() for archive in archives)]
    inside = [sys.executable, sys.argv[0], "inside", str(nodes), *map(str, archives), "--", *command]
    code = 1
    try:
        code = in_namespaces(layout, inside)
    finally:
        machine.sweep(layout.cgroup)
        shutil.rmtree(layout.state, ignore_errors=True)
        report(layout, code)
    return code


def in_namespaces(layout: Layout, command: list[str]) -> int:
    """Runs a command as the first process of new namespaces, which end with it, and with this process."""
    environment = os.environ | {"PATH": programs.path(), "KUBECONFIG": layout.kubeconfig, VARIABLE: str(layout.folder)}
    bound_to_us = ["setpriv", "--pdeathsig", "KILL", "unshare", *NAMESPACES]
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    process = subprocess.Popen([*bound_to_us, *command], env=environment)
    try:
        # Ctrl-C is for the command alone: this waits for what it makes of it.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        return process.wait()
    finally:
        process.kill()
        process.wait()


def inside(nodes: int, archives: list[Path], command: list[str]) -> int:
    """The first process of the namespaces: builds the cluster, then runs the command."""
    layout = Layout.of_this_process()
    try:
        create(layout, nodes, archives)
    except Failed as failed:
        say(str(failed))
        return 1
    say(f"{nodes} nodes are ready; running {' '.join(command)}")
    code = run_as_first_process(command)
    say(f"the command ended with {code}")
    return code


def create(layout: Layout, nodes: int, archives: list[Path]) -> None:
    """Brings the cluster up; returns when pods can be made."""
    say(f"starting a Kubernetes {programs.KUBERNETES.version} with {nodes} nodes")
    machine.shield()
    subprocess.run(["hostname", "control"], check=True)
    network.create_control()
    server = f"https://{network.CONTROL}:{network.API_PORT}"
    layout.keys.create(server, ["127.0.0.1", network.CONTROL, network.API_SERVICE])
    control = Control(layout)
    members = [Node(layout, f"node-{index}") for index in range(nodes)]
    for index, member in enumerate(members):
        member.connect(index, nodes)
    with ThreadPoolExecutor() as pool:
        prepared = [pool.submit(member.prepare, index, archives) for index, member in enumerate(members)]
        control.start()
        for each in prepared:
            each.result()
    for index, member in enumerate(members):
        member.join(index)
    control.start_proxy(members[0].name)
    kubelets = [member.kubelet for member in members]
    wait_until(lambda: ready_nodes(layout) == nodes, 90, f"{nodes} nodes to be ready", *kubelets)
    wait_until(lambda: has_accounts(layout), 30, "the first service account")


def has_accounts(layout: Layout) -> bool:
    """Without one no pod can be made."""
    return layout.kubectl("get", "serviceaccount", "default").returncode == 0


def ready_nodes(layout: Layout) -> int:
    condition = '{.items[*].status.conditions[?(@.type=="Ready")].status}'
    return layout.kubectl("get", "nodes", f"--output=jsonpath={condition}").stdout.split().count("True")


def run_as_first_process(command: list[str]) -> int:
    """Runs the command, and buries every process that lost its parent meanwhile, as the first process must."""
    process = subprocess.Popen(command)
    # Ctrl-C is for the command alone, here as outside.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    while True:
        pid, status = os.wait()
        if pid == process.pid:
            code = os.waitstatus_to_exitcode(status)
            return code if code >= 0 else 128 - code


def report(layout: Layout, code: int) -> None:
    """After a failure the logs stay, and their ends are shown; nothing stays otherwise."""
    if code == 0:
        shutil.rmtree(layout.folder)
        return
    for log in sorted(layout.logs.glob("*.log")):
        lines = [line[:TAIL_WIDTH] for line in log.read_text(errors="replace").splitlines()[-TAIL_LINES:]]
        print(f"--- the end of {log.name}", *lines, sep="\n", file=sys.stderr)
    say(f"the logs of all parts are in {layout.logs}")


def runs() -> Path:
    return programs.cache() / "runs"


def forget_the_dead() -> None:
    """Removes what clusters left behind that failed, or were killed together with whoever should have cleaned up."""
    folders = runs().iterdir() if runs().exists() else []
    for folder in folders:
        if not machine.is_alive(folder.name) or folder.name == str(os.getpid()):
            machine.sweep(Layout(folder).cgroup)
            shutil.rmtree(folder)
