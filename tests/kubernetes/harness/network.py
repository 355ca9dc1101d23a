"""The network of a cluster: each node a network namespace on one bridge, and the control plane beside them.

It has no way out: whatever runs inside reaches the nodes, their pods and Services, and nothing else.
"""

from harness.command import quietly

CONTROL = "198.51.100.1"
PODS = "10.244.0.0/16"
SERVICES = "10.96.0.0/16"
API_SERVICE = "10.96.0.1"
API_PORT = 6443
BRIDGE = "nodes"


def address(index: int) -> str:
    """A node's address."""
    return f"198.51.100.{10 + index}"


def pods(index: int) -> str:
    """The addresses of a node's pods."""
    return f"10.244.{index}.0/24"


def create_control() -> None:
    """The bridge, and the control plane's own address on it."""
    ip("link", "set", "lo", "up")
    ip("link", "add", BRIDGE, "type", "bridge")
    ip("address", "add", f"{CONTROL}/24", "dev", BRIDGE)
    ip("link", "set", BRIDGE, "up")
    sysctl("net.ipv4.ip_forward=1")


def create_node(name: str, index: int, nodes: int) -> None:
    """A node's namespace, its cable to the bridge, and routes to everybody's pods."""
    ip("netns", "add", name)
    ip("link", "add", name, "type", "veth", "peer", "name", "eth0", "netns", name)
    ip("link", "set", name, "master", BRIDGE, "up")
    inside = ("-n", name)
    ip(*inside, "link", "set", "lo", "up")
    ip(*inside, "address", "add", f"{address(index)}/24", "dev", "eth0")
    ip(*inside, "link", "set", "eth0", "up")
    ip(*inside, "route", "add", "default", "via", CONTROL)
    for other in range(nodes):
        if other != index:
            ip(*inside, "route", "add", pods(other), "via", address(other))
    ip("route", "add", pods(index), "via", address(index))
    sysctl("net.ipv4.ip_forward=1", namespace=name)


def cable(name: str, state: str) -> None:
    """Pulls a node's cable (`down`) or plugs it in (`up`): nobody is told, packets vanish."""
    ip("link", "set", name, state)


def silence(name: str, match_in: str, match_out: str) -> None:
    """Drops packets that match in a node's namespace, both ways, until `mend`."""
    mend(name)
    rules = f"""
        add table inet fault
        add chain inet fault in {{ type filter hook prerouting priority raw; }}
        add chain inet fault out {{ type filter hook postrouting priority raw; }}
        add rule inet fault in {match_in} drop
        add rule inet fault out {match_out} drop
    """
    nft(name, rules)


def mend(name: str) -> None:
    """Undoes `silence`."""
    nft(name, "add table inet fault; delete table inet fault")


def within(name: str) -> list[str]:
    """What to put before a command to run it in a node's network alone."""
    return ["nsenter", f"--net=/run/netns/{name}"]


def nft(name: str, rules: str) -> None:
    quietly(*within(name), "nft", "--file", "-", input=rules)


def ip(*words: str) -> None:
    quietly("ip", *words)


def sysctl(setting: str, namespace: str | None = None) -> None:
    prefix = within(namespace) if namespace else []
    key, value = setting.split("=")
    path = "/proc/sys/" + key.replace(".", "/")
    quietly(*prefix, "tee", path, input=value)
