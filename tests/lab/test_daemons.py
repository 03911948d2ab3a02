# SPDX-License-Identifier: Apache-2.0
"""Daemons that are started wrongly, or on a broken disk: they say what is wrong, and lose nothing."""

import contextlib
import os
import pathlib
import re
import shutil
import socket
import time

import pytest

import disk
import topology
import traffic
import unit
import waiting

WEB = topology.vip("web")


def run_daemon(lab, name, *words, seconds=60):
    """A start that must fail."""
    return lab.unit.namespace.run(unit.PROGRAMS / name, "--root", lab.unit.root, *words,
                                  seconds=seconds, check=False)


@pytest.mark.parametrize("name", ("yoke-dataplane", "yoke-mgmt"))
def test_a_second_instance_is_refused_and_the_first_goes_on(lab, name):
    done = run_daemon(lab, name)
    assert done.returncode == 1, done
    assert re.search("already|another|in use", done.stderr), done
    with lab.client.entered():
        assert not traffic.ask(WEB).error
    lab.unit.yoke("show", "pool", "web")


@pytest.mark.parametrize("changes, said", [
    ({"device": "af_packet:nowhere0"}, "nowhere0"),
    ({"device": "pci:0000:ff:1f.7"}, "0000:ff:1f.7"),
    ({"device": "carrier-pigeon:eth0"}, "carrier-pigeon"),
    ({"device": None}, "device"),
    ({"cores": "4000"}, "4000"),
    ({"cores": "one"}, "cores"),
    ({"idle": "sometimes"}, "idle"),
    ({"memory_mib": "-3"}, "memory_mib"),
    ({"address": "10.9.0.2/33"}, "10.9.0.2/33"),
    ({"mtu": "9"}, "mtu"),
])
def test_a_board_file_that_cannot_be_is_told_with_its_line(bare_lab, tmp_path, changes, said):
    folder = tmp_path / "etc/yoke"
    folder.mkdir(parents=True)
    (folder / "board.conf").write_text(bare_lab.unit.board(**changes), encoding="utf-8")
    done = bare_lab.unit.namespace.run(unit.PROGRAMS / "yoke-dataplane", "--root", tmp_path,
                                       check=False)
    assert done.returncode == 1, done
    assert said in done.stderr, done


@pytest.mark.parametrize("text, said", [
    ("[dataplane]\ncolour = red\n", "colour"),
    ("[cellar]\nwine = red\n", "cellar"),
    ("[dataplane\n", "board.conf"),
    ("", "port"),
    (None, "board.conf"),
])
def test_a_board_file_that_is_none_is_told(bare_lab, tmp_path, text, said):
    folder = tmp_path / "etc/yoke"
    folder.mkdir(parents=True)
    if text is not None:
        (folder / "board.conf").write_text(text, encoding="utf-8")
    for words in ([], ["--check"]):
        done = bare_lab.unit.namespace.run(unit.PROGRAMS / "yoke-dataplane", "--root", tmp_path,
                                           *words, check=False)
        assert done.returncode == 1, done
        assert said in done.stderr, done


def test_a_good_board_file_passes_the_check_while_the_daemon_runs(lab):
    assert run_daemon(lab, "yoke-dataplane", "--check").returncode == 0


def damage_cut(file):
    os.truncate(file, file.stat().st_size // 2)


def damage_header(file):
    with open(file, "r+b") as database:
        database.write(b"no database this is")


def damage_middle(file):
    size = file.stat().st_size
    with open(file, "r+b") as database:
        for place in range(4096, size, 4096):
            database.seek(place)
            database.write(os.urandom(512))


@pytest.mark.parametrize("damage", (damage_cut, damage_header, damage_middle))
def test_a_damaged_database_is_refused_and_left_as_it_is(lab, damage):
    with disk.stopped_mgmt(lab) as file:
        good = file.with_suffix(".good")
        shutil.copy(file, good)
        damage(file)
        damaged = file.read_bytes()
        done = run_daemon(lab, "yoke-mgmt")
        assert done.returncode == 1, done
        assert "config.db" in done.stderr, done
        assert file.read_bytes() == damaged
        with lab.client.entered():  # what is running goes on
            assert not traffic.ask(WEB).error
        good.rename(file)
    assert lab.unit.show("vip")


def test_a_commit_is_durable_once_it_is_answered(lab):
    """kill -9 right after the answer, many times over."""
    for number in range(1, 11):
        lab.unit.commit(f"set vip web idle-timeout {number}m")
        lab.unit.mgmt.kill()
        lab.unit.start_mgmt()
        document = lab.unit.manage("config", candidate=False)["document"]
        assert document["vip"]["web"]["idle-timeout"] == f"{number}m"
    lab.unit.commit("delete vip web idle-timeout")


class Supervisor:
    """The socket that a daemon tells systemd its state on."""

    def __init__(self):
        self.path = "/run/lab/notify"
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.path)
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)
        self.socket.settimeout(60)

    def environment(self, watchdog_s):
        return {"NOTIFY_SOCKET": self.path, "WATCHDOG_USEC": str(int(watchdog_s * 1e6))}

    def until(self, wanted):
        while True:
            said = self.socket.recv(4096).decode()
            if wanted in said.splitlines():
                return time.monotonic()


@pytest.mark.parametrize("name", ("dataplane", "mgmt"))
def test_systemd_is_told_of_readiness_life_and_end(lab, name):
    daemon = getattr(lab.unit, name)
    assert daemon.terminate() == 0
    supervisor = Supervisor()
    start = getattr(lab.unit, f"start_{name}")
    start(environment=supervisor.environment(watchdog_s=1))
    supervisor.until("READY=1")
    first = supervisor.until("WATCHDOG=1")
    assert supervisor.until("WATCHDOG=1") - first < 1
    assert getattr(lab.unit, name).terminate() == 0
    supervisor.until("STOPPING=1")
    start()
    waiting.until(lambda: set(lab.unit.server_states().values()) == {"up"}, "servers are up again")


def test_an_idle_unit_leaves_the_processor_alone(lab):
    """It sleeps nearly all the time: no worker polls, and little but the checks' packets wakes it.

    What a wake costs is the machine's; how many there are is ours, and so is a spin.
    """
    lab.unit.until_servers("up")
    dataplane = lab.unit.dataplane
    used, slept, began = dataplane.cpu_seconds(), dataplane.sleeps(), time.monotonic()
    time.sleep(4)  # what is measured is a share of time: it has to pass
    passed = time.monotonic() - began
    assert (dataplane.sleeps() - slept) / passed < 3000
    assert (dataplane.cpu_seconds() - used) / passed < 0.3
