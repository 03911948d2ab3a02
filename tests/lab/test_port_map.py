# SPDX-License-Identifier: Apache-2.0
"""Which device is the port called wan, by configuration: the data plane starts by it alone.

The unit has two cables to the switch, eth0 and eth1; its board file says that wan is eth0. Tests
follow each other: each leaves to the next what it says at its end.
"""

import socket

import pytest

import topology
import traffic
import waiting

FIRST, SECOND = "af_packet:eth0", "af_packet:eth1"


@pytest.fixture(scope="module")
def lab():
    with topology.Lab(device=FIRST) as made:
        unit = made.unit
        made.switch.plug(unit.namespace, interface="eth1", port="unit-second")
        unit.namespace.sysctl("ipv6/conf/eth1/disable_ipv6", 1)
        unit.namespace.sysctl("ipv4/conf/eth1/arp_ignore", 8)
        unit.namespace.sysctl("ipv4/conf/eth1/rp_filter", 1)
        unit.start()
        made.configure_everything()
        yield made
        unit.stop()


def written(lab):
    """The data plane's port map; "" while there is none."""
    file = lab.unit.root / "var/lib/yoke/ports.conf"
    return file.read_text(encoding="utf-8") if file.exists() else ""


def alarms(lab):
    return {row["alarm"]: row for row in lab.unit.show("alarm") if row["state"] == "raised"}


def until_alarms(lab, *wanted):
    """Waits until of those about ports just these stand; all that stand."""
    waiting.until(lambda: {name for name in alarms(lab) if name.startswith("port-")} ==
                  set(wanted), f"of ports there are {wanted or 'no alarms'}")
    return alarms(lab)


def wan(lab):
    return next(row for row in lab.unit.show("port") if row["name"] == "wan")


def restart_dataplane(lab):
    assert lab.unit.dataplane.terminate() == 0, lab.unit.dataplane.tail()
    lab.unit.start_dataplane()
    # Another card, another MAC address: who knew the old one asks anew.
    for host in (lab.client, *(server.namespace for server in lab.servers)):
        host.ip("neigh flush dev eth0")


def answers(lab):
    lab.unit.until_mgmt_is_in_charge()
    assert not traffic.failed(
        traffic.Traffic(lab.client, topology.vip("web", brackets=False), 100).wait())


def set_switch(lab, port, state):
    lab.switch.namespace.ip(f"link set {port} {state}")


def test_what_is_committed_waits_for_the_data_planes_next_start(lab):
    said = lab.unit.yoke("-c", f"set port wan device {SECOND}", "-c", "diff", "-c", "commit").stdout
    assert "port wan: from the data plane's next start on" in said
    waiting.until(lambda: f"device = {SECOND}" in written(lab), "the file is written")
    assert "systemctl restart yoke-dataplane" in until_alarms(lab, "port-map-pending")[
        "port-map-pending"]["text"]
    row = wan(lab)
    assert (row["device"], row["from"], row["state"]) == (FIRST, "board", "pending"), row
    assert row["configured"] == SECOND
    answers(lab)


def test_the_data_plane_starts_by_it_with_nobody_to_ask(lab):
    assert lab.unit.mgmt.terminate() == 0
    restart_dataplane(lab)
    set_switch(lab, "unit", "down")
    # Its own addresses are on the twin, as the board file says, and the twin is behind eth1.
    lab.client.run("ping", "-c", "1", "-w", "10", "10.9.0.2")
    lab.unit.start_mgmt()
    answers(lab)
    until_alarms(lab)
    row = wan(lab)
    assert (row["device"], row["from"], row["state"]) == (SECOND, "configuration", "in use"), row
    set_switch(lab, "unit", "up")


def test_a_commit_that_is_not_confirmed_goes_from_the_file_too(lab):
    lab.unit.yoke("-c", "delete port wan", "-c", "commit confirm 5m")
    waiting.until(lambda: SECOND not in written(lab), "the file is the candidate's")
    until_alarms(lab, "port-map-pending")
    lab.unit.yoke("reject")
    waiting.until(lambda: f"device = {SECOND}" in written(lab), "the file is what was before")
    until_alarms(lab)


@pytest.mark.parametrize("device, said", [
    ("vdev:net_null0", "E-102"), ("eth1", "E-102"), ("pci:01:00.0", "E-102")])
def test_what_no_port_is_made_of_is_refused(lab, device, said):
    refused = lab.unit.yoke("-c", f"set port wan device {device}", "-c", "commit", check=False)
    assert refused.returncode == 2 and said in refused.stderr, refused


def test_one_device_is_no_two_ports(lab):
    refused = lab.unit.yoke("-c", "set port lan device af_xdp:eth1", "-c", "commit", check=False)
    assert "E-248" in refused.stderr, refused


def test_a_device_that_is_not_there_leaves_the_board_files(lab):
    lab.unit.commit("set port wan device af_packet:eth9")
    assert "eth9 is not on this machine" in until_alarms(lab, "port-map-pending")[
        "port-map-pending"]["text"]
    restart_dataplane(lab)
    alarm = until_alarms(lab, "port-not-as-configured")["port-not-as-configured"]
    assert "there is no interface eth9" in alarm["text"] and alarm["subject"] == "wan", alarm
    row = wan(lab)
    assert (row["device"], row["from"], row["state"]) == (FIRST, "board", "not as configured"), row
    answers(lab)


def test_a_device_that_does_not_open_leaves_the_board_files(lab):
    lab.unit.commit(f"set port wan device {SECOND}")
    waiting.until(lambda: f"device = {SECOND}" in written(lab), "the file is written")
    with lab.unit.namespace.entered(), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as claim:
        claim.bind("\0yoke/port/eth1")  # as another yoke-dataplane would
        restart_dataplane(lab)
    alarm = until_alarms(lab, "port-not-as-configured")["port-not-as-configured"]
    assert "did not start with the configured ports" in alarm["text"], alarm
    assert wan(lab)["device"] == FIRST
    answers(lab)
    restart_dataplane(lab)
    until_alarms(lab)
    assert wan(lab)["device"] == SECOND


@pytest.mark.parametrize("text, said", [
    ("[port-map]\nversion = 2\n", "version 2"), ("[port.wan]\ndev", "ports.conf"), ("", "cut short")])
def test_a_file_that_makes_no_sense_leaves_the_board_files(lab, text, said):
    # yoke-mgmt writes it anew at its start, with what is committed.
    assert lab.unit.mgmt.terminate() == 0
    (lab.unit.root / "var/lib/yoke/ports.conf").write_text(text, encoding="utf-8")
    restart_dataplane(lab)
    lab.unit.start_mgmt()
    alarm = until_alarms(lab, "port-map-pending", "port-not-as-configured")
    assert said in alarm["port-not-as-configured"]["text"], alarm
    waiting.until(lambda: f"device = {SECOND}" in written(lab), "the file is written anew")
    answers(lab)
    restart_dataplane(lab)
    until_alarms(lab)
    answers(lab)
