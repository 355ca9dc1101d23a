"""Images, built by buildah with no network and no registry, as archives that containerd imports."""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from harness import machine
from harness.command import quietly
from harness.programs import HERE, PROJECT, cache
from harness.say import say

PAUSE = "localhost/pause:1"
LIVECLUSTER = "localhost/livecluster:test"


def archive(reference: str) -> Path:
    """Where the archive of an image is kept."""
    return cache() / "images" / f"{reference.rsplit('/', 1)[-1].replace(':', '-')}.tar"


def build(reference: str, containerfile: Path, context: Path, *options: str) -> Path:
    """Builds an image from a Containerfile that needs nothing from elsewhere."""
    finished = archive(reference)
    finished.parent.mkdir(parents=True, exist_ok=True)
    unfinished = finished.with_suffix(".unfinished")
    unfinished.unlink(missing_ok=True)
    with tempfile.TemporaryDirectory(dir=finished.parent) as store:
        buildah = ["buildah", "--root", f"{store}/root", "--runroot", f"{store}/run", "--storage-driver", "vfs"]
        make = ["bud", "--quiet", "--isolation", "chroot", "--format", "docker", *options]
        quietly(*buildah, *make, "--tag", reference, "--file", str(containerfile), str(context))
        quietly(*buildah, "push", "--quiet", reference, f"docker-archive:{unfinished}:{reference}")
    unfinished.rename(finished)
    return finished


def pause() -> Path:
    """The image of every pod's sandbox."""
    finished = archive(PAUSE)
    if finished.exists():
        return finished
    source = HERE / "images" / "pause"
    with tempfile.TemporaryDirectory() as context:
        quietly("cc", "-static", "-Os", "-s", "-o", f"{context}/pause", str(source / "pause.c"))
        return build(PAUSE, source / "Containerfile", Path(context))


def livecluster() -> Path:
    """The image that people get, made of the program as it is now."""
    machine.require()
    say(f"building the image {LIVECLUSTER}: some minutes when nothing is built")
    with tempfile.TemporaryDirectory() as context:
        subprocess.run([PROJECT / "static", f"{context}/livecluster"], check=True, stdout=sys.stderr)
        finished = build(LIVECLUSTER, PROJECT / "Containerfile", Path(context), "--target", "ready")
        shutil.copy(f"{context}/livecluster", program())
        return finished


def program() -> Path:
    """The program of that image, to be run beside the cluster."""
    return cache() / "images" / "livecluster"
