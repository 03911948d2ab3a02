#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""clang-tidy over every source file of the product in a build's compile commands. A file that came
out clean is looked at again once it, a header of it or the rules have changed.

    clang_tidy.py BUILD_FOLDER
"""

import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys

TREE = pathlib.Path(__file__).resolve().parents[2]
FOLDERS = ("hal", "dataplane", "mgmt", "cli")
TIDY = "clang-tidy-14"
# Ways through a function that its analyzer follows: a tenth of what it would, which takes 40 % of
# the whole from it and cuts short only functions that nobody should write.
BUDGET = [f"--extra-arg={word}" for word in ("-Xclang", "-analyzer-config", "-Xclang",
                                             "max-nodes=20000")]
AT_ONCE = 8
# The analyzer looks at functions of the files that a group includes as if they were its own.
AS_ONE = ["--checks=-bugprone-suspicious-include",
          "--extra-arg=-Xclang", "--extra-arg=-analyzer-opt-analyze-headers"]
BLAMED = re.compile(r"^(/[^:]+):\d+:\d+: (?:error|warning):", re.MULTILINE)
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.MULTILINE)


def ours(name, seen):
    """The file and all of the tree that it includes, added to `seen` as {name: text}."""
    path = TREE / name
    if name in seen or not path.is_file():
        return
    seen[name] = path.read_text(encoding="utf-8")
    for included in INCLUDE.findall(seen[name]):
        ours(included, seen)


def fingerprint(entry, rules):
    """Of what the compiler sees of a file: of the tree its text, of the system its packages."""
    seen = {}
    ours(os.path.relpath(entry["file"], TREE), seen)
    whole = json.dumps([entry["command"], sorted(seen.items())])
    return hashlib.sha256(rules + whole.encode()).hexdigest()


def clang_tidy(build, source, *more):
    """What it says about a source that the compile commands in a folder know; nothing if clean."""
    done = subprocess.run(["nice", TIDY, "--quiet", *BUDGET, *more, "-p", build, source],
                          capture_output=True, text=True, check=False)
    return done.stdout + done.stderr if done.returncode else ""


def look_at_one(entry, build):
    return os.path.relpath(entry["file"], TREE), clang_tidy(build, entry["file"])


def groups_of(entries):
    """Files of one folder that are compiled alike, a few at a time."""
    alike = {}
    for entry in entries:
        words = entry["command"].replace(entry["file"], "").split()
        output = words.index("-o")
        flags = " ".join(words[:output] + words[output + 2:])
        alike.setdefault((os.path.dirname(entry["file"]), flags), []).append(entry)
    for (_, flags), files in sorted(alike.items()):
        for first in range(0, len(files), AT_ONCE):
            yield flags, files[first:first + AT_ONCE]


def look_at_once(flags, entries, build):
    """What clang-tidy says of the files as one; nothing if all are clean. The headers that they
    share are most of what it looks at, so that costs little more than one of them does."""
    name = hashlib.sha256(" ".join(entry["file"] for entry in entries).encode()).hexdigest()
    folder = build / "clang-tidy-groups" / name
    folder.mkdir(parents=True, exist_ok=True)
    source = folder / "group.cpp"
    source.write_text("".join(f'#include "{entry["file"]}"\n' for entry in entries),
                      encoding="utf-8")
    command = {"directory": entries[0]["directory"], "file": str(source),
               "command": f"{flags} -o group.o {source}"}
    (folder / "compile_commands.json").write_text(json.dumps([command]), encoding="utf-8")
    return clang_tidy(folder, source, f"--config-file={TREE / '.clang-tidy'}", *AS_ONE)


def not_clean_at_once(flags, entries, build):
    """Files that have to be looked at by themselves, which has the last word: those that something
    is said of where they are one source with the others, if only that a name is in two of them."""
    alone = []
    while len(entries) > 1:
        said = look_at_once(flags, entries, build)
        if not said:
            return alone
        blamed = set(BLAMED.findall(said))
        odd = [entry for entry in entries if entry["file"] in blamed]
        if not odd:
            break
        alone += odd
        entries = [entry for entry in entries if entry not in odd]
    return alone + entries


def look_at(flags, entries, build, rules):
    """[(file, what clang-tidy says about it)]; nothing about those that are clean."""
    names = [os.path.relpath(entry["file"], TREE) for entry in entries]
    marks = [build / "clang-tidy-clean" / fingerprint(entry, rules) for entry in entries]
    new = [entry for entry, mark in zip(entries, marks) if not mark.exists()]
    said = dict(look_at_one(entry, build) for entry in not_clean_at_once(flags, new, build))
    for name, mark in zip(names, marks):
        if not said.get(name):
            mark.touch()
    return [(name, said.get(name, "")) for name in names]


def main():
    build = pathlib.Path(sys.argv[1]).resolve()
    entries = json.loads((build / "compile_commands.json").read_text(encoding="utf-8"))
    entries = [entry for entry in entries
               if os.path.relpath(entry["file"], TREE).split(os.sep)[0] in FOLDERS]
    if not entries:
        sys.exit(f"{build} compiles none of {', '.join(FOLDERS)}")
    packages = subprocess.run(["dpkg-query", "-W"], capture_output=True, check=True).stdout
    rules = (TREE / ".clang-tidy").read_bytes() + packages + " ".join(BUDGET).encode()
    (build / "clang-tidy-clean").mkdir(exist_ok=True)
    number = bad = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        looked_at = pool.map(lambda group: look_at(*group, build, rules), groups_of(entries))
        for name, said in (file for group in looked_at for file in group):
            number += 1
            print(f"[{number}/{len(entries)}] {name}", flush=True)
            if said:
                bad += 1
                print(said, flush=True)
    print(f"{len(entries)} files, {bad} of them not clean")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
