#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Holds the tree to its rules. Prints one line a violation, "PATH:LINE: what is wrong"; exit 1 if
there is one.

    tidy.py [TREE]
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys

import matrix

SKIPPED_FOLDERS = {".git", "build", "__pycache__", ".pytest_cache", ".cache"}
CODE = {".h", ".cpp", ".py", ".sh"}
CPP = {".h", ".cpp"}
LONGEST_FILE = 500
VAGUE_NAMES = {"util", "utils", "common", "misc", "helper", "helpers"}
LICENCE = "SPDX-License-Identifier: Apache-2.0"
SHEBANGS = {"#!/usr/bin/env bash", "#!/usr/bin/python3", "#!/bin/sh"}
# In pieces, so that this file may be read by itself.
UNFINISHED = re.compile(r"\b(" + "|".join(("TO" + "DO", "FIX" + "ME", "XX" + "X")) + r")\b")
SOMEBODYS_HOME = re.compile(r"(?<![\w.$}])/(home|Users|root)/\w")
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")


class File:
    """A text file of the tree."""

    def __init__(self, tree, path):
        self.path = path  # relative
        self.absolute = tree / path
        self.lines = self.absolute.read_text(encoding="utf-8").splitlines()
        self.executable = os.access(self.absolute, os.X_OK)
        first = self.lines[0] if self.lines else ""
        self.shebang = first if first.startswith("#!") else ""
        self.is_code = path.suffix in CODE or bool(self.shebang)
        self.is_cpp = path.suffix in CPP
        self.is_test = path.parts[0] == "tests"
        self.folder = path.parent.as_posix()

    def matching(self, pattern):
        """(line number, match) of every line where `pattern` is found."""
        for number, line in enumerate(self.lines, 1):
            found = pattern.search(line)
            if found:
                yield number, found


def read_tree(tree):
    files = []
    for folder, folders, names in os.walk(tree):
        folders[:] = sorted(set(folders) - SKIPPED_FOLDERS)
        for name in sorted(names):
            path = pathlib.Path(folder, name).relative_to(tree)
            try:
                files.append(File(tree, path))
            except UnicodeDecodeError:
                pass  # not text
    return files


# ---- rules of one file: each yields (line, what is wrong) ------------------------------------------


def carries_its_licence(file):
    expected = 2 if file.shebang else 1
    if file.is_code and (len(file.lines) < expected or LICENCE not in file.lines[expected - 1]):
        yield expected, f"this line must say {LICENCE}"


def is_short(file):
    if file.is_code and len(file.lines) > LONGEST_FILE:
        yield LONGEST_FILE + 1, f"{len(file.lines)} lines; {LONGEST_FILE} are the most"


def has_a_telling_name(file):
    words = set(re.split(r"[^a-z]+", file.path.stem.lower()))
    if words & VAGUE_NAMES:
        yield 1, "a file is named after what it holds; this name says nothing"


def is_finished(file):
    for number, found in file.matching(UNFINISHED):
        yield number, f"{found[1]}: finish it, or write it down as an issue"


def names_no_place_of_one_machine(file):
    own = re.escape(str(file.absolute.parents[len(file.path.parts) - 1]))
    for pattern in (SOMEBODYS_HOME, re.compile(own + r"\b")):
        for number, _ in file.matching(pattern):
            yield number, "a path that exists on one machine only"


def says_what_runs_it(file):
    if file.executable and file.shebang not in SHEBANGS:
        yield 1, f"executable, but begins with none of: {', '.join(sorted(SHEBANGS))}"
    if file.shebang and not file.executable:
        yield 1, "begins with #! but is not executable"


def guards_its_header(file):
    if file.path.suffix == ".h" and "#pragma once" not in file.lines:
        yield 1, "a header needs #pragma once"


def keeps_to_the_matrix(file):
    if not file.is_cpp:
        return
    for number, found in file.matching(INCLUDE):
        reason = matrix.why_not(file.path.as_posix(), found[2], quoted=found[1] == '"')
        if reason:
            yield number, reason


def keeps_dpdk_in_its_place(file):
    if file.is_cpp and not matrix.may_use_dpdk(file.folder):
        for number, found in file.matching(re.compile(r"\b(rte_\w*)")):
            yield number, f"{found[1]}: DPDK stays in dataplane/io"


# ---- rules of the whole tree: each yields (path, line, what is wrong) -----------------------------


def includes_exist(files, tree):
    for file in files:
        if file.is_cpp:
            for number, found in file.matching(INCLUDE):
                if found[1] == '"' and not (tree / found[2]).is_file():
                    yield file.path, number, f"{found[2]} is not there; paths start at the top"


def links_lead_somewhere(files, tree):
    for file in files:
        if file.path.suffix == ".md":
            for number, found in file.matching(LINK):
                if ":" not in found[1] and not (tree / file.path.parent / found[1]).exists():
                    yield file.path, number, f"the link to {found[1]} leads nowhere"


def folders_explain_themselves(files, _tree):
    folders = {file.folder for file in files if file.is_cpp and not file.is_test}
    explained = {file.folder for file in files if file.path.name == "README.md"}
    for folder in sorted(folders - explained):
        yield pathlib.Path(folder), 1, "a folder needs a README.md: what lives here, what it may use"


def every_drop_is_tested(files, _tree):
    declared = next((file for file in files if file.path.as_posix() == matrix.DROPS), None)
    if declared is None:
        return
    tests = "\n".join("\n".join(file.lines) for file in files if file.is_test and file.is_code)
    body = re.search(r"enum class Drop[^{]*\{(.*?)\};", "\n".join(declared.lines), re.S)
    for name in re.findall(r"^\s*(k\w+)\s*,", body[1], re.M):
        if not re.search(rf"\bDrop::{name}\b", tests):
            yield declared.path, 1, f"no test names Drop::{name}"


def is_formatted(files, tree):
    sources = [str(file.absolute) for file in files if file.is_cpp]
    if not sources:
        return
    if shutil.which("clang-format-14") is None:
        yield pathlib.Path("."), 1, "clang-format-14 is not installed"
        return
    done = subprocess.run(["clang-format-14", "--dry-run", "-Werror", "--ferror-limit=1", *sources],
                          cwd=tree, capture_output=True, text=True, check=False)
    for found in re.finditer(r"^(.+?):(\d+):\d+: error: ", done.stderr, re.M):
        path = pathlib.Path(found[1]).resolve().relative_to(tree)
        yield path, int(found[2]), "clang-format-14 would write this otherwise"
    if done.returncode and "error: " not in done.stderr:
        yield pathlib.Path("."), 1, f"clang-format-14: {done.stderr.strip()}"


FILE_RULES = (carries_its_licence, is_short, has_a_telling_name, is_finished,
              names_no_place_of_one_machine, says_what_runs_it, guards_its_header,
              keeps_to_the_matrix, keeps_dpdk_in_its_place)
TREE_RULES = (includes_exist, links_lead_somewhere, folders_explain_themselves,
              every_drop_is_tested, is_formatted)


def violations(tree):
    """Every violation below `tree`, as text."""
    tree = tree.resolve()
    files = read_tree(tree)
    for rule in FILE_RULES:
        for file in files:
            for number, text in rule(file):
                yield f"{file.path}:{number}: {text}"
    for rule in TREE_RULES:
        for path, number, text in rule(files, tree):
            yield f"{path}:{number}: {text}"


def main():
    tree = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parents[2])
    found = list(violations(tree))
    print("\n".join(found) if found else "tidy")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
