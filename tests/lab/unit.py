# SPDX-License-Identifier: Apache-2.0
"""The unit under test: both daemons and the CLI, on one port of the switch, below a folder."""

import collections
import contextlib
import json
import os
import pathlib
import shlex
import socket
import subprocess
import time

import pexpect

import waiting
import xdp

INTERFACE = "eth0"
IPV4 = "10.9.0.2"
IPV6 = "2001:db8:9::2"
PROGRAMS = pathlib.Path(os.environ.get(
    "YOKE_BIN", pathlib.Path(__file__).parents[2] / "build/release/bin")).resolve()
# What libraries leave behind at exit, told to a program built with sanitizers.
LEAKS_OF_OTHERS = {"LSAN_OPTIONS": "print_suppressions=0:suppressions="
                   f"{pathlib.Path(__file__).parents[1] / 'support/leaks'}"}


def no_huge_pages_reason():
    """Why the machine lends none."""
    return os.environ.get("YOKE_NO_HUGE_PAGES_REASON", "")


class Unit:
    """Restarts of a daemon are the caller's: nothing here does what systemd would do."""

    def __init__(self, namespace, cores="any", device=None):
        self.namespace = namespace
        self.root = pathlib.Path("/run/lab", namespace.name)
        self.cores = cores
        self.device, self.device_reason = (device, "") if device else self._choose_device()
        self.huge_pages = int(os.environ.get("YOKE_HUGE_PAGES", "0"))
        self.dataplane = None
        self.mgmt = None
        for folder in ("etc/yoke", "var/lib/yoke", "run/yoke"):
            (self.root / folder).mkdir(parents=True, exist_ok=True)
        self._silence_kernel()
        self.write_board()

    def _choose_device(self):
        reason = xdp.why_not(self.namespace, INTERFACE)
        return (f"af_packet:{INTERFACE}" if reason else f"af_xdp:{INTERFACE}"), reason

    def _silence_kernel(self):
        """The data plane alone speaks on the port; the kernel has its TAP twin."""
        self.namespace.sysctl(f"ipv6/conf/{INTERFACE}/disable_ipv6", 1)
        self.namespace.sysctl(f"ipv4/conf/{INTERFACE}/arp_ignore", 8)
        self.namespace.sysctl(f"ipv4/conf/{INTERFACE}/rp_filter", 1)

    def board(self, **changes):
        """Text of a board file; `changes` by key, None to leave a line out."""
        dataplane = {"cores": self.cores, "idle": "adaptive",
                     "huge_pages": "yes" if self.huge_pages else "no",
                     "memory_mib": "128", "flows": "131072"}
        port = {"device": self.device, "address": f"{IPV4}/24, {IPV6}/64", "mtu": "1500"}
        text = [f"[unit]\nname = lb-a\n"]
        for title, lines in (("dataplane", dataplane), ("port.wan", port)):
            for key in lines:
                lines[key] = changes.get(key, lines[key])
            lines = {key: value for key, value in lines.items() if value is not None}
            text.append(f"[{title}]\n" + "".join(f"{k} = {v}\n" for k, v in lines.items()))
        return "".join(text)

    def write_board(self, text=None):
        (self.root / "etc/yoke/board.conf").write_text(text or self.board(), encoding="utf-8")

    # ---- daemons

    def start(self):
        self.start_dataplane()
        self.start_mgmt()

    def start_dataplane(self, environment=None):
        self.dataplane = self._start("yoke-dataplane", environment)
        self.dataplane.until(lambda: self.status().get("ports_ready"), "its ports are ready", 60)

    def start_mgmt(self, environment=None):
        self.mgmt = self._start("yoke-mgmt", environment)
        self.mgmt.until(self._says_hello, "it answers hello")

    def _start(self, program, environment):
        return self.namespace.start(program, PROGRAMS / program, "--root", self.root,
                                    environment=LEAKS_OF_OTHERS | (environment or {}))

    def until_mgmt_is_in_charge(self):
        """Waits until the data plane runs the revision that the management plane has committed, with
        every server checked."""
        revision = self.manage("config", candidate=False)["revision"]
        waiting.until(lambda: self.status().get("revision") == revision,
                      "the data plane has the committed revision", 20)
        self.until_servers("up")

    def stop(self):
        """Both end when asked to, with nothing to complain of: a sanitizer would."""
        for daemon in (self.mgmt, self.dataplane):
            status = daemon.terminate()
            assert status == 0, f"{daemon.name} ended with {status}:\n{daemon.tail()}"

    def _says_hello(self):
        with contextlib.suppress(OSError):
            return self.manage("hello", version=1)
        return None

    def status(self):
        """RunningState of the data plane, or empty while it does not answer."""
        with contextlib.suppress(OSError):
            return self.forward("status")
        return {}

    def forward(self, method, **parameters):
        return call(self.root / "run/yoke/dataplane.sock", method, parameters)

    def manage(self, method, **parameters):
        return call(self.root / "run/yoke/mgmt.sock", method, parameters)

    def session(self):
        return session(self.root / "run/yoke/mgmt.sock")

    # ---- the command line

    def yoke(self, *words, check=True, standard_input="", seconds=30):
        """Runs the CLI with these words; the finished process."""
        done = subprocess.run([PROGRAMS / "yoke", "--root", self.root, *map(str, words)],
                              input=standard_input, capture_output=True, text=True,
                              timeout=seconds, check=False)
        if check and done.returncode:
            raise AssertionError(f"yoke {' '.join(map(str, words))}: exit {done.returncode}\n"
                                 f"{done.stdout}{done.stderr}")
        return done

    def lines_on_screen(self, *words):
        """The same at a terminal of 80 columns: what it shows, as lines."""
        line = shlex.join([str(PROGRAMS / "yoke"), "--root", str(self.root), *map(str, words)])
        return pexpect.run(line, encoding="utf-8", timeout=30).splitlines()

    def commit(self, *commands):
        """These configuration commands and a commit, as one person's session."""
        words = []
        for command in (*commands, "commit"):
            words += ["-c", command]
        return self.yoke(*words)

    def holding(self, file):
        """A copy of this file in the unit's own /etc/yoke, as the unit calls it."""
        (self.root / "etc/yoke" / pathlib.Path(file).name).write_bytes(
            pathlib.Path(file).read_bytes())
        return f"/etc/yoke/{pathlib.Path(file).name}"

    def show(self, *words):
        """Rows of `yoke show ... --json`."""
        return json.loads(self.yoke("show", *words, "--json").stdout)["rows"]

    # ---- what it is doing

    def server_states(self):
        """{(pool, server): state} that the data plane forwards by."""
        return {(entry["pool"], entry["server"]): entry["state"]
                for entry in self.status().get("servers", [])}

    def until_servers(self, state, servers=None, seconds=20):
        """Waits until the data plane has these servers (all of them) in this state. Returns the
        moment: time.monotonic(), right to some milliseconds."""

        def reached():
            states = self.server_states()
            chosen = [states.get(server) for server in servers] if servers else states.values()
            return chosen and all(entry == state for entry in chosen)

        try:
            waiting.until(reached, f"servers are {state} in the data plane", seconds, every=0.002)
        except waiting.Late as late:
            raise waiting.Late(f"{late}: {self.server_states()}") from None
        return time.monotonic()

    def counters(self):
        return self.forward("counters")

    def drops(self):
        """{reason: packets} over all workers."""
        total = collections.Counter()
        for worker in self.counters()["workers"]:
            total.update(worker["drops"])
        return total


@contextlib.contextmanager
def session(path):
    """Calls on one connection, which has a candidate of its own: call(method, **parameters)."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(20)
        connection.connect(str(path))
        with connection.makefile("rw", encoding="utf-8") as lines:

            def ask(method, **parameters):
                request = {"jsonrpc": "2.0", "id": 1, "method": method, "params": parameters}
                lines.write(json.dumps(request) + "\n")
                lines.flush()
                answer = json.loads(lines.readline())
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                return answer["result"]

            yield ask


def call(path, method, parameters):
    """One JSON-RPC call on a socket of its own."""
    with session(path) as ask:
        return ask(method, **parameters)
