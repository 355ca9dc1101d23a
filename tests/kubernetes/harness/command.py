"""Running a command whose output nobody wants to see, unless it fails."""

import subprocess

from harness.say import Failed


def quietly(*command: str, input: str | None = None) -> str:
    """What a command prints; if it fails, that and its errors are the reason."""
    done = subprocess.run(command, input=input, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Failed(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout}{done.stderr}".rstrip())
    return done.stdout
