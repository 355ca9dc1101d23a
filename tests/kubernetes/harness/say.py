"""What the harness tells people, on stderr: stdout is the command's."""

import sys
import time

STARTED = time.monotonic()


class Missing(Exception):
    """This machine lacks something; the message says what."""


class Failed(Exception):
    """Something that should have come up did not; the message says what, and where its log is."""


def say(text: str) -> None:
    """One line with the seconds since the start."""
    print(f"[{time.monotonic() - STARTED:6.1f} s] {text}", file=sys.stderr, flush=True)
