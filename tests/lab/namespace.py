# SPDX-License-Identifier: Apache-2.0
"""Network namespaces, the processes in them, and the cables between."""

import contextlib
import os
import pathlib
import signal
import subprocess

import kernel
import waiting

LOGS = pathlib.Path("/run/lab/log")


def ip(*words, namespace=None):
    """Runs ip(8); its output. `words` may hold spaces."""
    command = ["ip"] + (["-n", namespace] if namespace else []) + " ".join(words).split()
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr.strip()}")
    return done.stdout


class Namespace:
    """A network stack by itself, with IPv6 addresses usable at once and nothing sent unasked."""

    def __init__(self, name):
        self.name = name
        ip("netns add", name)
        self.ip("link set lo up")
        for which in ("all", "default"):
            self.sysctl(f"ipv6/conf/{which}/router_solicitations", 0)
            self.sysctl(f"ipv6/conf/{which}/accept_ra", 0)
            self.sysctl(f"ipv6/conf/{which}/accept_dad", 0)

    def remove(self):
        ip("netns del", self.name)

    def ip(self, *words):
        return ip(*words, namespace=self.name)

    def sysctl(self, path, value):
        with self.entered():
            pathlib.Path("/proc/sys/net", path).write_text(str(value), encoding="ascii")

    @contextlib.contextmanager
    def entered(self):
        """The calling thread is in this namespace: sockets made here belong to it for good."""
        before = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        inside = os.open(f"/run/netns/{self.name}", os.O_RDONLY | os.O_CLOEXEC)
        try:
            kernel.setns(inside, kernel.CLONE_NEWNET)
            try:
                yield
            finally:
                kernel.setns(before, kernel.CLONE_NEWNET)
        finally:
            os.close(inside)
            os.close(before)

    def command(self, *words):
        return ["ip", "netns", "exec", self.name, *map(str, words)]

    def run(self, *words, seconds=60, check=True):
        """A command to its end; standard output and error are text of the result."""
        done = subprocess.run(self.command(*words), capture_output=True, text=True,
                              timeout=seconds, check=False)
        if check and done.returncode:
            raise RuntimeError(f"{' '.join(map(str, words))}: exit {done.returncode}\n"
                               f"{done.stdout}{done.stderr}")
        return done

    def start(self, name, *words, environment=None):
        return Process(name, self.command(*words), environment)


class Process:
    """A program that runs beside the test, with its output in a log."""

    def __init__(self, name, command, environment=None):
        LOGS.mkdir(parents=True, exist_ok=True)
        self.name = name
        self.log = LOGS / f"{name}.log"
        with open(self.log, "ab") as log:
            self._popen = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log,
                                           stderr=log, start_new_session=True,
                                           env=os.environ | (environment or {}))
        self.pid = self._popen.pid

    @property
    def exit_status(self):
        """None while it runs."""
        return self._popen.poll()

    def until(self, happened, what, seconds=20.0):
        """Waits for an event that this process must live to see."""

        def alive_and_happened():
            if self.exit_status is not None:
                raise AssertionError(f"{self.name} ended with {self.exit_status} before {what}:\n"
                                     f"{self.tail()}")
            return happened()

        try:
            return waiting.until(alive_and_happened, what, seconds)
        except waiting.Late as late:
            raise waiting.Late(f"{late}\n{self.tail()}") from None

    def tail(self, lines=40):
        text = self.log.read_text(encoding="utf-8", errors="replace")
        return "\n".join(text.splitlines()[-lines:])

    def kill(self):
        """kill -9 of it and of all it started."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self._popen.wait()

    def terminate(self, seconds=20):
        """Asks it to end; its exit status."""
        self._popen.send_signal(signal.SIGTERM)
        try:
            return self._popen.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"{self.name} did not end on SIGTERM:\n{self.tail()}") from None

    def pause(self):
        os.killpg(self.pid, signal.SIGSTOP)

    def resume(self):
        os.killpg(self.pid, signal.SIGCONT)

    def cpu_seconds(self):
        """Processor time of its process so far, all threads."""
        fields = pathlib.Path(f"/proc/{self.pid}/stat").read_text(encoding="ascii")
        user, system = fields.rpartition(")")[2].split()[11:13]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")

    def sleeps(self):
        """How often its threads went to sleep so far."""
        states = [task.read_text(encoding="ascii")
                  for task in pathlib.Path(f"/proc/{self.pid}/task").glob("*/status")]
        return sum(int(line.split()[1]) for state in states for line in state.splitlines()
                   if line.startswith("voluntary_ctxt_switches"))


class Switch:
    """A bridge that every namespace of the lab hangs on."""

    def __init__(self):
        self.namespace = Namespace("switch")
        self.namespace.ip("link add br0 type bridge forward_delay 0 stp_state 0 mcast_snooping 0")
        self.namespace.ip("link set br0 up")
        # A switch looks no deeper than the frame; a kernel with br_netfilter drops broken IP.
        for family in ("iptables", "ip6tables", "arptables"):
            with contextlib.suppress(FileNotFoundError):
                self.namespace.sysctl(f"bridge/bridge-nf-call-{family}", 0)

    def plug(self, namespace, interface="eth0", queues=1, port=None):
        """A cable from a port of the switch, called as the namespace, to `interface` in it."""
        size = f"numtxqueues {queues} numrxqueues {queues}"
        port = port or namespace.name
        self.namespace.ip(f"link add {port} {size} type veth",
                          f"peer name {interface} netns {namespace.name} {size}")
        # A frame leaves the switch as it would on a wire: with its checksums, and of the MTU.
        self.namespace.run("ethtool", "-K", port, "tx", "off")
        self.namespace.ip(f"link set {port} master br0 up")
        namespace.ip(f"link set {interface} up")
