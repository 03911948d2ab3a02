# SPDX-License-Identifier: Apache-2.0
"""The count of a run, with and without a second try."""

import pathlib
import subprocess
import sys

TALLY = pathlib.Path(__file__).resolve().parents[1] / "support" / "tally.py"


def written(path, **cases):
    """A JUnit file: name = why it failed, or None for one that passed."""
    lines = []
    for name, why in cases.items():
        inner = f'<failure message="{why}"/>' if why else ""
        lines.append(f'<testcase classname="tests.lab.test_x" name="{name}">{inner}</testcase>')
    path.write_text(f"<testsuite>{''.join(lines)}</testsuite>", encoding="utf-8")
    return str(path)


def tally(*arguments):
    done = subprocess.run([sys.executable, TALLY, *arguments], capture_output=True, text=True, check=True)
    return done.stdout, done.stderr


def test_what_failed_is_counted_and_named(tmp_path):
    out, err = tally(written(tmp_path / "1", good=None, bad="late"))
    assert out == "1 1 0\n" and "failed: bad: late" in err


def test_what_passes_only_the_second_time_counts_and_is_named(tmp_path):
    first = written(tmp_path / "1", good=None, bad="late", worse="wrong")
    out, err = tally(first, written(tmp_path / "2", bad=None, worse="wrong again"))
    assert out == "2 1 0\n"
    assert "unsteady: bad: passed when run again, before: late" in err
    assert "failed: worse: wrong again" in err


def test_what_failed_is_tried_again_as_pytest_names_it(tmp_path):
    out, _ = tally("--again", written(tmp_path / "1", good=None, bad="late"))
    assert out == "tests/lab/test_x.py::bad\n"


def test_a_broken_promise_is_not_tried_again_nor_what_failed_beside_it(tmp_path):
    broken = "promise.Broken: both units answer"
    assert tally("--again", written(tmp_path / "1", bad=broken, late="late"))[0] == ""


def test_many_failures_are_not_unsteadiness(tmp_path):
    assert tally("--again", written(tmp_path / "1", a="x", b="x", c="x", d="x"))[0] == ""
