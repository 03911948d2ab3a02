# SPDX-License-Identifier: Apache-2.0
"""Carries frames of flow sync between two data planes, as yoke-pair does over its link."""

import contextlib
import select
import socket
import threading

_FRAME = 2048


class Relay:
    """Connects to both for as long as it runs, again and again where one is not there."""

    def __init__(self, *units):
        self._paths = [str(unit.root / "run/yoke/flows.sock") for unit in units]
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._carry, daemon=True)
        self._thread.start()

    def stop(self):
        self._ends.set()
        self._thread.join()

    def _carry(self):
        sockets = [None, None]
        while not self._ends.is_set():
            for side, path in enumerate(self._paths):
                sockets[side] = sockets[side] or _connected(path)
            ready = [each for each in sockets if each]
            if len(ready) < 2:
                self._ends.wait(0.02)
            for source in select.select(ready, [], [], 0.05)[0] if ready else ():
                side = sockets.index(source)
                if not _pass_on(source, sockets[1 - side]):
                    source.close()
                    sockets[side] = None
        for each in sockets:
            if each:
                each.close()


def _connected(path):
    end = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    try:
        end.connect(path)
    except OSError:
        end.close()
        return None
    end.setblocking(False)
    return end


def _pass_on(source, target):
    """False once `source` has ended. What `target` does not take is lost, as on any link."""
    for _ in range(64):
        try:
            frame = source.recv(_FRAME)
        except BlockingIOError:
            return True
        except OSError:
            return False
        if not frame:
            return False
        with contextlib.suppress(OSError):
            if target:
                target.send(frame)
    return True
