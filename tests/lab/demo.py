#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The demo, once everything is installed and built: tests/demo runs it."""

import argparse
import contextlib
import json
import os
import signal
import sys

import kept
import kernel
import sandbox
import story
import unit


def arguments():
    parser = argparse.ArgumentParser(prog="tests/demo", description="Balances real traffic.")
    parser.add_argument("--json", action="store_true", help="the numbers, as the last line")
    parser.add_argument("--keep", action="store_true", help="leave the lab up, at its prompt")
    parser.add_argument("--down", action="store_true", help="remove a lab that was left up")
    return parser.parse_args()


def main():
    options = arguments()
    if options.down:
        print("The lab is gone." if kept.remove() else "There was no lab.")
        return 0
    if kept.is_up():
        if options.keep:
            sys.exit("tests/demo: a lab is up already; tests/demo --down removes it")
    else:
        kept.remove()  # what a reboot or a killed run has left
    ready, tell_ready = os.pipe()

    def inside():
        os.close(ready)
        tell_story(options)
        if options.keep:
            kernel.set_parent_death_signal(0)
            os.write(tell_ready, b"1")
            os.close(tell_ready)
            stay()
        return 0

    box = sandbox.Sandbox(inside)
    os.close(tell_ready)
    status = box.wait(ready if options.keep else None)
    return keep(box, options) if status is None else status


def tell_story(options):
    """The page goes where people look, the numbers where programs do."""
    told = story.Story(sys.stderr if options.json else sys.stdout)
    told.tell()
    if options.json:
        print(json.dumps(told.facts), flush=True)


def stay():
    """The lab lives as long as its first process, whose children the orphans are."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nowhere, descriptor)
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})
    while signal.sigwait({signal.SIGCHLD}):
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass


def keep(box, options):
    """Leaves the lab up and becomes the prompt of its unit."""
    box.let_go()
    kept.publish(box.process, "/run/lab/unit")
    # With --json the object stays the last line of standard output.
    print(f"""
The lab stays up. Its namespaces are yoke-client, yoke-server1 to 3, yoke-switch
and yoke-unit; its unit's folder is {kept.UNIT}. From another terminal:
  ip netns exec yoke-client curl http://10.9.0.100/
  {unit.PROGRAMS / 'yoke'} --root {kept.UNIT} show pool web
  nsenter -t {box.process} -m -p ip netns exec unit bash   a shell on the unit, whose
      programs in {unit.PROGRAMS} take --root /run/lab/unit there
  tests/demo --down                                     removes it
""", file=sys.stderr if options.json else sys.stdout, flush=True)
    os.execvp("ip", ["ip", "netns", "exec", "yoke-unit", str(unit.PROGRAMS / "yoke"),
                     "--root", str(kept.UNIT)])


if __name__ == "__main__":
    sys.exit(main())
