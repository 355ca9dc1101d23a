"""What this machine must have, and what of it a cluster may touch."""

import os
import platform
import shutil
import subprocess
from pathlib import Path

from harness import cgroups
from harness.command import quietly
from harness.component import wait_until
from harness.say import Missing, say

# Where each Debian package shows that it is there: a command, or a file.
PACKAGES = {
    "buildah": "buildah",
    "conntrack": "conntrack",
    "containerd": "containerd",
    "containernetworking-plugins": "/usr/lib/cni/ptp",
    "gcc": "cc",
    "iproute2": "ip",
    "libc6-dev": "/usr/include/signal.h",
    "nftables": "nft",
    "openssl": "openssl",
    "runc": "runc",
    "util-linux": "nsenter",
}

# The kubelet sets these, and they are the whole machine's: inside they are files that nobody reads.
KERNEL_SETTINGS = (
    "kernel/keys/root_maxbytes",
    "kernel/keys/root_maxkeys",
    "kernel/panic",
    "kernel/panic_on_oops",
    "vm/overcommit_memory",
    "vm/panic_on_oom",
)


def require() -> None:
    """Sees to it that a cluster can run here; says exactly what is missing otherwise."""
    if platform.system() != "Linux":
        raise Missing(f"a Kubernetes of several nodes needs Linux; this is {platform.system()}")
    if os.geteuid() != 0:
        raise Missing("root is needed, for namespaces, containers and their network")
    install([package for package, sign in PACKAGES.items() if not is_there(sign)])


def is_there(sign: str) -> bool:
    return Path(sign).exists() if sign.startswith("/") else shutil.which(sign) is not None


def install(packages: list[str]) -> None:
    """Installs Debian packages where there is an apt-get."""
    if not packages:
        return
    if not shutil.which("apt-get"):
        raise Missing(f"these are missing (names of Debian's packages): {' '.join(packages)}")
    say(f"installing {' '.join(packages)}")
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    for words in (["update"], ["install", "--yes", "--no-install-recommends", *packages]):
        done = subprocess.run(["apt-get", "-qq", *words], env=environment, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise Missing(f"apt-get {' '.join(words)} failed: {done.stderr.strip()}")


def shield() -> None:
    """Inside: keeps the machine's own settings from being changed, and its /run from being seen."""
    quietly("mount", "-t", "tmpfs", "-o", "mode=0755", "run", "/run")
    for folder in ("lock", "netns", "settings"):
        Path("/run", folder).mkdir()
    for setting in KERNEL_SETTINGS:
        real, shown = Path("/proc/sys", setting), Path("/run/settings", setting.replace("/", "."))
        shown.write_text(real.read_text())
        quietly("mount", "--bind", str(shown), str(real))


def sweep(group: str) -> None:
    """Outside, at the end: removes the control groups of a cluster whose processes have been killed."""
    wait_until(lambda: cgroups.remove(group), 10, f"the control groups {group} to be empty")


def is_alive(pid: str) -> bool:
    return Path("/proc", pid).exists()
