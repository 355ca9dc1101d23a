"""The control groups below which a cluster's pods are: the one thing that it has outside of its namespaces."""

import os
from pathlib import Path

ROOT = Path("/sys/fs/cgroup")
CONTROLLERS = {"cpuset", "cpu", "io", "memory", "pids"}


def create(group: str) -> None:
    """Makes a group that has whatever its parents have."""
    for hierarchy in hierarchies():
        within = hierarchy
        for part in Path(group).parts:
            parent, within = within, within / part
            within.mkdir(exist_ok=True)
            hand_down(parent, within)
        hand_down(within, None)


def remove(group: str) -> bool:
    """Removes a group and all below it. False while one of its processes is still on its way out."""
    folders = [
        Path(folder) for hierarchy in hierarchies() for folder, _, _ in os.walk(hierarchy / group, topdown=False)
    ]
    for folder in folders:
        try:
            folder.rmdir()
        except OSError:
            return False
    return True


def groups(prefix: str) -> set[str]:
    """The names of groups at the top."""
    return {path.name for hierarchy in hierarchies() for path in hierarchy.glob(f"{prefix}*")}


def hierarchies() -> list[Path]:
    """One in cgroup v2; in v1 about one a controller."""
    if is_unified():
        return [ROOT]
    return [path for path in ROOT.iterdir() if path.is_dir() and not path.is_symlink()]


def is_unified() -> bool:
    return (ROOT / "cgroup.controllers").exists()


def hand_down(parent: Path, group: Path | None) -> None:
    """v2: a group has the controllers that its parent gives away. v1: a new group has no CPU until it is given some."""
    if is_unified():
        there = CONTROLLERS.intersection((parent / "cgroup.controllers").read_text().split())
        (parent / "cgroup.subtree_control").write_text(" ".join(f"+{controller}" for controller in there))
    elif group and (group / "cpuset.cpus").exists():
        for name in ("cpuset.cpus", "cpuset.mems"):
            (group / name).write_text((parent / name).read_text())
