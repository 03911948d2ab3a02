# SPDX-License-Identifier: Apache-2.0
"""What clang_tidy.py looks at again."""

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
