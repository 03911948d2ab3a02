# SPDX-License-Identifier: Apache-2.0
"""What clang_tidy.py looks at again, and that it sees as much in several files at once."""

import json
import os

import pytest

import clang_tidy

FILES = {"cli/a.cpp": '#include <vector>\n#include "cli/a.h"\n',
         "cli/a.h": '#pragma once\n  #  include "hal/b.h"\n',
         "hal/b.h": '#pragma once\n#include "hal/b.h"\n',
         "hal/c.h": "#pragma once\n"}


@pytest.fixture(name="tree")
def _tree(tmp_path, monkeypatch):
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    monkeypatch.setattr(clang_tidy, "TREE", tmp_path)
    return tmp_path


def fingerprint(tree, command="clang++", rules=b""):
    return clang_tidy.fingerprint({"file": str(tree / "cli/a.cpp"), "command": command}, rules)


@pytest.mark.parametrize("name", ("cli/a.cpp", "cli/a.h", "hal/b.h"))
def test_a_file_whose_own_text_or_a_headers_has_changed(tree, name):
    before = fingerprint(tree)
    (tree / name).write_text(FILES[name] + "// more\n", encoding="utf-8")
    assert fingerprint(tree) != before


def test_a_file_compiled_otherwise_or_under_other_rules(tree):
    assert len({fingerprint(tree), fingerprint(tree, "clang++ -DX"),
                fingerprint(tree, rules=b"another package")}) == 3


def test_not_a_file_that_has_nothing_to_do_with_the_change(tree):
    before = fingerprint(tree)
    (tree / "hal/c.h").write_text("#pragma once\nint i;\n", encoding="utf-8")
    assert fingerprint(tree) == before


ADDS = "namespace { int one() { return 1; } }\nint %s() { return one(); }\n"
NULL = "int of(bool b) {\n  int* p = nullptr;\n  int i = 1;\n  if (b) p = &i;\n  return *p;\n}\n"


def remarks(tree, files, monkeypatch):
    """{file: remarks} of `files`, and how often clang-tidy was run for them."""
    (tree / ".clang-tidy").write_text("Checks: -*,clang-diagnostic-*,clang-analyzer-core*\n"
                                      "WarningsAsErrors: '*'\nHeaderFilterRegex: '/cli/'\n",
                                      encoding="utf-8")
    build = tree / "build"
    (build / "clang-tidy-clean").mkdir(parents=True)
    entries = []
    for name, text in files.items():
        source = tree / "cli" / f"{name}.cpp"
        source.write_text(text, encoding="utf-8")
        entries.append({"directory": str(build), "file": str(source),
                        "command": f"clang++ -Wall -o {name}.o -c {source}"})
    (build / "compile_commands.json").write_text(json.dumps(entries), encoding="utf-8")
    runs = []
    real = clang_tidy.clang_tidy
    monkeypatch.setattr(clang_tidy, "clang_tidy",
                        lambda *words: runs.append(words) or real(*words))
    (flags, together), = clang_tidy.groups_of(entries)
    looked_at = clang_tidy.look_at(flags, together, build, b"")
    assert clang_tidy.look_at(flags, [entry for entry, (_, said) in zip(together, looked_at)
                                      if not said], build, b"")
    return {os.path.basename(name): said for name, said in looked_at}, len(runs)


def test_clean_files_are_looked_at_as_one(tree, monkeypatch):
    said, runs = remarks(tree, {"x": "int x() { return 1; }\n", "y": "int y() { return 2; }\n"},
                         monkeypatch)
    assert said == {"x.cpp": "", "y.cpp": ""} and runs == 1


def test_what_only_the_analyzer_sees_in_one_of_them_is_told_of_that_one(tree, monkeypatch):
    said, runs = remarks(tree, {"x": "int x() { return 1; }\n", "y": NULL}, monkeypatch)
    assert not said["x.cpp"] and "core.NullDereference" in said["y.cpp"] and runs == 3


def test_files_that_are_no_source_together_are_clean_one_by_one(tree, monkeypatch):
    said, runs = remarks(tree, {"x": ADDS % "x", "y": ADDS % "y"}, monkeypatch)
    assert said == {"x.cpp": "", "y.cpp": ""} and runs == 3


def test_only_the_file_that_clashes_with_the_others_is_looked_at_by_itself(tree, monkeypatch):
    said, runs = remarks(tree, {"w": "int w() { return 1; }\n", "x": ADDS % "x", "y": ADDS % "y",
                                "z": "int z() { return 2; }\n"}, monkeypatch)
    assert not any(said.values()) and runs == 3
