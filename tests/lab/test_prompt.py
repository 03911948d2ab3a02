# SPDX-License-Identifier: Apache-2.0
"""The unit's prompt, at a terminal."""

import pexpect
import pytest

import unit


@pytest.fixture
def prompt(lab):
    terminal = pexpect.spawn(str(unit.PROGRAMS / "yoke"), ["--root", str(lab.unit.root)],
                             encoding="utf-8", timeout=10, dimensions=(24, 80),
                             env=unit.LEAKS_OF_OTHERS | {"TERM": "vt100", "PATH": "/usr/bin"})
    terminal.expect("lab-a|lb-a")
    terminal.expect("> ")
    yield terminal
    terminal.close(force=True)


def test_a_command_is_completed_and_answered(prompt):
    prompt.send("show poo\t")
    prompt.expect("l ")  # what was missing, where the cursor stood
    prompt.send("web\r")
    prompt.expect("10.9.0.21:80")


def test_a_question_mark_lists_what_may_follow(prompt):
    prompt.send("show ?")
    prompt.expect("-a> show ")  # the line again, below the list
    for word in ("pool", "vip", "worker", "Versions of the software"):
        assert word in prompt.before


def test_edits_are_shown_and_discarded(prompt):
    prompt.sendline("configure")
    prompt.expect("# ")
    prompt.sendline("set pool web server 10.9.0.21:80 weight 9")
    prompt.expect(r"\*# ")
    prompt.sendline("diff")
    prompt.expect("weight")
    prompt.sendline("discard")
    prompt.expect("# ")


def test_the_end_of_input_leaves(prompt):
    prompt.sendeof()
    prompt.expect(pexpect.EOF)
    prompt.close()
    assert prompt.exitstatus == 0
