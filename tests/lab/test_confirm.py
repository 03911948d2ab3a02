# SPDX-License-Identifier: Apache-2.0
"""Commits that are undone unless somebody confirms them, and revisions gone back to."""

import contextlib
import time

import pytest

import topology
import traffic
import waiting

WEB = topology.vip("web")
LOCKED_OUT = "delete vip web"  # the traffic of whoever typed it ends here


def revision(lab):
    return lab.unit.show("status")[0]["revision"]


def web_answers(lab):
    with lab.client.entered():
        return not traffic.ask(WEB).error


def forwarded(lab):
    return {row["name"] for row in lab.unit.show("vip")}


@contextlib.contextmanager
def as_it_was(lab):
    """Whatever happens, the lab's configuration is there for the tests that follow."""
    before = revision(lab)
    try:
        yield before
    finally:
        if lab.unit.show("status")[0]["unconfirmed"]:
            lab.unit.yoke("reject")
        lab.unit.yoke("rollback", str(before))
        lab.unit.until_servers("up")


@pytest.mark.smoke
def test_a_commit_that_cuts_off_its_author_is_undone_by_itself(lab):
    with as_it_was(lab) as before:
        lab.unit.yoke("-c", LOCKED_OUT, "-c", "commit confirm 2s")
        assert "web" not in forwarded(lab)
        waiting.until(lambda: web_answers(lab), "the VIP is back", 15)
        history = lab.unit.show("history")
        assert history[0]["how"] == "unconfirmed" and history[0]["revision"] == before + 2
        assert lab.unit.show("status")[0]["unconfirmed"] is None


def test_it_is_undone_although_the_management_plane_was_killed_meanwhile(lab):
    with as_it_was(lab):
        lab.unit.yoke("-c", LOCKED_OUT, "-c", "commit confirm 2s")
        assert "web" not in forwarded(lab)
        lab.unit.mgmt.kill()
        lab.unit.start_mgmt()
        waiting.until(lambda: web_answers(lab), "the VIP is back", 15)


def test_it_is_undone_although_both_were_killed_and_the_time_was_up_before_they_returned(lab):
    with as_it_was(lab) as before:
        lab.unit.yoke("-c", LOCKED_OUT, "-c", "commit confirm 1s")
        lab.unit.mgmt.kill()
        lab.unit.dataplane.kill()
        lab.unit.start()
        waiting.until(lambda: revision(lab) == before + 2, "it is undone", 15)
        lab.unit.until_servers("up")
        assert web_answers(lab)


def test_once_confirmed_it_stays_and_no_other_commit_is_taken_before(lab):
    with as_it_was(lab) as before:
        said = lab.unit.yoke("-c", LOCKED_OUT, "-c", "commit confirm 10m").stderr
        assert "undone in 10m" in said
        assert "confirm | reject" in lab.unit.yoke("show", "status").stdout
        other = lab.unit.yoke("-c", "set pool spare", "-c", "commit", check=False)
        assert other.returncode == 5 and "E-455" in other.stderr
        lab.unit.yoke("confirm")
        assert revision(lab) == before + 1
        assert not web_answers(lab)
        assert lab.unit.yoke("confirm", check=False).returncode == 5


def test_rejected_it_is_undone_at_once(lab):
    with as_it_was(lab) as before:
        lab.unit.yoke("-c", LOCKED_OUT, "-c", "commit confirm 10m")
        lab.unit.yoke("reject")
        assert revision(lab) == before + 2
        lab.unit.until_servers("up")
        assert web_answers(lab)


def test_an_old_revision_comes_back_under_traffic_and_cuts_nothing_else(lab):
    with as_it_was(lab) as before:
        lab.unit.commit("set pool web server 10.9.0.21:80 weight 3", "set pool spare")
        with traffic.Traffic(lab.client, topology.vip("direct"), at_once=4, pause=0.005) as flow:
            waiting.until(lambda: len(flow.requests) > 50, "traffic flows")
            lab.unit.yoke("rollback", str(before), "note", "as before")
            enough = len(flow.requests) + 200
            waiting.until(lambda: len(flow.requests) > enough, "traffic flows on")
        assert not traffic.failed(flow.requests)
        history = lab.unit.show("history")
        assert (history[0]["how"], history[0]["note"]) == ("rollback", "as before")
        assert lab.unit.yoke("diff", str(before)).stdout == ""
        assert "spare" in lab.unit.yoke("diff", str(before + 1)).stdout


def test_a_rollback_to_nowhere_is_told(lab):
    done = lab.unit.yoke("rollback", "99999", check=False)
    assert done.returncode == 4 and "E-404" in done.stderr


def schedule(lab, seconds):
    with lab.unit.session() as ask:
        ask("edit", operations=[{"op": "delete", "path": ["vip", "web"]}])
        ask("commit", at_ms=int((time.time() + seconds) * 1000), note="at night")


def test_a_commit_is_made_at_its_time_by_whichever_process_runs_then(lab):
    with as_it_was(lab) as before:
        schedule(lab, 5)
        assert "a commit by root is made at" in lab.unit.yoke("show", "status").stdout
        lab.unit.mgmt.kill()
        killed = int(time.time())
        lab.unit.start_mgmt()
        waiting.until(lambda: "web" not in forwarded(lab), "the commit is made", 15)
        history = lab.unit.show("history")[0]
        assert (history["how"], history["note"]) == ("scheduled", "at night")
        assert history["revision"] == before + 1 and history["when"] >= killed


def test_a_cancelled_commit_is_not_made(lab):
    with as_it_was(lab) as before:
        schedule(lab, 60)
        assert lab.unit.show("status")[0]["scheduled"]
        lab.unit.yoke("cancel")
        assert lab.unit.show("status")[0]["scheduled"] is None
        assert lab.unit.yoke("cancel", check=False).returncode == 5
        assert revision(lab) == before


def test_a_time_is_typed(lab):
    with as_it_was(lab):
        said = lab.unit.yoke("-c", LOCKED_OUT, "-c", "commit at 03:00 confirm 10m").stderr
        assert "1 change to be committed at" in said and "03:00:00" in said
        assert lab.unit.yoke("-c", "set pool spare", "-c", "commit at 04:00",
                             check=False).returncode == 5
        lab.unit.yoke("cancel")


def test_two_people_edit_at_once(lab):
    with as_it_was(lab), lab.unit.session() as ann, lab.unit.session() as bob:
        ann("edit", operations=[{"op": "set", "path": ["pool", "spare"], "fields": {}}])
        bob("edit", operations=[{"op": "set", "path": ["pool", "other"], "fields": {}}])
        bob("commit")
        assert [change["path"] for change in ann("diff")["changes"]] == [["pool", "spare"]]
        ann("lock")
        with pytest.raises(RuntimeError, match="E-412"):
            bob("edit", operations=[{"op": "delete", "path": ["pool", "other"]}])
        ann("commit")
        pools = {row["name"] for row in lab.unit.show("pool")}
        assert {"spare", "other"} <= pools
