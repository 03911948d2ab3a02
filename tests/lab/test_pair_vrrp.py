# SPDX-License-Identifier: Apache-2.0
"""Beside the pair a stock keepalived on the same VRID: it watches while one of the units is there,
stands in for both, and hands back."""

import json

import pytest

import waiting
from namespace import Namespace
from pair import Pair

VRID = 51
VIPS = {4: "10.9.0.100", 6: "2001:db8:9::100"}


@pytest.fixture(scope="module", name="pair")
def _pair():
    with Pair() as pair:
        pair.start()
        yield pair


def instance(family, addresses):
    listed = "\n".join(f"    {address}" for address in addresses)
    return f"""
vrrp_instance v{family} {{
  state BACKUP
  interface eth0
  virtual_router_id {VRID}
  priority 50
  advert_int 1
  virtual_ipaddress {{
{listed}
  }}
}}
"""


class Keepalived:
    def __init__(self, pair, folder):
        self.place = Namespace("standin")
        pair.switch.plug(self.place)
        self.place.ip("addr add 10.9.0.9/24 dev eth0")
        self.place.ip("addr add 2001:db8:9::9/64 dev eth0 nodad")
        config = folder / "keepalived.conf"
        config.write_text("global_defs {\n  vrrp_version 3\n  router_id standin\n}\n" +
                          instance(4, [VIPS[4]]) + instance(6, ["fe80::9:100", VIPS[6]]),
                          encoding="ascii")
        config.chmod(0o600)
        waiting.until(lambda: "tentative" not in self.place.ip("-6 addr show dev eth0") and
                      "fe80" in self.place.ip("-6 addr show dev eth0"), "its address is there", 10)
        self.process = self.place.start(
            "standin", "keepalived", "--dont-fork", "--vrrp", "--log-console", "--log-detail",
            "--use-file", config, "--pid", folder / "pid", "--vrrp_pid", folder / "vrrp_pid")

    def has(self, vip):
        shown = json.loads(self.place.ip("-j addr show dev eth0"))
        return any(address.get("local") == vip
                   for interface in shown for address in interface.get("addr_info", []))

    def has_all(self):
        return all(self.has(vip) for vip in VIPS.values())

    def has_none(self):
        return not any(self.has(vip) for vip in VIPS.values())

    def log(self):
        return self.process.log.read_text(encoding="utf-8", errors="replace")


@pytest.fixture(scope="module", name="standin")
def _standin(pair, tmp_path_factory):
    for unit in pair.units:  # of IPv6, adverts come from the link-local address
        waiting.until(lambda unit=unit: "fe80" in unit.namespace.ip("-6 addr show dev eth0") and
                      "tentative" not in unit.namespace.ip("-6 addr show dev eth0"), "fe80", 20)
    for unit in pair.units:
        groups = [{"name": "", "vrid": VRID, "vips": [VIPS[4], "fe80::9:100", VIPS[6]]}]
        unit.call("configure", **unit.settings(groups=groups))
    pair.until_settled()
    keepalived = Keepalived(pair, tmp_path_factory.mktemp("standin"))
    yield keepalived
    keepalived.process.kill()
    keepalived.place.remove()


def test_it_watches_stands_in_and_hands_back(pair, standin):
    active = pair.until_settled()
    standin.process.until(lambda: standin.log().count("BACKUP STATE") >= 2, "it is BACKUP")
    # Longer than it would wait for a master that is not there; and through a takeover.
    with pytest.raises(waiting.Late):
        waiting.until(lambda: not standin.has_none(), "(must not be)", seconds=4)
    active.process.kill()
    waiting.until(lambda: pair.other(active).role() == "ALONE", "the other takes over", 20)
    with pytest.raises(waiting.Late):
        waiting.until(lambda: not standin.has_none(), "(must not be)", seconds=4)
    # The last one ends as it should, and says so.
    assert pair.other(active).process.terminate() == 0
    waiting.until(standin.has_all, "it stands in for both", 15)
    pair.start()
    waiting.until(standin.has_none, "it hands back", 30)
    pair.until_settled(40)
    assert standin.has_none()
    assert "nvalid" not in standin.log() and "ncorrect" not in standin.log(), standin.log()


def test_it_stands_in_for_two_that_died_without_a_word(pair, standin):
    pair.until_settled(40)
    for unit in pair.units:
        unit.process.kill()
    waiting.until(standin.has_all, "it stands in for both", 15)
    pair.start()
    waiting.until(standin.has_none, "it hands back", 30)
    assert pair.until_settled(40)


def test_one_that_outranks_us_is_alarmed_and_left_alone(pair, standin):
    """A stand-in that was given the higher priority keeps what it has."""
    pair.until_settled(40)
    for unit in pair.units:
        unit.process.kill()
    waiting.until(standin.has_all, "it stands in for both", 15)
    for unit in pair.units:
        groups = [{"name": "", "vrid": VRID, "priority": 20, "vips": [VIPS[4]]}]
        unit.write_settings(groups=groups)
    pair.start()
    waiting.until(lambda: any("foreign-claim" in unit.group().get("alarms", [])
                              for unit in pair.units), "it is told", 20)
    with pytest.raises(waiting.Late):
        waiting.until(lambda: pair.active(), "(must not be)", seconds=4)
    for unit in pair.units:
        unit.call("configure", **unit.settings())
    pair.until_settled(40)
    assert not standin.has(VIPS[4])
