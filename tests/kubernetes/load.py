"""Publishers and viewers beside a test cluster: `livecluster bench`, which checks every frame."""

import json
import signal
import subprocess
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from harness.component import wait_until
from harness.images import program

# Nobody is left running, whatever becomes of a test.
LONGEST = "1800s"

# What must not happen to anybody.
FAULTS = ("disconnects", "frames_lost", "frames_repeated", "frames_out_of_order", "frames_damaged")


@dataclass
class Bench:
    """One run of it; what it says meanwhile is in a file."""

    words: Path
    process: subprocess.Popen

    def says(self, what: str) -> bool:
        lines = self.words.read_text().splitlines()
        return bool(lines) and what in lines[-1]

    def end(self) -> dict:
        """Ends it; what it reports."""
        self.process.send_signal(signal.SIGINT)
        report, _ = self.process.communicate(timeout=30)
        return json.loads(report)


@dataclass
class Load:
    """Publishers at the first edge, and viewers of all their streams at each: they run within a `with` block."""

    edges: list[str]
    prefix: str
    # For every client.
    flags: tuple[str, ...] = ()
    # What runs them.
    runner: tuple[str, ...] = ()
    publishers: int = 5
    viewers: int = 20
    publish: Bench = None
    plays: list[Bench] = field(default_factory=list)
    # What all said at the end, the publishers last.
    reports: list[dict] = field(default_factory=list)
    folder: tempfile.TemporaryDirectory = field(default_factory=tempfile.TemporaryDirectory)

    def __enter__(self) -> "Load":
        self.publish = self.start("publish", self.edges[0], f"--publishers={self.publishers}", "--bitrate=500k")
        wait_until(lambda: self.publish.says(f"{self.publishers} publishing"), 60, "publishers")
        each = (f"--viewers={self.viewers}", f"--streams={self.publishers}")
        self.plays = [self.start("play", edge, *each) for edge in self.edges]
        everybody = f"{self.viewers}/{self.viewers} watching"
        wait_until(lambda: all(play.says(everybody) for play in self.plays), 60, "viewers")
        return self

    def __exit__(self, *_) -> None:
        for bench in (*self.plays, self.publish):
            bench.process.kill()
            bench.process.communicate()
        self.folder.cleanup()

    def end(self) -> list[dict]:
        """Ends it: the faults that each edge's viewers saw, and the publishers."""
        self.reports = [bench.end() for bench in (*self.plays, self.publish)]
        return [{fault: report[fault] for fault in FAULTS if fault in report} for report in self.reports]

    def start(self, what: str, edge: str, *flags: str) -> Bench:
        url = f"rtmp://{edge}/live/{self.prefix}{{n}}"
        words = Path(self.folder.name, f"{what}-{edge}")
        client = [str(program()), "bench", what, "--json", f"--duration={LONGEST}", *flags, *self.flags, url]
        command = [*self.runner, *client]
        with words.open("w") as file:
            return Bench(words, subprocess.Popen(command, stdout=subprocess.PIPE, stderr=file, text=True))
