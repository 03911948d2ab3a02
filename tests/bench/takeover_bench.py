#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What a client notices when the active one of two units fails: faults of many kinds, many times.

    sudo tests/bench/takeover_bench.py [--profile vm|default|fast] [--repeats N] [--fault NAME]...
                                       [--switchovers N] [--only SYSTEM] [--json]

Two whole units, three nginx servers and a client in network namespaces; beside them, on the same
switch and before the same servers, two machines with keepalived and nftables, and two with
keepalived and HAProxy, whose adverts are as far apart as makes them as patient as ours. Each fault
befalls each system in turn.

The client makes a connection with one request every millisecond. The blackout is the longest time
between two such requests that were answered, by when they were sent. As the machine itself stands
still now and then, sleepers on each core tell by how much they were woken late meanwhile; "beyond"
is the blackout without that. Connections that are held open ask every 20 ms; one is lost if it ends
or is not answered within 5 s after the fault. Dual answers are frames of one unit from the VIP, or
ARP in its name, in the middle of those of the other, as the client's port of the switch sees them;
the question where the VIP is, is asked every 5 ms."""

import argparse
import collections
import contextlib
import json
import os
import pathlib
import signal
import statistics
import sys
import time

HERE = pathlib.Path(__file__).resolve()
LAB = HERE.parents[1] / "lab"
sys.path[:0] = [str(LAB)]

# pylint: disable=wrong-import-position
import contenders
import faults
import meter as meters
import paired
import topology


def befall(lab, system, meter, fault):
    active, _ = system.settle()
    meter.begin()
    with contextlib.ExitStack() as load:
        if fault.is_loaded:
            wrk = lab.client.start("wrk", "wrk", "-t1", "-c64", f"-d{fault.seconds + 2:.0f}s",
                                   f"http://{system.vip}/")
            load.callback(wrk.kill)
            time.sleep(0.5)
        end = fault.begin(lab, system, active)
        time.sleep(fault.seconds)
        if end:
            end()
            time.sleep(1)
        return meter.end()


def percentile(values, share):
    """The smallest that at least this share of all are not above."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * share // 100) - 1)]


def summed_up(runs):
    blackouts = [run["blackout_ms"] for run in runs]
    return {"runs": len(runs),
            "blackout_ms": {"min": round(min(blackouts), 1),
                            "median": round(statistics.median(blackouts), 1),
                            "p99": round(percentile(blackouts, 99), 1)},
            "stall_ms": round(max(run["stall_ms"] for run in runs), 1),
            "beyond_ms": {"median": round(statistics.median(run["beyond_ms"] for run in runs), 1),
                          "p99": round(percentile([run["beyond_ms"] for run in runs], 99), 1)},
            **{key: sum(run[key] for run in runs)
               for key in ("lost", "resets", "held", "refused", "dual_answers", "answers",
                           "overlooked", "datagrams_lost", "datagrams")},
            "lost_of": sum((collections.Counter(run["lost_of"]) for run in runs),
                           collections.Counter())}


HEAD = (f"{'fault':16}{'system':23}{'blackout ms: min':>16}{'median':>8}{'p99':>8}{'stall':>7}"
        f"{'beyond':>8}{'lost':>6}{'of':>6}{'resets':>8}{'dual':>7}")


def tell(fault, system, sums):
    blackout = sums["blackout_ms"]
    print(f"{fault:16}{system:23}{blackout['min']:16,.1f}{blackout['median']:8,.1f}"
          f"{blackout['p99']:8,.1f}{sums['stall_ms']:7,.1f}{sums['beyond_ms']['p99']:8,.1f}"
          f"{sums['lost']:6}{sums['held']:6}{sums['resets']:8}{sums['dual_answers']:7}"
          + (f"  ({sums['overlooked']} frames overlooked)" if sums["overlooked"] else "")
          + "".join(f"  {address}: {count}" for address, count in sums["lost_of"].items()
                    if system == contenders.Yoke.name), flush=True)


def tell_ratios(figures):
    """How many times longer the others' median blackout is than ours."""
    print(f"\n{'median blackout, ours = 1':28}", *(f"{name:>23}" for name in names_of_others(figures)))
    for fault, systems in figures.items():
        ours = systems.get(contenders.Yoke.name)
        if not ours:
            continue
        cells = []
        for name in names_of_others(figures):
            theirs = systems.get(name)
            cells.append(f"{theirs['blackout_ms']['median'] / ours['blackout_ms']['median']:23.2f}"
                         if theirs and ours["blackout_ms"]["median"] else f"{'-':>23}")
        print(f"{fault:28}", *cells)


def names_of_others(figures):
    names = dict.fromkeys(name for systems in figures.values() for name in systems)
    return [name for name in names if name != contenders.Yoke.name]


def all_faults(lab, systems, options):
    figures = {}
    print(HEAD, flush=True)
    for fault in faults.FAULTS:
        if options.fault and fault.name not in options.fault:
            continue
        for system in filter(fault.can_befall, systems):
            with meters.Meter(lab, system.vip, system.held, system.datagrams) as meter:
                runs = [befall(lab, system, meter, fault) for _ in range(options.repeats)]
            sums = summed_up(runs)
            figures.setdefault(fault.name, {})[system.name] = sums | {"each": runs}
            tell(fault.name, system.name, sums)
    return figures


def retransmitted(namespace):
    """TCP segments that the client has sent more than once."""
    with namespace.entered():
        lines = pathlib.Path("/proc/thread-self/net/snmp").read_text(encoding="ascii").splitlines()
    names, values = (line.split() for line in lines if line.startswith("Tcp:"))
    return int(values[names.index("RetransSegs")])


def switch_over_again_and_again(lab, system, count):
    """Planned, one after the other; before, a while without any."""
    sums = {}
    with meters.Meter(lab, system.vip, system.held, system.datagrams) as meter:
        for what, rounds in (("without", min(count, 100)), ("with", count)):
            system.settle()
            meter.begin()
            before = retransmitted(lab.client)
            began = time.monotonic()
            blackouts = []
            for _ in range(rounds):
                active, _ = system.settle()
                if what == "with":
                    system.switch_over(active)
                time.sleep(0.3)
            noticed = meter.end()
            sums[what] = noticed | {"rounds": rounds, "seconds": time.monotonic() - began,
                                    "retransmitted": retransmitted(lab.client) - before}
            tell_switchovers(what, sums[what])
    return sums


def tell_switchovers(what, sums):
    print(f"{sums['rounds']} rounds {what} a planned switchover, {sums['seconds']:.0f} s: "
          f"datagrams lost {sums['datagrams_lost']} of {sums['datagrams']}, "
          f"requests lost {sums['requests_lost']} and reset {sums['refused']} of "
          f"{sums['requests']}, held connections lost {sums['lost']} and reset {sums['resets']} of "
          f"{sums['held']}, segments sent again {sums['retransmitted']}, "
          f"longest blackout {sums['blackout_ms']:.1f} ms (stalls {sums['stall_ms']:.1f}), "
          f"dual answers {sums['dual_answers']} of {sums['answers']}", flush=True)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--profile", choices=("vm", "default", "fast"), default="vm")
    parser.add_argument("--repeats", type=int, default=20)
    parser.add_argument("--fault", action="append", help="only this one; may be repeated")
    parser.add_argument("--only", action="append", help="this system alone; may be repeated")
    parser.add_argument("--switchovers", type=int, default=0, help="planned, in a row, of ours")
    parser.add_argument("--json", action="store_true", help="all of it once more, as the last line")
    options = parser.parse_args()
    known = [fault.name for fault in faults.FAULTS]
    for name in options.fault or []:
        if name not in known and name != "none":
            parser.error(f"there is no fault {name}: none, {', '.join(known)}")
    return options


def main():
    options = arguments()
    if "YOKE_HUGE_PAGES" not in os.environ:  # the lab's place, which leaves nothing behind
        os.execv(sys.executable, [sys.executable, str(LAB / "sandbox.py"), sys.executable,
                                  *map(str, (HERE, *sys.argv[1:]))])
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT, signal.SIGTERM})
    print(f"profile {options.profile}; {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; "
          f"{options.repeats} repeats", flush=True)
    with topology.Lab(kind=paired.PairedUnit) as lab:
        systems = [system for system in contenders.made(lab, options.profile)
                   if not options.only or any(word in system.name for word in options.only)]
        result = {"profile": options.profile, "load": os.getloadavg()[0]}
        try:
            result["faults"] = all_faults(lab, systems, options)
            tell_ratios(result["faults"])
            if options.switchovers:
                ours = next(system for system in systems if system.name == contenders.Yoke.name)
                result["switchovers"] = switch_over_again_and_again(lab, ours, options.switchovers)
        finally:
            for system in systems:
                system.stop()
    if options.json:
        print(json.dumps(result))


if __name__ == "__main__":
    main()
