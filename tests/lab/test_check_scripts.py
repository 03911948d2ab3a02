# SPDX-License-Identifier: Apache-2.0
"""Checks that are scripts: what they may, and what becomes of those that do not do as they should."""

import subprocess

import pytest

import waiting
from checked import PACE, probes, tried, unit, web

SCRIPTS = [
    ("exit 0", "passed: script status 0"),
    ("echo 3 of 4 disks", "passed: script 3 of 4 disks"),
    ("echo '1 of 4 disks'; exit 2", "failed: script status 2: 1 of 4 disks"),
    ("echo no route to the array >&2; exit 1", "failed: script status 1: no route to the array"),
    ("echo busy; exit 75", "not tried: script busy"),
    ("no-such-command", "not tried: script status 127"),
    ("kill -SEGV $$", "failed: script was ended by signal 11"),
    ("yes", "failed: script said more than is read"),
    ('curl -sf "http://$1:$2/" >/dev/null && echo by HTTP', "passed: script by HTTP"),
    ('curl -sf "http://$1:1/" >/dev/null', "failed: script status 7"),
    ('[ "$3" = "30 s" ] && echo "$YOKE_POOL" "$YOKE_CHECK"', "passed: script tried script"),
    ("{ ls {root}/var/lib/yoke; ls {root}/run/yoke; } | grep -q . || echo hidden",
     "passed: script hidden"),
    ("ls {root}/etc/yoke", "passed: script checks"),
    ("touch {root}/etc/yoke/checks/mark /var/tmp/mark 2>/dev/null || touch /tmp/mark && echo own",
     "passed: script own"),
]


@pytest.fixture(scope="module")
def script(unit):
    """Writes the script that `program probe` names."""
    folder = unit.root / "etc/yoke/checks"
    folder.mkdir(mode=0o755)

    def write(text, mode=0o755):
        path = folder / "probe"
        path.write_text("#!/bin/sh\n" + text.replace("{root}", str(unit.root)) + "\n",
                        encoding="utf-8")
        path.chmod(mode)
        return path

    return write


@pytest.mark.parametrize("text, says", SCRIPTS)
def test_scripts(unit, web, script, text, says):
    script(text)
    assert says in tried(unit, web.endpoint, 'script program probe argument "30 s"')


def test_scripts_that_are_not_run(unit, web, script):
    check = "script program probe"
    path = script("exit 0", 0o777)
    assert f"not tried: {path} is for others to change: chmod go-w" in tried(
        unit, web.endpoint, check)
    path.chmod(0o644)
    assert "is not for all to run: chmod 755" in tried(unit, web.endpoint, check)
    unit.commit(f"set pool shut server {web.endpoint}", f"set pool shut check {check} {PACE}")
    waiting.until(lambda: f"chmod 755 {path}" in unit.yoke(
        "show", "check", "shut", web.endpoint).stdout, "it says what to do")

    def standing():
        return [row for row in unit.show("alarm")
                if row["alarm"] == "check-not-tried" and row["state"] == "raised"]

    waiting.until(standing, "nobody has to look there to find out", 60)
    assert "chmod 755" in standing()[0]["text"] and standing()[0]["next"] == "show check shut"
    unit.commit("delete pool shut")
    waiting.until(lambda: not standing(), "the alarm is gone with its check")
    path.unlink()
    assert f"not tried: {path} is missing" in tried(unit, web.endpoint, check)
    refused = unit.yoke("-c", "set pool bad check script program ../../bin/sh", check=False)
    assert refused.returncode == 2 and "E-102" in refused.stderr, refused


def test_a_script_takes_a_server_out_and_is_killed_when_it_hangs(unit, web, script):
    server = web.endpoint
    script('curl -sf "http://$1:$2/" >/dev/null')
    unit.commit(f"set pool own server {server}", f"set pool own check script program probe {PACE}")
    unit.until_servers("up", [("own", server)])
    script("setsid sleep 98765 & exec sleep 98765")
    unit.until_servers("down", [("own", server)])
    last = probes(unit, "own", server)[-1]
    assert last["text"] == "timeout after 400ms at script", last
    assert last["steps"][-1]["text"] == "killed: it was out of time"
    assert max(map(len, unit.lines_on_screen("show", "check", "own", server))) <= 80
    unit.commit("delete pool own")
    waiting.until(lambda: not sleeping(), "what was under way is gone with its check")


def sleeping():
    """Processes of the script that hangs."""
    found = subprocess.run(["pgrep", "-f", "^sleep 98765"], check=False, capture_output=True)
    return found.stdout.split()
