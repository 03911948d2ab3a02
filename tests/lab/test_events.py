# SPDX-License-Identifier: Apache-2.0
"""What the unit tells of itself: alarms, the event log, the status line that a person sees first."""

import re
import sqlite3
import stat

import pytest

import waiting

SERVER = "10.9.0.22:80"


def alarms(lab, state="raised"):
    return [row for row in lab.unit.show("alarm") if row["state"] == state]


def of_kind(rows, kind):
    return [row for row in rows if row.get("alarm", row.get("event")) == kind]


def until_alarm(lab, kind, stands=True, subject=None):
    def standing():
        return [row for row in of_kind(alarms(lab), kind) if subject in (None, row["subject"])]

    waiting.until(lambda: bool(standing()) == stands, f"alarm {kind} stands: {stands}", 20)
    return standing()[0] if stands else None


@pytest.mark.smoke
def test_a_server_that_dies_is_an_alarm_that_names_what_to_type_until_it_is_back(lab):
    server = lab.server("server2")
    assert not alarms(lab)
    server.stop()
    lab.unit.until_servers("down", [("web", SERVER)])
    # Other pools have the server too, and theirs may be raised before.
    alarm = until_alarm(lab, "server-down", subject=f"web {SERVER}")
    assert "refused" in alarm["text"] and alarm["next"] == f"show check web {SERVER}"
    assert "connection refused" in lab.unit.yoke(*alarm["next"].split()).stdout
    status = lab.unit.yoke("show", "status").stdout
    assert re.search(r"^ALARM +\d\d:\d\d:\d\d server .*down", status, re.M), status
    assert max(map(len, lab.unit.lines_on_screen("show", "status"))) <= 80
    server.start()
    lab.unit.until_servers("up")
    until_alarm(lab, "server-down", stands=False)
    assert of_kind(alarms(lab, "cleared"), "server-down")
    assert "ALARM" not in lab.unit.yoke("show", "status").stdout


def test_a_vip_is_down_only_when_no_server_is_left(lab):
    try:
        for each in lab.servers:
            each.break_health()
        waiting.until(lambda: {"web", "web6", "direct", "direct6"} ==
                      {row["subject"] for row in of_kind(alarms(lab), "vip-down")},
                      "the VIPs whose checks ask for health are down", 20)
    finally:
        for each in lab.servers:
            each.break_health(False)
    until_alarm(lab, "vip-down", stands=False)
    lab.unit.until_servers("up")
    assert of_kind(lab.unit.show("log"), "vip-up")


def test_a_commit_that_waits_is_an_alarm_whose_command_ends_it(lab):
    lab.unit.yoke("-c", "set pool spare", "-c", "commit confirm 10m")
    until_alarm(lab, "commit-waits")
    lab.unit.yoke(*of_kind(alarms(lab), "commit-waits")[0]["next"].split())
    until_alarm(lab, "commit-waits", stands=False)


def test_the_data_plane_away_is_an_alarm(lab):
    lab.unit.dataplane.kill()
    until_alarm(lab, "dataplane-lost")
    assert not of_kind(alarms(lab), "link-down"), "nobody knows of its links"
    lab.unit.start_dataplane()
    until_alarm(lab, "dataplane-lost", stands=False)
    lab.unit.until_servers("up")


# What a unit that is new tells first.
FIRST = ("started", "unit lb-a, revision 0")


def test_the_event_log_has_what_the_journal_has_also_after_kill_9(lab):
    lab.unit.commit("set pool other")
    lab.unit.mgmt.kill()
    lab.unit.start_mgmt()
    lab.unit.until_mgmt_is_in_charge()
    shown = lab.unit.show("log")
    told = re.findall(r"^(?:error|warning|notice|info) ([a-z-]+): (.*?)(?: [A-Z]+=.*)?$",
                      lab.unit.mgmt.log.read_text(encoding="utf-8"), re.M)
    # The journal is also of the units that other tests had before.
    begins = len(told) - 1 - told[::-1].index(FIRST)
    kept = [(row["event"], row["text"]) for row in reversed(shown)]
    assert len(kept) > 10
    assert kept == told[begins:][-1000:]
    assert {row["code"] for row in of_kind(shown, "commit")} == {"V-201"}


def test_the_event_log_is_a_file_of_its_own_and_a_damaged_one_is_put_aside(lab):
    path = lab.unit.root / "var/lib/yoke/events.db"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    lab.unit.mgmt.terminate()
    with sqlite3.connect(path) as database:
        assert database.execute("SELECT event FROM event ORDER BY id DESC").fetchone() == ("stopped",)
    database.close()
    path.write_bytes(b"this was an event log" * 100)
    lab.unit.start_mgmt()
    assert of_kind(lab.unit.show("log"), "event-log-replaced")
    assert path.with_name("events.db.old").read_bytes().startswith(b"this was")
    lab.unit.until_mgmt_is_in_charge()


def test_a_mistake_in_the_board_file_is_an_event_and_no_reason_not_to_manage(lab):
    lab.unit.mgmt.terminate()
    lab.unit.write_board(lab.unit.board().replace("name = lb-a", "name = two words"))
    try:
        lab.unit.start_mgmt()
        told = of_kind(lab.unit.show("log"), "board-file")
        assert told and "two words" in told[0]["text"]
    finally:
        lab.unit.write_board()
        lab.unit.mgmt.terminate()
        lab.unit.start_mgmt()
        lab.unit.until_mgmt_is_in_charge()
    assert lab.unit.show("status")[0]["unit"] == "lb-a"
