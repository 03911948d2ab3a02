# SPDX-License-Identifier: Apache-2.0
"""What a person or a script types wrong: a clear refusal, nothing half applied, traffic untouched."""

import contextlib
import json
import socket

import pytest

import topology
import traffic

OK, FAILED, USAGE, NOT_FOUND, UNREACHABLE = 0, 1, 2, 4, 7
WEB = topology.vip("web")


def document(lab):
    return lab.unit.manage("config", candidate=False)


def line(*commands):
    return [word for command in commands for word in ("-c", command)]


@pytest.mark.parametrize("words, status, said", [
    (line("set pool web colour red", "commit"), USAGE, "E-101"),
    (line("paint pool web", "commit"), USAGE, "E-101"),
    (line("set pool web server 10.9.0.300:80", "commit"), USAGE, "E-10"),
    (line("set pool web server 10.9.0.21:80000", "commit"), USAGE, "E-10"),
    (line("set pool web server 10.9.0.21:80 weight 70000", "commit"), USAGE, "E-102"),
    (line("set pool web server 10.9.0.21:80 weight heavy", "commit"), USAGE, "E-102"),
    (line("set vip new 10.9.0.120:80/icmp pool web", "commit"), USAGE, "E-10"),
    (line("set vip new 10.9.0.120:80", "commit"), USAGE, "E-10"),
    (line("set pool 1pool method nat", "commit"), USAGE, "E-10"),
    (line("set vip new 10.9.0.100:80/tcp pool web", "commit"), FAILED, "E-203"),
    (line("set vip new 10.9.0.120:80/tcp pool nowhere", "commit"), FAILED, "E-202"),
    (line("set vip new pool web", "commit"), FAILED, "E-201"),
    (line("set vip new [2001:db8:9::120]:80/tcp pool web", "commit"), FAILED, "E-204"),
    (line("set pool web server [2001:db8:9::21]:80", "commit"), FAILED, "E-204"),
    (line("set pool web check http interval 200ms timeout 300ms", "commit"), FAILED, "E-205"),
    (line("delete pool nowhere", "commit"), NOT_FOUND, "E-404"),
    (line("delete pool web", "commit"), FAILED, "E-202"),
    (["show", "pool", "nowhere"], NOT_FOUND, "E-404"),
    (["show", "weather"], USAGE, "E-101"),
    (["--colour"], USAGE, "E-112"),
    (["apply", "/run/lab/there-is-no-such-file"], NOT_FOUND, "there-is-no-such-file"),
])
def test_a_mistake_is_told_and_changes_nothing(lab, words, status, said):
    before = document(lab)
    done = lab.unit.yoke(*words, check=False)
    assert done.returncode == status, done
    assert said in done.stderr, done
    assert document(lab) == before
    with lab.client.entered():
        assert not traffic.ask(WEB).error


def test_a_mistake_is_pointed_at(lab):
    command = "set pool web server 10.9.0.300:80"
    said = lab.unit.yoke("-c", command, check=False).stderr.splitlines()
    shown = next(number for number, text in enumerate(said) if command in text)
    column = said[shown].index("10.9.0.300")
    assert said[shown + 1].index("^") >= column, said
    assert said[shown + 1].index("^") <= column + len("10.9.0.300:80"), said


def test_nothing_of_a_session_counts_once_one_line_is_wrong(lab):
    before = document(lab)
    done = lab.unit.yoke(*line("set pool web scheduler maglev", "set vip extra 10.9.0.130:80/tcp",
                               "set vip extra colour red", "commit"), check=False)
    assert done.returncode == USAGE
    assert document(lab) == before


def test_all_violations_are_told_at_once(lab):
    done = lab.unit.yoke(*line("set vip one 10.9.0.131:80/tcp pool nowhere",
                               "set vip two pool web", "commit"), check=False)
    assert done.returncode == FAILED
    assert "E-202" in done.stderr and "E-201" in done.stderr


def test_a_commit_that_changes_nothing_is_no_revision(lab):
    before = document(lab)["revision"]
    assert lab.unit.commit().returncode == OK
    assert document(lab)["revision"] == before


def test_every_object_is_shown_as_json_and_as_text_of_80_columns(lab):
    for name in ("status", "vip", "pool", "server", "check", "history", "interface", "traffic",
                 "worker", "version"):
        answer = json.loads(lab.unit.yoke("show", name, "--json").stdout)
        assert answer["schema"] == "yoke/1" and answer["object"] == name
        assert answer["rows"], name
        for text in lab.unit.lines_on_screen("show", name):
            assert len(text) <= 80, text


def test_a_file_is_applied_whole_and_twice_is_once(lab, tmp_path):
    before = document(lab)
    file = tmp_path / "whole.yoke"
    commands = [command for name in topology.EVERYTHING for command in lab.commands(name)]
    file.write_text("\n".join(["# all of it", *commands, "set vip more 10.9.0.140:80/tcp"]) + "\n",
                    encoding="utf-8")
    assert lab.unit.yoke("apply", "--dry-run", file).returncode == OK
    assert document(lab) == before
    lab.unit.yoke("apply", file)
    assert "more" in document(lab)["document"]["vip"]
    revision = document(lab)["revision"]
    lab.unit.yoke("apply", file)
    assert document(lab)["revision"] == revision
    file.write_text("\n".join(commands) + "\n", encoding="utf-8")
    lab.unit.yoke("apply", file)
    assert document(lab)["document"] == before["document"]


def test_a_file_with_one_bad_line_is_not_applied_and_the_line_is_named(lab, tmp_path):
    before = document(lab)
    file = tmp_path / "bad.yoke"
    file.write_text("set vip more 10.9.0.140:80/tcp\nset vip more pool web colour red\n",
                    encoding="utf-8")
    done = lab.unit.yoke("apply", file, check=False)
    assert done.returncode == USAGE
    assert "2" in done.stderr and "E-101" in done.stderr
    assert document(lab) == before


@pytest.mark.smoke
def test_a_configuration_that_the_data_plane_refuses_is_refused_whole(lab):
    before = document(lab)
    running = lab.unit.status()
    # The unit's own address is the kernel's; only the data plane knows that it is.
    done = lab.unit.yoke(*line("set vip more 10.9.0.140:80/tcp pool web",
                               "set vip own 10.9.0.2:80/tcp pool web", "commit"), check=False)
    assert done.returncode == FAILED, done
    assert document(lab) == before
    after = lab.unit.status()
    assert (after["digest"], after["revision"]) == (running["digest"], running["revision"])
    with lab.client.entered():
        assert not traffic.ask(WEB).error


@pytest.mark.smoke
@pytest.mark.parametrize("name", ("mgmt.sock", "dataplane.sock"))
@pytest.mark.parametrize("text", [
    b"\n", b"{}\n", b"[]\n", b"null\n", b"not json\n", b'{"jsonrpc":"2.0","id":1}\n',
    b'{"jsonrpc":"2.0","id":1,"method":"stage","params":7}\n',
    b'{"jsonrpc":"2.0","id":1,"method":"no such"}\n', b'{"id":' * 10000 + b"\n",
    b"[" * 100000 + b"\n", bytes(range(256)) * 16 + b"\n", b'{"jsonrpc":"2.0"',
    b"x" * (17 << 20),
], ids=lambda text: repr(text[:24]))
def test_nonsense_on_a_socket_is_refused_and_others_are_served(lab, name, text):
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(10)
        connection.connect(str(lab.unit.root / "run/yoke" / name))
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            connection.sendall(text)
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(65536):
                pass
    assert lab.unit.forward("status")["ports_ready"]
    assert lab.unit.manage("hello", version=1)
    assert lab.unit.dataplane.exit_status is None and lab.unit.mgmt.exit_status is None


def test_the_cli_without_a_management_plane_says_so(lab):
    lab.unit.mgmt.kill()
    done = lab.unit.yoke("show", "pool", check=False)
    lab.unit.start_mgmt()
    assert done.returncode == UNREACHABLE
    assert "mgmt.sock" in done.stderr
