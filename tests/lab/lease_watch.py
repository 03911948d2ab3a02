# SPDX-License-Identifier: Apache-2.0
"""Watches the lease pages of two units, as their data planes would: who may answer, and when."""

import mmap
import struct
import threading
import time

import promise

_HEADER = 64
_LINE = 64


def now():
    """ns of the clock that leases are told in."""
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME)


class Page:
    """A lease page, and one line of it."""

    def __init__(self, path, line=0):
        with open(path, "rb") as file:
            self._memory = mmap.mmap(file.fileno(), 4096, access=mmap.ACCESS_READ)
        self._at = _HEADER + line * _LINE

    def read(self):
        """(expiry, epoch)"""
        _, expiry, epoch = struct.unpack_from("=QQQ", self._memory, self._at)
        return expiry, epoch

    def is_held(self):
        return self.read()[0] > now()


class LeaseWatch:
    """Looks every millisecond, or as often as it may; `with` it: its end raises promise.Broken if both
    were held at a time."""

    def __init__(self, pages):
        self.pages = pages
        self.both_held = []  # moments
        self.held = []  # (moment, name) of each look at which one was
        self.worst_gap = 0  # ns between two looks: what it may have overlooked
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._ending.set()
        self._thread.join()
        promise.kept(not self.both_held, f"both hold the lease, {len(self.both_held)} looks long")

    def _look(self):
        (first, second) = self.pages.values()
        names = list(self.pages)
        last = now()
        while not self._ending.wait(0.001):
            # The first is read again: it may have been let go of while the second was read.
            before, _ = first.read()
            other, _ = second.read()
            after, _ = first.read()
            moment = now()
            holds = before == after and before > moment, other > moment
            if all(holds):
                self.both_held.append(moment)
            self.held += [(moment, name) for name, held in zip(names, holds) if held]
            self.worst_gap = max(self.worst_gap, moment - last)
            last = moment

    def blackout_ms(self):
        """The longest time between two looks at which somebody held the lease."""
        moments = [moment for moment, _ in self.held]
        return max((b - a for a, b in zip(moments, moments[1:])), default=0) / 1e6
