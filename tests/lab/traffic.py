# SPDX-License-Identifier: Apache-2.0
"""A client that asks many times and remembers what came of each request."""

import collections
import socket
import threading
import time
from typing import NamedTuple

_PATIENCE_S = 3.0


class Request(NamedTuple):
    started: float  # time.monotonic()
    ended: float
    server: str  # who answered; empty if nobody did
    error: str  # empty if it went well


def ask(address, port=80, path="/"):
    """One connection, one HTTP request, from the namespace that the calling thread is in."""
    started = time.monotonic()
    try:
        with socket.create_connection((address, port), _PATIENCE_S) as connection:
            connection.sendall(f"GET {path} HTTP/1.1\r\nHost: lab\r\nConnection: close\r\n\r\n"
                               .encode())
            answer = bytearray()
            while piece := connection.recv(4096):
                answer += piece
    except OSError as error:
        return Request(started, time.monotonic(), "", str(error) or type(error).__name__)
    head, _, body = bytes(answer).partition(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 200 "):
        return Request(started, time.monotonic(), "", f"answer {bytes(answer[:40])!r}")
    return Request(started, time.monotonic(), body.decode().strip(), "")


class Traffic:
    """Requests from several threads at once, until `count` are made or stop() is called."""

    def __init__(self, namespace, address, count=None, at_once=8, pause=0.0):
        self.requests = []  # as they end
        self._namespace = namespace
        self._address = address
        self._left = count
        self._pause = pause
        self._stopping = threading.Event()
        self._taking = threading.Lock()
        self._threads = [threading.Thread(target=self._ask_on, daemon=True) for _ in range(at_once)]
        for thread in self._threads:
            thread.start()

    def _take(self):
        if self._left is None:
            return True
        with self._taking:
            self._left -= 1
            return self._left >= 0

    def _ask_on(self):
        with self._namespace.entered():
            while not self._stopping.is_set() and self._take():
                self.requests.append(ask(self._address))
                if self._pause:
                    self._stopping.wait(self._pause)

    def wait(self):
        for thread in self._threads:
            thread.join()
        return self.requests

    def stop(self):
        self._stopping.set()
        return self.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


def per_server(requests):
    """How many requests each server answered, by name."""
    counts = collections.Counter(request.server for request in requests if not request.error)
    return dict(sorted(counts.items()))


def failed(requests):
    return [request for request in requests if request.error]
