# SPDX-License-Identifier: Apache-2.0
"""What befalls the active one of two units. A fault is begun, stays for a while, and is ended
(where it can be: what was killed is started again before the next)."""

import contextlib
import signal
import time

KILL, STOP, GO_ON = signal.SIGKILL, signal.SIGSTOP, signal.SIGCONT


class Fault:
    """`parts` it needs of the system; `seconds` it stays."""

    def __init__(self, name, begin, parts=(), seconds=2.0, needs_cable=False, is_loaded=False):
        self.name = name
        self.begin = begin  # (lab, system, active): what ends it, or None
        self.parts = parts
        self.seconds = seconds
        self.needs_cable = needs_cable
        self.is_loaded = is_loaded

    def can_befall(self, system):
        return set(self.parts) <= set(system.parts) and (system.has_cable or not self.needs_cable)


def _signalled(number, *parts):
    """To `parts`, or to all there are; what is stopped goes on in the end."""

    def begin(_, system, active):
        chosen = parts or system.parts
        active.signal(number, *chosen)
        return (lambda: active.signal(GO_ON, *chosen)) if number == STOP else None

    return begin


def _data_link(lab, active, state):
    lab.switch.namespace.ip(f"link set {active.port} {state}")


def _cut(is_data, is_cable):
    def begin(lab, system, active):
        if is_data:
            _data_link(lab, active, "down")
        if is_cable and system.has_cable:
            active.plug("down")

        def end():
            if is_data:
                _data_link(lab, active, "up")
            if is_cable and system.has_cable:
                active.plug("up")

        return end

    return begin


def _power(lab, system, active):
    """Nothing of it is left, neither programs nor links."""
    active.signal(KILL, *system.parts)
    end = _cut(True, True)(lab, system, active)

    def booted():
        system.boot(active)
        end()

    return booted


@contextlib.contextmanager
def _dropping(namespace, interface, hook):
    """What comes in at this interface (`ingress`) or goes out of it (`egress`) is dropped."""
    namespace.run("nft", f"add table netdev cut_{hook}; add chain netdev cut_{hook} cut "
                  f"{{ type filter hook {hook} device {interface} priority 0; policy drop; }}")
    try:
        yield
    finally:
        namespace.run("nft", f"delete table netdev cut_{hook}")


def _one_way(where, hook):
    """By data, its port at the switch: `ingress` is what the unit sends. By cable, its own end."""

    def begin(lab, _, active):
        place = (lab.switch.namespace, active.port) if where == "data" else (active.namespace, "ha0")
        rule = contextlib.ExitStack()
        rule.enter_context(_dropping(*place, hook))
        return rule.close

    return begin


def _flapping(lab, _, active):
    for _ in range(5):
        _data_link(lab, active, "down")
        time.sleep(0.15)
        _data_link(lab, active, "up")
        time.sleep(0.15)


def _planned(_, system, active):
    system.switch_over(active)


FAULTS = [
    Fault("kill-dataplane", _signalled(KILL, "dataplane"), ("dataplane",)),
    Fault("kill-pair", _signalled(KILL, "pair"), ("pair",)),
    Fault("kill-mgmt", _signalled(KILL, "mgmt"), ("mgmt",)),
    Fault("kill-all", _signalled(KILL)),
    Fault("power", _power),
    Fault("stop-dataplane", _signalled(STOP, "dataplane"), ("dataplane",), 8.0),
    Fault("stop-pair", _signalled(STOP, "pair"), ("pair",), 3.0),
    Fault("stop-mgmt", _signalled(STOP, "mgmt"), ("mgmt",), 3.0),
    Fault("stop-all", _signalled(STOP), (), 3.0),
    Fault("cut-data", _cut(True, False)),
    Fault("cut-cable", _cut(False, True), needs_cable=True),
    Fault("cut-both", _cut(True, True), needs_cable=True),
    Fault("cut-data-out", _one_way("data", "ingress")),
    Fault("cut-data-in", _one_way("data", "egress")),
    Fault("cut-cable-out", _one_way("cable", "egress"), needs_cable=True),
    Fault("cut-cable-in", _one_way("cable", "ingress"), needs_cable=True),
    Fault("load", lambda *_: None, is_loaded=True),
    Fault("load-kill-all", _signalled(KILL), is_loaded=True),
    Fault("flapping", _flapping),
    Fault("planned", _planned),
]
