# SPDX-License-Identifier: Apache-2.0
"""Backups made under commits, sent to real servers, and restored; also those of a release before."""

import contextlib
import hashlib
import json
import shutil
import socket
import sqlite3
import subprocess

import pytest

import remote
import topology
import traffic
import unit
import waiting

WEB = topology.vip("web")


@pytest.fixture(params=(remote.Sftp, remote.Https))
def server(lab, request):
    there = request.param(lab.unit)
    there.start()
    yield there
    there.stop()


def backups(lab):
    return lab.unit.show("backup")


def make(lab, *words):
    """The newest backup's file."""
    lab.unit.yoke("request", "backup", *words)
    return lab.unit.root / "var/lib/yoke/backup" / backups(lab)[0]["file"]


def expect_whole(file, revision):
    """Checked without a line of the product's code."""
    line, _, database = file.read_bytes().partition(b"\n")
    label = json.loads(line)
    assert label["revision"] == revision and label["unit"] == "lb-a"
    assert label["bytes"] == len(database)
    assert label["sha256"] == hashlib.sha256(database).hexdigest()
    bare = file.with_suffix(".db")
    bare.write_bytes(database)
    try:
        with sqlite3.connect(bare) as opened:
            assert opened.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            assert opened.execute("SELECT max(id) FROM revision").fetchone() == (revision,)
    finally:
        for left in bare.parent.glob(bare.name + "*"):
            left.unlink()


def alarm_stands(lab):
    return any(row["alarm"] == "backup-failed" and row["state"] == "raised"
               for row in lab.unit.show("alarm"))


def revision(lab):
    return lab.unit.show("status")[0]["revision"]


def test_a_backup_is_restored_with_a_look_at_it_first(lab):
    before = revision(lab)
    file = make(lab)
    expect_whole(file, before)
    lab.unit.commit("delete vip web", "set pool web server 10.9.0.21:80 weight 9")
    looked = lab.unit.yoke("-c", f"request restore {file}")
    assert "+ vip web" in looked.stdout and "weight 9 -> 1" in looked.stdout
    assert revision(lab) == before + 1, "looking changes nothing"
    lab.unit.yoke("-c", f"request restore {file}", "-c", "commit")
    assert lab.unit.yoke("diff", str(before)).stdout == ""
    assert f"lb-a, revision {before}" in lab.unit.show("history")[0]["note"]
    lab.unit.until_servers("up")
    with lab.client.entered():
        assert not traffic.ask(WEB).error


def is_answered_on(connection):
    connection.sendall(b"GET / HTTP/1.1\r\nHost: yoke\r\n\r\n")
    return connection.recv(4096).startswith(b"HTTP/1.1 200")


def test_a_damaged_store_is_begun_anew_and_no_client_notices(lab):
    before = revision(lab)
    file = make(lab)
    store = lab.unit.root / "var/lib/yoke"
    with lab.client.entered():
        held = socket.create_connection((WEB, 80), timeout=10)
    assert is_answered_on(held)
    with traffic.Traffic(lab.client, WEB, at_once=2, pause=0.01) as clients:
        lab.unit.mgmt.terminate()
        damaged = store / "damaged"
        damaged.mkdir()
        (store / "config.db").write_bytes(b"not a database" * 1000)
        refused = lab.unit.namespace.run(unit.PROGRAMS / "yoke-mgmt", "--root", lab.unit.root,
                                         check=False)
        assert refused.returncode and "E-504" in refused.stderr
        assert "request restore FILE" in refused.stderr
        for left in store.glob("config.db*"):
            left.rename(damaged / left.name)
        lab.unit.start_mgmt()
        waiting.until(lambda: any("E-461" in str(row) for row in lab.unit.show("log")), "it is told")
        assert lab.unit.status()["revision"] == before, "what runs goes on"
        lab.unit.yoke("-c", f"request restore {file}", "-c", "commit")
        lab.unit.until_mgmt_is_in_charge()
    assert clients.requests and not traffic.failed(clients.requests)
    assert is_answered_on(held), "a connection of before lives on"
    held.close()
    assert revision(lab) == 1 and "web" in lab.unit.yoke("export").stdout
    shutil.rmtree(damaged)


def test_a_restore_can_be_confirmed_like_any_commit(lab):
    before = revision(lab)
    file = make(lab)
    lab.unit.commit("set pool spare")
    # By its name, as `show backup` lists it.
    lab.unit.yoke("-c", f"request restore {file.name}", "-c", "commit confirm 1s")
    waiting.until(lambda: revision(lab) == before + 3, "it is undone", 15)
    assert "spare" in lab.unit.yoke("diff", str(before)).stdout
    lab.unit.commit("delete pool spare")


def test_a_database_of_the_release_before_restores(lab, tmp_path):
    """As its README told how to back it up: sqlite3 config.db ".backup copy.db"."""
    live = lab.unit.root / "var/lib/yoke/config.db"
    old = tmp_path / "copy.db"
    subprocess.run(["sqlite3", live, f".backup {old}"], check=True)
    document = json.dumps(lab.unit.manage("config")["document"]).replace("'", "''")
    with contextlib.closing(sqlite3.connect(old)) as database:
        database.executescript(
            f"UPDATE revision SET document = '{document}';"
            "ALTER TABLE revision DROP COLUMN epoch; ALTER TABLE revision DROP COLUMN chain;"
            "DROP TABLE tentative; DROP TABLE branch; DROP TABLE branch_revision;"
            "ALTER TABLE revision DROP COLUMN unit;"
            "ALTER TABLE revision DROP COLUMN changes_back;"
            "ALTER TABLE revision DROP COLUMN changes_from;"
            "ALTER TABLE revision DROP COLUMN document_digest;"
            "DROP TABLE unconfirmed; DROP TABLE scheduled; PRAGMA user_version = 1")
    before = revision(lab)
    lab.unit.commit("delete vip web")
    lab.unit.yoke("-c", f"request restore {old}", "-c", "commit")
    assert lab.unit.yoke("diff", str(before)).stdout == ""
    lab.unit.until_servers("up")


@pytest.mark.parametrize("damage, id", [
    (lambda bytes: bytes[:-100], "E-513"),
    (lambda bytes: bytes[:5000] + b"?" + bytes[5001:], "E-513"),
    (lambda bytes: b"# set pool web\n" + bytes, "E-511"),
    (lambda bytes: bytes.replace(b'"yoke-backup":1', b'"yoke-backup":9', 1), "E-512")])
def test_what_is_no_whole_backup_is_refused_and_nothing_changes(lab, tmp_path, damage, id):
    before = revision(lab)
    bad = tmp_path / "bad.backup"
    bad.write_bytes(damage(make(lab).read_bytes()))
    done = lab.unit.yoke("-c", f"request restore {bad}", "-c", "commit", check=False)
    assert done.returncode != 0 and id in done.stderr, done
    assert revision(lab) == before


def test_it_is_sent_and_what_arrives_is_whole(lab, server):
    file = make(lab, "to", server.url)
    assert server.names() == [file.name]
    assert (server.folder / file.name).read_bytes() == file.read_bytes()
    expect_whole(server.folder / file.name, revision(lab))
    assert backups(lab)[0]["sent"] is True


def test_a_place_that_is_not_there_is_told_and_the_file_is_kept(lab, server):
    server.stop()
    done = lab.unit.yoke("request", "backup", "to", server.url, check=False)
    assert done.returncode == 1 and "E-516" in done.stderr, done
    assert "see that the machine is there" in done.stderr
    assert backups(lab)[0]["sent"] is False and "E-516" not in backups(lab)[0]["file"]
    assert not alarm_stands(lab), "whoever asked was told; no schedule failed"


def test_a_schedule_whose_place_is_away_goes_on_here_and_raises_an_alarm(lab):
    server = remote.Sftp(lab.unit)
    lab.unit.commit(f"set backup schedule 1m keep 9 to {server.url}")
    try:
        waiting.until(lambda: alarm_stands(lab), "the alarm", 60)
        made = {row["file"] for row in backups(lab)}
        lab.unit.yoke("request", "backup")
        assert alarm_stands(lab), "one that somebody asks for is not the schedule's"
        server.start()
        waiting.until(lambda: not alarm_stands(lab), "the alarm ends with the next of it", 90)
        assert set(server.names()) - made, "which was made, and is there"
        assert set(server.names()) & made, "with the one that waited"
    finally:
        server.stop()
        lab.unit.commit("delete backup")


def test_an_unknown_machine_is_sent_nothing(lab, server):
    before = server.names()
    server.forget_host() if isinstance(server, remote.Sftp) else server.forget_authority()
    done = lab.unit.yoke("request", "backup", "to", server.url, check=False)
    assert done.returncode == 1 and "E-516" in done.stderr, done
    assert "known_hosts" in done.stderr
    assert server.names() == before


def test_a_wrong_password_is_told(lab):
    server = remote.Https(lab.unit)
    server.start()
    server.refuse_password()
    done = lab.unit.yoke("request", "backup", "to", server.url, check=False)
    server.stop()
    assert done.returncode == 1 and "E-516" in done.stderr and "401" in done.stderr, done


def test_commits_go_on_while_a_backup_is_made(lab):
    with traffic.Traffic(lab.client, WEB, at_once=2, pause=0.01) as flow:
        for weight in range(2, 12):
            started = lab.unit.manage("backup")["id"]
            lab.unit.commit(f"set pool web server 10.9.0.21:80 weight {weight}")
            state = waiting.until(
                lambda: lab.unit.manage("backup_state")["state"] in ("done", "failed") and
                lab.unit.manage("backup_state"), "it is made")
            assert state["id"] == started and state["error"] is None
            expect_whole(lab.unit.root / "var/lib/yoke/backup" / state["file"], state["revision"])
    assert not traffic.failed(flow.requests)
    lab.unit.commit("set pool web server 10.9.0.21:80 weight 1")


def made_long_ago(lab, server, count):
    """As many as if a schedule had made them long ago, and nothing else anywhere."""
    folder = lab.unit.root / "var/lib/yoke/backup"
    make(lab)  # the folder is there
    for left in (*folder.iterdir(), *server.folder.iterdir()):
        left.unlink()
    made = []
    for file in [make(lab) for _ in range(count)]:
        made.append(file.rename(folder / file.name.replace("-20", "-19", 1)))
        (folder / f"{made[-1].name}.note").write_text("scheduled\n", encoding="ascii")
    return made


def restart_with(lab, command):
    lab.unit.commit(command)
    lab.unit.mgmt.kill()
    lab.unit.start_mgmt()


def test_by_schedule_they_are_made_sent_and_rotated(lab, server):
    made_long_ago(lab, server, 3)
    restart_with(lab, f"set backup schedule 1h keep 2 to {server.url}")
    waiting.until(lambda: len(backups(lab)) == 2 and all(row["sent"] for row in backups(lab)),
                  "two are kept and sent", 60)
    assert server.names() == sorted(row["file"] for row in backups(lab))
    for _ in range(3):
        lab.unit.yoke("request", "backup")
    assert [bool(row["sent"]) for row in backups(lab)] == [False, False, True, True], \
        "those asked for are kept here, and push out none of the schedule's"
    assert len(server.names()) == 2, "nor there"
    lab.unit.commit("delete backup")


def test_one_that_is_there_already_is_replaced(lab, server):
    """The answer to the last time was lost."""
    file, = made_long_ago(lab, server, 1)
    (server.folder / file.name).write_bytes(b"half of it")
    restart_with(lab, f"set backup schedule 1h to {server.url}")
    waiting.until(lambda: all(row["sent"] for row in backups(lab)), "it is sent", 60)
    assert (server.folder / file.name).read_bytes() == file.read_bytes()
    assert not alarm_stands(lab)
    lab.unit.commit("delete backup")


def test_by_sftp_it_is_for_its_owner_alone(lab):
    server = remote.Sftp(lab.unit)
    server.start()
    file = make(lab, "to", f"{server.url}/of%20this/unit")
    server.stop()
    sent = server.folder / "of this/unit" / file.name
    assert sent.read_bytes() == file.read_bytes()
    assert sent.stat().st_mode & 0o777 == 0o600
    assert sent.parent.stat().st_mode & 0o777 == 0o700
    shutil.rmtree(server.folder / "of this")


def test_a_redirection_is_not_taken_for_an_answer(lab):
    server = remote.Https(lab.unit)
    server.start()
    done = lab.unit.yoke("request", "backup", "to", server.moved_url, check=False)
    server.stop()
    assert done.returncode == 1 and "E-516" in done.stderr and "301" in done.stderr, done
    assert backups(lab)[0]["sent"] is False
