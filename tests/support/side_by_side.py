#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Runs two commands at once and waits for both: exits with the status of one that failed, or 0.

    side_by_side.py LOG FIRST... --and SECOND...

What the first says goes to LOG, and its end is said when it has failed. Who ends this ends both:
they stay in its session."""

import pathlib
import subprocess
import sys

LINES = 40


def main(log, *words):
    end = words.index("--and")
    with open(log, "wb") as output:
        first = subprocess.Popen(words[:end], stdout=output, stderr=subprocess.STDOUT)
        second = subprocess.Popen(words[end + 1:])
        later, sooner = second.wait(), first.wait()
    if sooner:
        text = pathlib.Path(log).read_text(encoding="utf-8", errors="replace")
        print(f"the end of {log}:", *text.splitlines()[-LINES:], sep="\n")
    return sooner or later


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
