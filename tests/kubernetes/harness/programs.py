"""The programs of a cluster, each built from its Go module at the version that programs/*/go.mod pins."""

import fcntl
import os
import re
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from harness.say import Failed, Missing, say

HERE = Path(__file__).resolve().parent.parent
PROJECT = HERE.parent.parent


@dataclass(frozen=True)
class Module:
    """A folder of programs/ and what `go build tool` makes of it."""

    name: str
    path: str
    programs: dict[str, str]
    minutes: int
    stamps: tuple[str, ...] = ()

    @property
    def source(self) -> Path:
        return HERE / "programs" / self.name

    @property
    def version(self) -> str:
        pinned = re.search(
            rf"^\s*(?:require )?{re.escape(self.path)} (v\S+)", (self.source / "go.mod").read_text(), re.M
        )
        if not pinned:
            raise Missing(f"{self.source}/go.mod names no version of {self.path}")
        return pinned.group(1)

    @property
    def folder(self) -> Path:
        return cache() / f"{self.name}-{self.version}"

    @property
    def is_built(self) -> bool:
        return self.folder.is_dir()

    def linker_flags(self) -> str:
        """Stripped; and Kubernetes is told its version, which a build from the module doesn't know."""
        major, minor, _ = self.version.lstrip("v").split(".", 2)
        facts = {"gitVersion": self.version, "gitMajor": major, "gitMinor": minor, "gitTreeState": "clean"}
        return " ".join(
            ["-s -w"] + [f"-X {package}.{fact}={value}" for package in self.stamps for fact, value in facts.items()]
        )

    def build(self) -> None:
        """Builds into a folder beside the final one: a build that was interrupted goes on where Go's own cache is."""
        started, unfinished = time.monotonic(), self.folder.with_name(f"{self.folder.name}.unfinished")
        say(f"building {self.name} {self.version} from its Go module: about {self.minutes} minutes on two cores, once")
        unfinished.mkdir(parents=True, exist_ok=True)
        environment = os.environ | {"CGO_ENABLED": "0"}
        command = [
            "go",
            "build",
            "-trimpath",
            "-buildvcs=false",
            "-ldflags",
            self.linker_flags(),
            "-o",
            f"{unfinished}/",
            "tool",
        ]
        if subprocess.run(command, cwd=self.source, env=environment, check=False).returncode != 0:
            raise Failed(f"go could not build {self.name} {self.version}: see above")
        for built, wanted in self.programs.items():
            (unfinished / built).rename(unfinished / wanted)
        unfinished.rename(self.folder)
        say(f"built {self.name} {self.version} in {time.monotonic() - started:.0f} s")


def same(*names: str) -> dict[str, str]:
    """Programs whose name is the one that Go gives them."""
    return {name: name for name in names}


KUBERNETES = Module(
    name="kubernetes",
    path="k8s.io/kubernetes",
    programs=same("kube-apiserver", "kube-controller-manager", "kube-proxy", "kube-scheduler", "kubectl", "kubelet"),
    minutes=12,
    stamps=("k8s.io/component-base/version", "k8s.io/client-go/pkg/version"),
)
ETCD = Module(
    name="etcd",
    path="go.etcd.io/etcd/server/v3",
    programs={"server": "etcd"} | same("etcdctl", "etcdutl"),
    minutes=2,
)
HELM = Module(name="helm", path="helm.sh/helm/v4", programs=same("helm"), minutes=5)
MODULES = (ETCD, KUBERNETES, HELM)
# Nodes that are none, for `fleet` alone.
KWOK = Module(name="kwok", path="sigs.k8s.io/kwok", programs=same("kwok"), minutes=2)


def cache() -> Path:
    """Where programs and images are kept."""
    return Path(os.environ.get("LIVECLUSTER_TEST_CACHE", PROJECT / "target" / "kubernetes")).resolve()


def ensure(*besides: Module) -> None:
    """Builds what is not there; whoever comes meanwhile waits."""
    cache().mkdir(parents=True, exist_ok=True)
    with (cache() / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        build_missing(*MODULES, *besides)


def build_missing(*wanted: Module) -> None:
    missing = [module for module in wanted if not module.is_built]
    if missing and not shutil.which("go"):
        names = ", ".join(f"{module.name} {module.version}" for module in missing)
        raise Missing(f"go is missing (1.26 or newer, https://go.dev/dl): it builds {names} from their modules")
    for module in missing:
        module.build()


def path() -> str:
    """PATH with the built programs, and `cluster` itself, in front."""
    return os.pathsep.join([str(module.folder) for module in (*MODULES, KWOK)] + [str(HERE), os.environ["PATH"]])
