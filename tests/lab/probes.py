# SPDX-License-Identifier: Apache-2.0
"""Clients that never pause, each a process of its own so that none delays another: started by
Probe, told by its standard input what to do, answering a JSON object a line.

    http ADDRESS        a request each millisecond, on a connection of its own
    datagrams ADDRESS   a DNS question each millisecond
    held COUNT ADDRESS...   connections that stay open and ask again and again
    stalls CORE         how late a sleeper on that core is woken
"""

import collections
import contextlib
import json
import os
import pathlib
import select
import socket
import struct
import subprocess
import sys
import time

_EVERY_S = 0.001
_REQUEST = b"GET / HTTP/1.1\r\nHost: lab\r\n\r\n"
LATE_S = 0.9  # a SYN is sent anew after a second: what comes later answers that one
_QUESTION = (b"\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x06server\x03lab\x04test\x00\x00\x10\x00\x01")
_RESET_AT_CLOSE = struct.pack("ii", 1, 0)


class Probe:
    """One such process, in a namespace or, of None, in the caller's."""

    def __init__(self, namespace, *words):
        words = ["/usr/bin/python3", str(pathlib.Path(__file__)), *map(str, words)]
        self._process = subprocess.Popen(namespace.command(*words) if namespace else words,
                                         stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.take()

    def take(self):
        """What was seen since the last time."""
        return self._ask("take")

    def silent_ms(self):
        """How long ago the last request was sent that was answered; of http and datagrams."""
        return self._ask("silent")["silent_ms"]

    def finish(self, seconds):
        """Of `held`: waits until each connection was answered once more, at most so long; how many
        there were, were lost and reset. They are opened anew."""
        return self._ask(f"finish {seconds}")

    def _ask(self, what):
        self._process.stdin.write(what + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("a probe has ended")
        return json.loads(line)

    def stop(self):
        self._process.kill()
        self._process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


class Pace:
    """Once a millisecond, and how late that was at worst. What was slept through is not made up."""

    def __init__(self):
        self._next = time.monotonic()
        self.worst = 0.0

    def wait(self):
        now = time.monotonic()
        if now < self._next:
            time.sleep(self._next - now)
            now = time.monotonic()
        self.worst = max(self.worst, now - self._next)
        self._next = max(self._next + _EVERY_S, now)
        return now


class Commands:
    """Lines on standard input, without waiting for one."""

    def __init__(self):
        os.set_blocking(0, False)
        self._text = b""

    def next(self):
        with contextlib.suppress(BlockingIOError):
            piece = os.read(0, 4096)
            if not piece:
                sys.exit()
            self._text += piece
        line, end, rest = self._text.partition(b"\n")
        if not end:
            return []
        self._text = rest
        return line.decode().split()


def tell(**facts):
    print(json.dumps(facts), flush=True)


def longest_gap_ms(moments):
    """Between two that were answered, by when they were sent."""
    moments = sorted(moments)
    return max((b - a for a, b in zip(moments, moments[1:])), default=0.0) * 1000


class Asked:
    """What became of those that were sent since the last look."""

    def __init__(self):
        self.last = time.monotonic()
        self.forget()

    def forget(self):
        self.answered = []  # when they were sent
        self.sent = self.lost = self.reset = 0

    def note(self, when):
        self.answered.append(when)
        self.last = max(self.last, when)

    def obey(self, words, pace):
        if words == ["silent"]:
            tell(silent_ms=(time.monotonic() - self.last) * 1000)
        elif words:
            tell(blackout_ms=longest_gap_ms(self.answered), sent=self.sent, lost=self.lost,
                 reset=self.reset, worst_pause_ms=pace.worst * 1000)
            pace.worst = 0.0
            self.forget()


def address_of(text, port):
    return socket.AF_INET6 if ":" in text else socket.AF_INET, (text, port)


class Requests:
    """A connection a millisecond, open until it was answered or is too late."""

    def __init__(self, address):
        self._family, self._address = address_of(address, 80)
        self._poll = select.epoll()
        self._open = {}  # descriptor: [socket, when, whether the request is out]
        self._asked = Asked()

    def run(self):
        pace, commands = Pace(), Commands()
        while True:
            now = pace.wait()
            self._begin(now)
            for descriptor, _ in self._poll.poll(0):
                self._go_on(descriptor)
            self._give_up(now)
            self._asked.obey(commands.next(), pace)

    def _begin(self, now):
        connection = socket.socket(self._family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        # No port is kept waiting for frames that are late.
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_AT_CLOSE)
        connection.connect_ex(self._address)
        self._poll.register(connection, select.EPOLLOUT)
        self._open[connection.fileno()] = [connection, now, False]
        self._asked.sent += 1

    def _go_on(self, descriptor):
        entry = self._open[descriptor]
        connection, when, is_asked = entry
        try:
            if not is_asked:
                connection.send(_REQUEST)
                entry[2] = True
                self._poll.modify(descriptor, select.EPOLLIN)
                return
            if not connection.recv(2000).startswith(b"HTTP/1.1 200"):
                raise ConnectionError
        except OSError:
            self._asked.reset += 1
        else:
            self._asked.note(when)
        self._close(descriptor)

    def _give_up(self, now):
        while self._open:  # the oldest is the first
            descriptor, (_, when, _) = next(iter(self._open.items()))
            if when > now - LATE_S:
                return
            self._asked.lost += 1
            self._close(descriptor)

    def _close(self, descriptor):
        self._open.pop(descriptor)[0].close()


class Datagrams:
    """A question a millisecond. Each has a number of its own, so that none is counted twice."""

    def __init__(self, address):
        family, where = address_of(address, 53)
        self._socket = socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        self._socket.connect(where)
        self._waiting = {}
        self._asked = Asked()

    def run(self):
        pace, commands, number = Pace(), Commands(), 0
        while True:
            now = pace.wait()
            number = (number + 1) % 65536
            self._waiting[number] = now
            self._asked.sent += 1
            with contextlib.suppress(OSError):
                self._socket.send(number.to_bytes(2, "big") + _QUESTION)
            self._hear()
            while self._waiting:
                oldest, when = next(iter(self._waiting.items()))
                if when > now - LATE_S:
                    break
                del self._waiting[oldest]
                self._asked.lost += 1
            self._asked.obey(commands.next(), pace)

    def _hear(self):
        with contextlib.suppress(OSError):
            while True:
                when = self._waiting.pop(int.from_bytes(self._socket.recv(2000)[:2], "big"), None)
                if when is not None:
                    self._asked.note(when)


class Held:
    """Connections that ask again some 20 ms after each answer. One is lost if it ends."""

    _AGAIN_S = 0.02

    def __init__(self, count, addresses):
        self._poll = select.epoll()
        self._open = {}  # descriptor: [socket, when it asks or asked, whether it waits, address]
        self._addresses = [addresses[i % len(addresses)] for i in range(count)]
        self._resets = self._ends = 0
        self._lost_of = collections.Counter()
        self._fill()

    def _fill(self):
        there = [entry[3] for entry in self._open.values()]
        for address in self._addresses:
            if address in there:
                there.remove(address)
                continue
            family, where = address_of(address, 80)
            with contextlib.suppress(OSError):
                connection = socket.socket(family)
                connection.settimeout(2)
                connection.connect(where)
                connection.setblocking(False)
                self._poll.register(connection, select.EPOLLIN)
                self._open[connection.fileno()] = [connection, time.monotonic(), False, address]

    def run(self):
        commands = Commands()
        while True:
            self._turn()
            words = commands.next()
            if words and words[0] == "finish":
                self._finish(float(words[1]))
            elif words:
                tell(held=len(self._open))

    def _turn(self):
        for descriptor, _ in self._poll.poll(0.005):
            self._hear(descriptor)
        now = time.monotonic()
        for descriptor, entry in list(self._open.items()):
            if not entry[2] and entry[1] <= now:
                entry[1], entry[2] = now, True
                try:
                    entry[0].send(_REQUEST)
                except OSError:
                    self._end(descriptor, True)

    def _hear(self, descriptor):
        entry = self._open[descriptor]
        try:
            answer = entry[0].recv(65536)
        except OSError:
            self._end(descriptor, True)
            return
        if not answer:
            self._end(descriptor, False)
            return
        entry[1], entry[2] = time.monotonic() + self._AGAIN_S, False

    def _end(self, descriptor, is_reset):
        connection, *_, address = self._open.pop(descriptor)
        connection.close()
        self._lost_of[address] += 1
        self._resets += is_reset
        self._ends += 1

    def _finish(self, seconds):
        since = time.monotonic()
        while self._unheard(since) and time.monotonic() < since + seconds:
            self._turn()
        for descriptor in self._unheard(since):
            self._end(descriptor, False)
        tell(held=len(self._addresses), lost=self._ends, resets=self._resets,
             lost_of=self._lost_of)
        self._resets = self._ends = 0
        self._lost_of.clear()
        self._fill()

    def _unheard(self, since):
        """Those that were not answered since then."""
        return [descriptor for descriptor, entry in self._open.items()
                if entry[2] or entry[1] - self._AGAIN_S < since]


def stalls(core):
    """A sleeper of ordinary rank; what it is late by, everybody may be."""
    os.sched_setaffinity(0, {core})
    commands, worst, over, rounds = Commands(), 0.0, 0, 0
    while True:
        before = time.monotonic()
        time.sleep(_EVERY_S)
        late = time.monotonic() - before - _EVERY_S
        worst, over, rounds = max(worst, late), over + (late > 0.005), rounds + 1
        if commands.next():
            tell(worst_ms=worst * 1000, over_5_ms=over, rounds=rounds)
            worst, over, rounds = 0.0, 0, 0


def main(kind, *words):
    if kind == "http":
        Requests(words[0]).run()
    elif kind == "datagrams":
        Datagrams(words[0]).run()
    elif kind == "held":
        Held(int(words[0]), words[1:]).run()
    elif kind == "stalls":
        stalls(int(words[0]))


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt, BrokenPipeError):
        main(*sys.argv[1:])
