"""What the scripts that check things inside of a test cluster share."""

import subprocess
import time
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
PROJECT = HERE.parent.parent


class Case(unittest.TestCase):
    """Says how long each test took."""

    def setUp(self):
        started = time.monotonic()
        self.addCleanup(lambda: print(f"{time.monotonic() - started:5.1f} s  {self}", flush=True))

    def __str__(self) -> str:
        return self._testMethodName.removeprefix("test_").replace("_", " ")


def run(*command: str, input: str | None = None) -> str:
    """What a command prints; a failed test with its words if it fails."""
    done = attempt(*command, input=input)
    if done.returncode != 0:
        raise AssertionError(f"{' '.join(command)}: {done.stderr}{done.stdout}")
    return done.stdout


def attempt(*command: str, input: str | None = None) -> subprocess.CompletedProcess:
    """Runs a command that may fail."""
    return subprocess.run(command, input=input, capture_output=True, text=True, check=False)


def established(definition: str) -> None:
    """Waits for a definition. `--for=condition` fails at one that has no conditions yet."""
    path = '{.status.conditions[?(@.type=="Established")].status}'
    run("kubectl", "wait", f"--for=jsonpath={path}=True", definition, "--timeout=10s")


def cluster(*words: str) -> str:
    """Does something to the cluster."""
    return run(str(HERE / "cluster"), *words)
