# SPDX-License-Identifier: Apache-2.0
"""Runs Spin: from pair.pml and a list of definitions to what the checker found."""

import dataclasses
import pathlib
import re
import resource
import shutil
import subprocess

HERE = pathlib.Path(__file__).parent
# One process makes partial-order reduction of no use. The limit is in MB.
PAN = ("-w", "-DSAFETY", "-DNOREDUCE", "-DNOCLAIM", "-DVECTORSZ=512", "-DMEMLIM=1900")
DEEPEST = 200_000
WORLD = "world.pml"  # the definitions, then the model


@dataclasses.dataclass(frozen=True)
class Found:
    errors: int
    assertion: str  # the one that failed, or what else was wrong; empty: nothing was
    states: int
    megabytes: float
    seconds: float  # of processor time, with spin's and the compiler's
    complete: bool  # every state that can be reached was

    def __str__(self):
        return (f"{self.states:>10,} states {self.seconds:6.1f} s {self.megabytes:7.0f} MB  "
                f"{self.assertion}")


def processor_seconds():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def run(folder, arguments, good=(0,)):
    done = subprocess.run([str(argument) for argument in arguments], cwd=folder, text=True,
                          capture_output=True, check=False)
    if done.returncode not in good:
        raise RuntimeError(f"{arguments[0]}: {done.stdout[-2000:]}{done.stderr[-2000:]}")
    return done.stdout


def number(pattern, text):
    found = re.search(pattern, text)
    return float(found[1]) if found else 0.0


def check(folder, define, large):
    """Builds a checker for this world in `folder` and lets it look at every state, up to the first
    that is wrong."""
    before = processor_seconds()
    for source in ("pair.pml", "unit.pml"):
        shutil.copy(HERE / source, folder)
    lines = [f"#define {one.replace('=', ' ', 1)}\n" for one in define]
    (folder / WORLD).write_text("".join(lines) + '#include "pair.pml"\n', encoding="utf-8")
    run(folder, ["spin", "-a", WORLD])
    run(folder, ["gcc", "-O2" if large else "-O0", *PAN, "-o", "pan", "pan.c"])
    text = run(folder, ["./pan", f"-m{DEEPEST}", "-n", "-w22"], good=range(256))
    if "State-vector" not in text:
        raise RuntimeError(f"pan: {text[-2000:]}")
    wrong = re.search(r"^pan:1: (.*)", text, re.M)
    short = "out of memory" in text or "max search depth too small" in text
    return Found(errors=int(number(r"errors: (\d+)", text)),
                 assertion=wrong[1] if wrong else "",
                 states=int(number(r"(\d+) states, stored", text)),
                 megabytes=number(r"([\d.]+)\s+total actual memory usage", text),
                 seconds=processor_seconds() - before,
                 complete=not short and "Search not completed" not in text)
