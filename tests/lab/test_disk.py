# SPDX-License-Identifier: Apache-2.0
"""A disk that takes no writes: the unit forwards, checks and shows; a commit is refused with what
to do, and taken once the disk is mended, without a restart."""

import contextlib

import pytest

import disk as disks
import topology
import traffic
import unit as units
import waiting

WEB = topology.vip("web")


def refused_commit(lab, id):
    """Many records: a log may have room for a few."""
    before = lab.unit.manage("config", candidate=False)
    many = [f"set vip many{number} 10.9.1.{number}:80/tcp pool web" for number in range(1, 200)]
    words = [word for command in (*many, "commit") for word in ("-c", command)]
    done = lab.unit.yoke(*words, check=False)
    assert done.returncode == 1 and id in done.stderr and "config.db" in done.stderr, done
    assert lab.unit.manage("config", candidate=False) == before
    assert lab.unit.status()["revision"] == before["revision"]
    return done.stderr


def alarm_stands(lab):
    return any(row["alarm"] == "store-unwritable" and row["state"] == "raised"
               for row in lab.unit.show("alarm"))


def expect_managed(lab):
    """All that needs no writing goes on."""
    assert lab.unit.show("vip") and lab.unit.show("history")
    victim = lab.servers[0]
    name = ("web", victim.endpoint(4))
    victim.break_health()
    lab.unit.until_servers("down", [name])
    victim.break_health(False)
    lab.unit.until_servers("up", [name])
    with lab.client.entered():
        assert not traffic.ask(WEB).error


def expect_commits(lab):
    before = lab.unit.show("status")[0]["revision"]
    lab.unit.commit("set vip many1 10.9.1.1:80/tcp pool web")
    lab.unit.commit("delete vip many1")
    status = lab.unit.show("status")[0]
    assert status["revision"] == before + 2 and status["store_error"] is None
    lab.unit.mgmt.kill()
    lab.unit.start_mgmt()
    lab.unit.until_mgmt_is_in_charge()
    assert lab.unit.show("status")[0]["revision"] == before + 2


@pytest.fixture
def disk(lab):
    with disks.small_disk(lab) as small:
        yield small


def test_a_full_disk_refuses_a_commit_and_loses_nothing(lab, disk):
    disk.fill()
    assert "free some" in refused_commit(lab, "E-503")
    expect_managed(lab)
    disk.free()
    expect_commits(lab)


@pytest.mark.parametrize("breaks, id, way", [
    (disks.Disk.fill, "E-503", "free some"),
    (disks.Disk.forbid_writing, "E-502", "remount")])
@pytest.mark.parametrize("end", ("kill", "terminate"))
def test_a_start_on_a_disk_that_takes_no_writes_manages_nevertheless(lab, disk, breaks, id, way,
                                                                     end):
    lab.unit.commit("set vip web idle-timeout 11m")  # in the log alone, if it is killed
    revision = lab.unit.show("status")[0]["revision"]
    getattr(lab.unit.mgmt, end)()
    breaks(disk)
    lab.unit.start_mgmt()
    lab.unit.until_mgmt_is_in_charge()
    assert lab.unit.show("status")[0]["revision"] == revision
    assert lab.unit.manage("config")["document"]["vip"]["web"]["idle-timeout"] == "11m"
    if (end, id) != ("kill", "E-503"):  # there, the log that was left has the room it needs
        waiting.until(lambda: alarm_stands(lab), "the alarm")
        assert id in lab.unit.mgmt.tail() and way in lab.unit.mgmt.tail()
        assert id in lab.unit.show("status")[0]["store_error"]
        said = [row["text"] for row in lab.unit.show("alarm") if row["alarm"] == "event-log-failed"]
        assert all(way in text for text in said), said
        assert way in lab.unit.yoke("show", "status").stdout
    assert way in refused_commit(lab, id)
    expect_managed(lab)
    second = lab.unit.namespace.run(units.PROGRAMS / "yoke-mgmt", "--root", lab.unit.root,
                                    check=False)
    assert second.returncode == 1 and "E-506" in second.stderr, second
    disk.mend()
    lab.unit.commit("set vip web idle-timeout 0s")
    waiting.until(lambda: not alarm_stands(lab), "the alarm ends")
    expect_commits(lab)


def test_a_disk_that_was_mended_is_noticed_before_somebody_commits(lab, disk):
    lab.unit.mgmt.terminate()
    disk.forbid_writing()
    lab.unit.start_mgmt()
    lab.unit.until_mgmt_is_in_charge()
    waiting.until(lambda: alarm_stands(lab), "the alarm")
    disk.mend()
    waiting.until(lambda: not alarm_stands(lab), "the alarm ends", 45)
    assert lab.unit.show("status")[0]["store_error"] is None
    expect_commits(lab)


def remove(file, _):
    file.unlink()


def cut_to_nothing(file, _):
    file.write_bytes(b"")


def put_an_older_one(file, older):
    file.write_bytes(older)


@pytest.mark.parametrize("damage, left, says", [
    (remove, None, "is gone"), (cut_to_nothing, b"", "cut short"),
    (put_an_older_one, "older", "is not what it was")])
def test_what_comes_back_in_its_place_is_not_what_runs(lab, disk, damage, left, says):
    """An empty disk where the store was, a file cut to nothing, and yesterday's store."""
    file = disk.folder / "config.db"
    lab.unit.mgmt.terminate()
    older = file.read_bytes()
    lab.unit.start_mgmt()
    lab.unit.until_mgmt_is_in_charge()
    expect_commits(lab)
    lab.unit.mgmt.terminate()
    whole = disk.files()
    disk.forbid_writing()
    lab.unit.start_mgmt()
    lab.unit.until_mgmt_is_in_charge()
    revision = lab.unit.show("status")[0]["revision"]
    disk.mend()
    damage(file, older)
    done = lab.unit.yoke("-c", "set vip web idle-timeout 13m", "-c", "commit", check=False)
    assert done.returncode and "config.db" in done.stderr and says in done.stderr, done
    assert lab.unit.show("status")[0]["revision"] == revision
    assert lab.unit.status()["revision"] == revision, "the data plane as well"
    assert says in lab.unit.show("status")[0]["store_error"]
    assert (file.read_bytes() if file.exists() else None) == (older if left == "older" else left)
    expect_managed(lab)
    for name, data in whole.items():
        name.write_bytes(data)
    expect_commits(lab)


@contextlib.contextmanager
def in_error(lab):
    with disks.failing_disk(lab) as (disk, mend):
        if disk is None:
            pytest.skip("no loop devices here")
        yield disk, mend


def test_a_disk_that_the_kernel_found_in_error_is_no_damaged_store(lab):
    with in_error(lab) as (disk, mend):
        revision = lab.unit.show("status")[0]["revision"]
        lab.unit.mgmt.terminate()
        disk.fail()
        lab.unit.start_mgmt()
        lab.unit.until_mgmt_is_in_charge()
        status = lab.unit.show("status")[0]
        assert status["revision"] == revision and "E-502" in status["store_error"]
        assert "fsck" in status["store_error"] and "damaged" not in lab.unit.mgmt.tail()
        mend()
        assert lab.unit.show("status")[0]["store_error"] is None


def test_a_disk_that_fails_under_a_unit_that_runs_is_told(lab):
    with in_error(lab) as (disk, mend):
        disk.fail()
        done = lab.unit.yoke("-c", "set vip web idle-timeout 11m", "-c", "commit", check=False)
        assert done.returncode == 1 and "E-50" in done.stderr, done
        waiting.until(lambda: alarm_stands(lab), "the alarm")
        assert "fsck" in lab.unit.show("status")[0]["store_error"]
        mend()
        waiting.until(lambda: not alarm_stands(lab), "it ends")
