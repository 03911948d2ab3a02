# SPDX-License-Identifier: Apache-2.0
"""A small tree that keeps every rule, broken in one way at a time: each must be found, and nothing
else."""

import pytest

import tidy

LICENCE = "// SPDX-License-Identifier: Apache-2.0\n"
SCRIPT = "#!/usr/bin/python3\n# SPDX-License-Identifier: Apache-2.0\n"
HEADER = LICENCE + "#pragma once\n"
CLEAN = {
    "README.md": "See [the net](dataplane/net/README.md) or <https://www.debian.org/>.\n",
    "dataplane/limits.h": HEADER,
    "dataplane/README.md": "Forwards.\n",
    "dataplane/net/README.md": "Bytes.\n",
    "dataplane/net/drop.h": HEADER + "enum class Drop {\n  kTruncated,\n  kNoLease,\n};\n",
    "dataplane/lb/README.md": "Decisions.\n",
    "dataplane/lb/pipeline.h": HEADER + '#include "dataplane/net/drop.h"\n',
    "dataplane/io/README.md": "Packets.\n",
    "dataplane/io/port.cpp": LICENCE + "#include <rte_ethdev.h>\n",
    "dataplane/main.cpp": LICENCE + '#include "dataplane/lb/pipeline.h"\n',
    "mgmt/store/README.md": "Rows.\n",
    "mgmt/store/database.cpp": LICENCE + "#include <sqlite3.h>\n",
    "tests/unit/net/drop_test.cpp": LICENCE + "auto a = Drop::kTruncated, b = Drop::kNoLease;\n",
    "tests/go": SCRIPT,
    ".clang-format": "BasedOnStyle: Google\nColumnLimit: 100\n",
}
EXECUTABLE = {"tests/go"}


def lay(tree, files):
    for path, text in files.items():
        target = tree / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
        target.chmod(0o755 if path in EXECUTABLE else 0o644)


def found(tree):
    return list(tidy.violations(tree))


def test_a_tree_that_keeps_the_rules_has_no_violation(tmp_path):
    lay(tmp_path, CLEAN)
    assert not found(tmp_path)


def test_build_folders_are_not_looked_at(tmp_path):
    lay(tmp_path, CLEAN | {"build/dev/util.cpp": "bad\n"})
    assert not found(tmp_path)


@pytest.mark.parametrize("path, text, expected", [
    ("dataplane/net/a.h", "#pragma once\n", "SPDX"),
    ("tests/stop", "#!/usr/bin/python3\nprint()\n", "SPDX"),
    ("dataplane/net/a.h", LICENCE, "#pragma once"),
    ("dataplane/net/a.cpp", LICENCE + "\n" * 0 + "// line\n" * 500, "501 lines"),
    ("dataplane/net/byte_util.h", HEADER, "name says nothing"),
    ("tests/helpers.cpp", LICENCE, "name says nothing"),
    ("dataplane/net/a.cpp", LICENCE + "// TO" + "DO: the rest\n", "finish it"),
    ("README.md", "FIX" + "ME\n", "finish it"),
    ("README.md", "Build it in /home/" + "ann/yoke.\n", "one machine only"),
    ("README.md", "A [link](missing.md).\n", "leads nowhere"),
    ("dataplane/net/a.cpp", LICENCE + '#include "dataplane/lb/pipeline.h"\n', "may not include"),
    ("dataplane/lb/a.cpp", LICENCE + '#include "dataplane/io/port.h"\n', "may not include"),
    ("dataplane/lb/a.cpp", LICENCE + '#include "pipeline.h"\n', "is not there"),
    ("dataplane/lb/a.cpp", LICENCE + "#include <rte_mbuf.h>\n", "DPDK stays"),
    ("dataplane/lb/a.cpp", LICENCE + "auto now = rte_rdtsc();\n", "DPDK stays"),
    ("tests/unit/lb/a.cpp", LICENCE + "auto now = rte_rdtsc();\n", "DPDK stays"),
    ("dataplane/main.cpp", LICENCE + "#include <sqlite3.h>\n", "SQLite stays"),
    ("mgmt/main.cpp", LICENCE + "#include <net-snmp/net-snmp-config.h>\n", "Net-SNMP stays"),
    ("kitchen/a.cpp", LICENCE + '#include "dataplane/limits.h"\n', "has no line in"),
    ("kitchen/a.cpp", LICENCE, "needs a README.md"),
    ("dataplane/net/a.cpp", LICENCE + "int  a;\n", "clang-format-14"),
    ("tests/late.py", SCRIPT, "not executable"),
    ("tests/unit/net/drop_test.cpp", LICENCE + "auto a = Drop::kNoLease;\n",
     "no test names Drop::kTruncated"),
])
def test_a_violation_is_found(tmp_path, path, text, expected):
    lay(tmp_path, CLEAN)
    lay(tmp_path, {path: text})
    if path == "tests/stop":
        (tmp_path / path).chmod(0o755)
    lines = found(tmp_path)
    assert any(expected in line for line in lines), lines


def test_a_path_of_the_tree_itself_is_found(tmp_path):
    lay(tmp_path, CLEAN | {"README.md": f"cd {tmp_path.resolve()}\n"})
    assert any("one machine only" in line for line in found(tmp_path))


def test_an_executable_without_a_known_interpreter_is_found(tmp_path):
    lay(tmp_path, CLEAN)
    (tmp_path / "tests/go").write_text("#!/usr/bin/env python3\n" + LICENCE, encoding="utf-8")
    assert any("begins with none of" in line for line in found(tmp_path))


def test_every_folder_of_the_matrix_may_include_itself_and_no_later_one():
    for folder, allowed in tidy.matrix._MAY_INCLUDE.items():
        assert not tidy.matrix.why_not(f"{folder}/a.cpp", f"{folder}/b.h", quoted=True)
        assert folder not in allowed
        for other in allowed:  # no circle
            assert folder not in tidy.matrix._MAY_INCLUDE.get(other, ()), (folder, other)
