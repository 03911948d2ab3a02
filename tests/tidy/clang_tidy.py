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


def look_at(entry, build, rules):
    """(file, what clang-tidy says about it); nothing if it is clean."""
    name = os.path.relpath(entry["file"], TREE)
    print_of_it = fingerprint(entry, rules)
    clean = build / "clang-tidy-clean" / print_of_it
    if clean.exists():
        return name, ""
    done = subprocess.run(["nice", TIDY, "--quiet", *BUDGET, "-p", build, entry["file"]],
                          capture_output=True, text=True, check=False)
    if done.returncode:
        return name, done.stdout + done.stderr
    clean.touch()
    return name, ""


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
    bad = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        looked_at = pool.map(lambda entry: look_at(entry, build, rules), entries)
        for number, (name, said) in enumerate(looked_at, 1):
            print(f"[{number}/{len(entries)}] {name}", flush=True)
            if said:
                bad += 1
                print(said, flush=True)
    print(f"{len(entries)} files, {bad} of them not clean")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
