# SPDX-License-Identifier: Apache-2.0
"""A commit that nobody confirms is undone on time where it runs, whatever the disk does; the store
follows once it takes writes."""

import contextlib

import pytest

import disk as disks
import topology
import traffic
import waiting

WEB = topology.vip("web")


@contextlib.contextmanager
def full(lab):
    with disks.small_disk(lab) as disk:
        yield disk.fill, disk.free


@contextlib.contextmanager
def in_error(lab):
    with disks.failing_disk(lab) as (disk, mend):
        if disk is None:
            pytest.skip("no loop devices here")
        yield disk.fail, mend


def answers(lab):
    with lab.client.entered():
        return not traffic.ask(WEB).error


def alarms(lab):
    return [row["alarm"] for row in lab.unit.show("alarm") if row["state"] == "raised"]


def refused(lab, *commands):
    words = [word for command in commands for word in ("-c", command)]
    done = lab.unit.yoke(*words, check=False)
    assert done.returncode == 5 and "E-462" in done.stderr, done
    return done.stderr


# Not rejected on a full one: the log, emptied after the first failure, makes room for the next try.
@pytest.mark.parametrize("broken, how", [
    (full, "unconfirmed"), (in_error, "unconfirmed"), (in_error, "reject")])
def test_it_is_undone_where_it_runs_and_in_the_store_when_that_takes_writes(lab, broken, how):
    with broken(lab) as (fail, mend):
        before = lab.unit.show("status")[0]["revision"]
        wait = "5s" if how == "unconfirmed" else "1h"
        lab.unit.yoke("-c", "delete vip web", "-c", f"commit confirm {wait}")
        assert not answers(lab)
        fail()
        if how == "reject":
            refused(lab, "reject")
        waiting.until(lambda: answers(lab), "what was before it runs")
        waiting.until(lambda: "undone-not-stored" in alarms(lab), "the alarm")
        assert "E-462" in lab.unit.show("status")[0]["store_error"]
        assert "not stored yet" in lab.unit.show("history")[0]["note"]
        assert "config.db" in refused(lab, "set vip web idle-timeout 11m", "commit")
        lab.unit.mgmt.kill()
        lab.unit.start_mgmt()
        lab.unit.until_mgmt_is_in_charge()
        waiting.until(lambda: "undone-not-stored" in alarms(lab), "the alarm of the next process")
        assert answers(lab)
        mend()
        waiting.until(lambda: "undone-not-stored" not in alarms(lab), "the store has it")
        newest = lab.unit.show("history")[0]
        assert newest["revision"] == before + 2 and newest["how"] == how, newest
        assert answers(lab) and lab.unit.status()["revision"] == before + 2
        lab.unit.commit("set vip web idle-timeout 11m")
        lab.unit.commit("set vip web idle-timeout 0s")
