"""One long-running program of a cluster: started, killed and started again by whoever knows its name."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from harness.say import Failed


@dataclass(frozen=True)
class Component:
    """Its command line is kept in a file beside its log, so that a later process can start it again."""

    name: str
    folder: Path
    logs: Path

    @property
    def log(self) -> Path:
        return self.logs / f"{self.name}.log"

    @property
    def _command(self) -> Path:
        return self.folder / f"{self.name}.json"

    @property
    def _pid(self) -> Path:
        return self.folder / f"{self.name}.pid"

    @property
    def pid(self) -> int:
        return int(self._pid.read_text())

    def define(self, command: list[str]) -> "Component":
        """Says what to run; `start` runs it."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self._command.write_text(json.dumps(command))
        return self

    def start(self) -> "Component":
        if not self._command.exists():
            raise Failed(f"there is no {self.name} in this cluster")
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                json.loads(self._command.read_text()),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._pid.write_text(str(process.pid))
        return self

    def kill(self) -> None:
        """Ends it as a crash would."""
        os.kill(self.pid, signal.SIGKILL)
        wait_until(lambda: not self.is_running, 10, f"{self.name} to end")

    @property
    def is_running(self) -> bool:
        try:
            state = Path(f"/proc/{self.pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
        except FileNotFoundError:
            return False
        return state != "Z"


def wait_until(is_so: Callable[[], bool], seconds: float, what: str, *needed: Component) -> None:
    """Waits for something that another process does; fails at once when a component that it needs has ended."""
    deadline = time.monotonic() + seconds
    while not is_so():
        for component in needed:
            if not component.is_running:
                raise Failed(f"{component.name} ended while waiting for {what}; its log: {component.log}")
        if time.monotonic() > deadline:
            raise Failed(f"waited {seconds:.0f} s for {what}")
        time.sleep(0.05)
