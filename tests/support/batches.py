#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Compiles a file that CMake made of several source files; where they do not go together (two have
something of one name), each by itself, and makes one object of theirs. What the compiler then says
is said of the file that somebody wrote.

    batches.py COMPILER ARGUMENT...

Before COMPILER may stand what starts it (ccache)."""

import os
import pathlib
import re
import subprocess
import sys
import tempfile

BATCH = re.compile(r"/unity_\d+_cxx\.cxx$")
INCLUDED = re.compile(r'^#include "([^"]+)"', re.MULTILINE)


def value(words, option):
    return words[words.index(option) + 1]


def replaced(words, changes):
    """`words` with the values of these options changed."""
    words = list(words)
    for option, to in changes.items():
        if option in words:
            words[words.index(option) + 1] = to
    return words


def one_by_one(words, batch):
    """The status of the first that does not compile, or 0."""
    sources = INCLUDED.findall(pathlib.Path(batch).read_text(encoding="utf-8"))
    flags = [word for word in words if word.startswith(("-flto", "-O", "-fuse-ld"))]
    with tempfile.TemporaryDirectory() as folder:
        objects, depended = [], []
        for number, source in enumerate(sources):
            objects.append(f"{folder}/{number}.o")
            mine = replaced(words, {"-o": objects[-1], "-MF": f"{objects[-1]}.d", "-c": source})
            status = subprocess.run(mine, check=False).returncode
            if status:
                return status
            if "-MF" in words:
                depended.append(pathlib.Path(f"{objects[-1]}.d").read_text(encoding="utf-8"))
        if "-MF" in words:
            pathlib.Path(value(words, "-MF")).write_text("\n".join(depended), encoding="utf-8")
        compiler = words[1] if os.path.basename(words[0]) == "ccache" else words[0]
        lto = ["-flinker-output=rel"] if any(flag.startswith("-flto") for flag in flags) else []
        return subprocess.run([compiler, *flags, *lto, "-r", "-nostdlib", "-o", value(words, "-o"),
                               *objects], check=False).returncode


def main(words):
    batch = value(words, "-c") if "-c" in words else ""
    if not BATCH.search(batch):
        os.execvp(words[0], words)
    as_one = subprocess.run(words, stderr=subprocess.PIPE, check=False)
    if as_one.returncode == 0:
        sys.stderr.buffer.write(as_one.stderr)
        return 0
    return one_by_one(words, batch)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
