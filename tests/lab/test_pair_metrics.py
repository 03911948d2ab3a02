# SPDX-License-Identifier: Apache-2.0
"""What Prometheus scrapes of two whole units is what `show ha` says of them."""

import json
import re
import subprocess
from pathlib import Path

import pytest

import waiting
from managed import Managed, settled
from test_pair_commands import COMMANDS
from whole_units import laid

REPOSITORY = Path(__file__).resolve().parents[2]
METRICS = "127.0.0.1:9110"


@pytest.fixture(scope="module", name="both")
def _both():
    with laid(Managed, ("gauge", "dial")) as (_, (first, second)):
        for unit in (first, second):
            unit.namespace.ip(f"addr add fe80::{unit.number}/64 dev ha0 nodad")
            unit.namespace.ip("link set lo up")
            unit.start_all()
            unit.commit(*COMMANDS)
        settled(first, second)
        settled(first, second)[0].commit(f"set metrics listen {METRICS}")
        yield first, second


def scraped(unit):
    done = unit.namespace.run("curl", "-s", f"http://{METRICS}/metrics", check=False)
    return done.stdout if done.returncode == 0 else ""


def samples(text):
    """By name and labels."""
    return {name: float(value) for name, value in re.findall(r"^(yoke_ha_\S+?(?:\{.*\})?) (\S+)$",
                                                             text, re.MULTILINE)}


def test_each_unit_tells_what_show_ha_tells(both):
    for unit in both:
        waiting.until(lambda unit=unit: "yoke_ha_role" in scraped(unit), "it is scraped", 30)
    waiting.until(lambda: all(samples(scraped(unit)).get(
        'yoke_ha_config_alike{unit="this unit"}') == 1 for unit in both), "they are alike", 30)
    for unit in both:
        got, row = samples(scraped(unit)), unit.ha_row()
        group = '{group="blue"}'
        assert got['yoke_ha_role{group="blue",role="%s"}' % row["role"]] == 1
        assert got["yoke_ha_epoch" + group] == row["epoch"]
        assert got["yoke_ha_lease_held" + group] == (row["role"] == "ACTIVE")
        assert (got["yoke_ha_lease_seconds" + group] > 0) == (row["role"] == "ACTIVE")
        assert got["yoke_ha_jeopardy" + group] == ("jeopardy" in row["alarms"])
        assert got["yoke_ha_role_changes_total" + group] == row["role_changes"]
        assert got["yoke_ha_peer_reachable" + group] == 1
        for reason, count in row["takeovers"].items():
            assert got['yoke_ha_takeovers_total{reason="%s",group="blue"}' % reason] == count
        assert row["takeovers"] or row["role"] != "ACTIVE"
        for way in unit.show("ha", "link"):
            labels = '{channel="%s",interface="%s"}' % (way["way"], way["interface"])
            assert got["yoke_ha_channel_up" + labels] == 1
        for frames in unit.show("ha", "frames"):
            labels = '{stream="%s"}' % frames["stream"]
            assert 0 < got["yoke_ha_frames_taken_total" + labels] <= frames["taken"]
            for reason, count in frames["refused_by"].items():
                name = 'yoke_ha_frames_refused_total{reason="%s",stream="%s"}'
                assert got[name % (reason, frames["stream"])] <= count
        pairing = unit.show("ha", "pairing")[0]
        assert 0 <= got["yoke_ha_key_age_seconds"] <= pairing["key_age_s"]
        assert got['yoke_ha_key_rotation{phase="none"}'] == 1


def test_promtool_and_the_dashboard_know_them(both):
    text = scraped(both[0])
    checked = subprocess.run(["promtool", "check", "metrics"], input=text, text=True,
                             capture_output=True, check=False)
    assert checked.returncode == 0 and not checked.stderr, checked.stderr
    dashboard = json.loads((REPOSITORY / "mgmt/metrics/dashboard.json").read_text(encoding="utf-8"))
    panels = [panel for panel in dashboard["panels"] if panel["title"].startswith("Pair: ")]
    assert panels
    for panel in panels:
        for target in panel["targets"]:
            name = re.search(r"yoke_ha_[a-z_]+", target["expr"]).group()
            assert any(sample.startswith(name) for one in both for sample in samples(scraped(one))), name
