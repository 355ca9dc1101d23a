#!/usr/bin/env python3
"""A client that connects to an RTMP server every 20 ms, until its input ends: newcomers.py HOST [PORT]

Prints how often it did, and what came of those connections that were refused, broken off or not answered in time.
"""

import json
import select
import socket
import sys
import time

EVERY_SECONDS = 0.02
LIMIT_SECONDS = 3
HELLO = b"\x03" + bytes(1536)
ANSWER = 1 + 1536 + 1536


def main() -> None:
    address = (sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 1935)
    tries, failures, due = 0, [], time.monotonic()
    while not select.select([sys.stdin], [], [], max(0, due - time.monotonic()))[0]:
        due = max(due + EVERY_SECONDS, time.monotonic())
        tries += 1
        try:
            shake_hands(address)
        except OSError as error:
            failures.append(f"{time.time():.3f}: {error}")
    print(json.dumps({"tries": tries, "failures": failures}))


def shake_hands(address: tuple[str, int]) -> None:
    with socket.create_connection(address, LIMIT_SECONDS) as client:
        client.sendall(HELLO)
        left = ANSWER
        while left > 0:
            came = len(client.recv(left))
            if came == 0:
                raise ConnectionError(f"closed with {left} bytes of the handshake missing")
            left -= came


if __name__ == "__main__":
    main()
