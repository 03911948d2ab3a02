# SPDX-License-Identifier: Apache-2.0
"""Who may open flows at a VIP, and how many: lists and limits, with real clients and servers."""

import contextlib
import socket
import time

import pytest

import topology
import traffic
import waiting
from test_impact import ask, impact

CLIENT4, CLIENT6 = "10.9.0.10", "2001:db8:9::10"
# A second client on the client's machine, whom no list of these tests names.
OTHER4, OTHER6 = "10.9.0.15", "2001:db8:9:0:1::15"
HTTP = ("web", "web6", "direct", "direct6")
SWEEP_S = 15  # flows that lists refuse end within a turn of the sweep, 4 s; on a busy machine more


@pytest.fixture(scope="module", autouse=True)
def other_client(lab):
    lab.client.ip(f"addr add {OTHER4}/24 dev eth0")
    lab.client.ip(f"addr add {OTHER6}/64 dev eth0 nodad")


@pytest.fixture(autouse=True)
def as_it_was(lab):
    before = lab.unit.show("status")[0]["revision"]
    yield
    lab.unit.yoke("rollback", str(before))
    lab.unit.until_servers("up")


def client_of(name, other=False):
    family = topology.EVERYTHING[name][1]
    return {(4, False): CLIENT4, (6, False): CLIENT6, (4, True): OTHER4, (6, True): OTHER6}[
        family, other]


def curl(lab, name, other=False, seconds=1):
    """Whose answer it is; empty where there is none."""
    return lab.client.run("curl", "-sS", "--max-time", seconds, "--interface",
                          client_of(name, other), f"http://{topology.vip(name)}/",
                          check=False).stdout.strip()


def dig(lab, name, other=False):
    """Whether the question is answered."""
    return lab.client.run("dig", "+short", "+tries=1", "+time=1", "-b", client_of(name, other),
                          f"@{topology.vip(name, brackets=False)}", "server.lab.test", "TXT",
                          check=False).returncode == 0


def refused(lab, name):
    return lab.unit.show("traffic", name)[0]["refused"]


def ping(lab, name, other=False):
    said = lab.client.run("ping", "-c", 1, "-W", 1, "-I", client_of(name, other),
                          topology.vip(name, brackets=False), check=False).stdout
    return " 1 received" in said


@pytest.mark.parametrize("name", HTTP)
def test_who_is_denied_gets_nothing_and_others_do(lab, name):
    lab.unit.commit(f"set list bad prefix {CLIENT4} {CLIENT6}", f"set vip {name} deny bad")
    before = lab.unit.drops()["denied"]
    assert curl(lab, name) == ""
    assert curl(lab, name, other=True).startswith("server")
    assert refused(lab, name)["denied"] > 0
    assert lab.unit.drops()["denied"] > before
    lab.unit.commit(f"delete list bad prefix {client_of(name)}")
    assert curl(lab, name, seconds=5).startswith("server")


@pytest.mark.parametrize("name", HTTP)
def test_with_an_allow_list_others_are_refused_and_deny_wins(lab, name):
    lab.unit.commit(f"set list good prefix {OTHER4} {OTHER6}", f"set vip {name} allow good")
    assert curl(lab, name) == ""
    assert curl(lab, name, other=True).startswith("server")
    assert refused(lab, name)["not-allowed"] > 0
    lab.unit.commit(f"set vip {name} deny good")
    assert curl(lab, name, other=True) == ""


@pytest.mark.parametrize("name", ("dns", "dns6", "direct-dns", "direct-dns6"))
def test_datagrams_as_well(lab, name):
    assert dig(lab, name)
    lab.unit.commit(f"set list bad prefix {CLIENT4} {CLIENT6}", f"set vip {name} deny bad")
    assert dig(lab, name, other=True)
    # What was open before the commit ends with the sweep.
    waiting.until(lambda: not dig(lab, name), "it is refused", SWEEP_S)
    assert refused(lab, name)["denied"] > 0


def test_a_ping_is_answered_unless_every_vip_at_the_address_refuses(lab):
    lab.unit.commit(f"set list bad prefix {CLIENT4}", "set vip web deny bad")
    assert ping(lab, "web"), "vip dns has the same address"
    lab.unit.commit("set vip dns deny bad")
    assert not ping(lab, "web")
    assert ping(lab, "web", other=True)


@contextlib.contextmanager
def connections(lab, name, other, count=6):
    with contextlib.ExitStack() as stack:
        with lab.client.entered():
            opened = [stack.enter_context(
                socket.create_connection((topology.vip(name, brackets=False), 80), 5,
                                         (client_of(name, other), 0))) for _ in range(count)]
        for connection in opened:
            connection.settimeout(0.5)
        assert None not in [ask(connection) for connection in opened]
        yield opened


def answered(opened):
    return sum(1 for connection in opened if ask(connection) is not None)


@pytest.mark.parametrize("name", HTTP)
def test_a_list_that_changes_ends_flows_of_those_it_refuses_and_no_others(lab, name):
    lab.unit.commit("set list bad", f"set vip {name} deny bad")
    change = f"set list bad prefix {client_of(name)}"
    with connections(lab, name, False) as denied, connections(lab, name, True) as others:
        assert impact(lab, change) == {(f"vip {name}", "cut"): len(denied)}
        lab.unit.commit(change)
        waiting.until(lambda: answered(denied) == 0, "they are cut", SWEEP_S)
        assert answered(others) == len(others)
    assert curl(lab, name, other=True).startswith("server")


@pytest.mark.parametrize("name", HTTP)
def test_no_more_flows_are_open_than_may_be(lab, name):
    with connections(lab, name, False) as opened:
        lab.unit.commit(f"set vip {name} max-flows {len(opened)}")
        assert curl(lab, name) == ""
        assert answered(opened) == len(opened)
        assert refused(lab, name)["vip-limit"] > 0
        row = waiting.until(
            lambda: next((row for row in lab.unit.show("alarm") if row["alarm"] == "vip-limited"
                          and row["subject"] == name and row["state"] == "raised"), None),
            "the alarm is raised", 20)
        assert row["next"] == f"show traffic {name}"
    lab.unit.commit(f"delete vip {name} max-flows")
    assert curl(lab, name, seconds=5).startswith("server")


@pytest.mark.parametrize("name", HTTP)
@pytest.mark.parametrize("setting, reason", [("new-flow-rate", "vip-rate"),
                                             ("client-new-flow-rate", "client-rate")])
def test_new_flows_a_second_are_no_more_than_may_be(lab, name, setting, reason):
    rate = 20
    lab.unit.commit(f"set vip {name} {setting} {rate}"
                    f"{' client-prefix-length 128' if '6' in name else ''}")
    before = lab.unit.show("traffic", name)[0]["flows_created"]
    began = time.monotonic()
    with traffic.Traffic(lab.client, topology.vip(name, brackets=False), at_once=40):
        waiting.until(lambda: time.monotonic() - began > 4, "four seconds of traffic", 10, 0.1)
        opened = lab.unit.show("traffic", name)[0]["flows_created"] - before
        took = time.monotonic() - began
    assert rate <= opened <= rate * (took + 1) * 1.01 + 1, (opened, took)
    assert refused(lab, name)[reason] > 0
    if setting.startswith("client"):
        assert curl(lab, name, other=True, seconds=5).startswith("server")


def many(count):
    """Set-commands of so many prefixes, of both families, none of which is the lab's."""
    lines = []
    for i in range(0, count, 100):
        prefixes = [f"11.{j >> 16}.{j >> 8 & 255}.{j & 255}/32" if j % 2 else
                    f"2001:db9:{j >> 16:x}:{j & 65535:x}::/64" for j in range(i, i + 100)]
        lines.append("set list bad prefix " + " ".join(prefixes))
    return lines


@pytest.mark.deadline(300)
def test_as_many_prefixes_as_a_list_holds_are_applied_from_a_file(lab):
    exported = lab.unit.yoke("export").stdout
    lines = [*many(99_900), *(f"set vip {name} deny bad" for name in HTTP)]
    began = time.monotonic()
    said = lab.unit.yoke("apply", "-", standard_input=exported + "\n".join(lines) + "\n",
                         seconds=200)
    print(f"99,900 prefixes applied in {time.monotonic() - began:.1f} s: {said.stderr.strip()}")
    for name in HTTP:
        assert curl(lab, name, seconds=5).startswith("server")
    began = time.monotonic()
    lab.unit.commit("set vip dns idle-timeout 99s")
    print(f"a row elsewhere committed in {time.monotonic() - began:.2f} s")
    began = time.monotonic()
    lab.unit.commit(f"set list bad prefix {CLIENT4} {CLIENT6}")
    print(f"two more prefixes of it committed in {time.monotonic() - began:.2f} s")
    for name in HTTP:
        waiting.until(lambda name=name: curl(lab, name) == "", "it is refused", SWEEP_S)
        assert curl(lab, name, other=True, seconds=5).startswith("server")
    # The same file once more is no change.
    lab.unit.commit(f"delete list bad prefix {CLIENT4} {CLIENT6}",
                    "delete vip dns idle-timeout")
    said = lab.unit.yoke("apply", "-", standard_input=exported + "\n".join(lines) + "\n",
                         seconds=200)
    assert "no change" in (said.stdout + said.stderr).lower()


def test_more_prefixes_than_a_list_holds_are_refused_at_the_commit(lab):
    exported = lab.unit.yoke("export").stdout
    lines = "\n".join(many(100_100))
    said = lab.unit.yoke("apply", "-", standard_input=f"{exported}{lines}\n", check=False,
                         seconds=200)
    assert said.returncode and "E-208" in said.stderr and "100000" in said.stderr, said
