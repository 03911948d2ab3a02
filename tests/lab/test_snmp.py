# SPDX-License-Identifier: Apache-2.0
"""The unit by SNMP: Net-SNMP's snmpd beside it, its tools as those who ask, all on the loopback
interface of the unit's namespace."""

import pathlib
import re

import pytest

import topology
import traffic
import unit as units
import waiting

REPOSITORY = pathlib.Path(__file__).parents[2]
AGENT = "udp:127.0.0.1:16161"
TRAPS = "udp:127.0.0.1:16162"
UP, DOWN = "1", "2"
NO_INSTANCE = "No Such Instance currently exists at this OID"
NO_OBJECT = "No Such Object available on this agent at this OID"
MANAGEMENT = "yokeUnitManagement.0"
ANSWERING, AWAY = "1", "2"


class Snmp:
    """snmpd, snmptrapd and yoke-snmp, and questions to the first."""

    def __init__(self, unit):
        self.unit = unit
        self.folder = unit.root / "snmp"
        self.folder.mkdir()
        self.socket = self.folder / "agentx"
        self.own = {"SNMP_PERSISTENT_DIR": str(self.folder / "state"),
                    "SNMPCONFPATH": str(self.folder), "MIBS": "",
                    "MIBDIRS": f"{REPOSITORY}/tests/unit/snmp/mibs:{REPOSITORY}/mgmt/snmp"}
        (self.folder / "snmpd.conf").write_text(
            f"agentaddress {AGENT}\nrocommunity public 127.0.0.1\nmaster agentx\n"
            "rwcommunity writer 127.0.0.1\n"
            f"agentXSocket {self.socket}\ntrap2sink {TRAPS.removeprefix('udp:')} public\n",
            encoding="ascii")
        self.traps = unit.namespace.start(
            "snmptrapd", "snmptrapd", "-f", "-Lo", "-C", "--disableAuthorization=yes", "-m",
            "YOKE-MIB", "-p", self.folder / "trapd.pid", TRAPS, environment=self.own)
        self.traps.until(lambda: ":16162" in unit.namespace.run("ss", "-Hlun").stdout, "it listens")
        self.start_agent()
        self.subagent = None
        self.start_subagent()

    def start_agent(self):
        self.agent = self.unit.namespace.start(
            "snmpd", "snmpd", "-f", "-Lo", "-C", "-c", self.folder / "snmpd.conf", "-p",
            self.folder / "snmpd.pid", environment=self.own)
        self.agent.until(lambda: "STRING" in self.ask("get", "1.3.6.1.2.1.1.1.0", "-On"),
                         "it answers")

    def start_subagent(self):
        self.subagent = self.unit.namespace.start(
            "yoke-snmp", units.PROGRAMS / "yoke-snmp", "--root", self.unit.root, "--agentx",
            self.socket, environment=units.LEAKS_OF_OTHERS)

    def ask(self, how, what, *words):
        """What snmpget, snmpwalk... print; values alone, enumerations as numbers."""
        environment = [f"{name}={value}" for name, value in self.own.items()]
        return self.unit.namespace.run(
            "env", *environment, f"snmp{how}", "-v2c", "-c", "public", "-t", "3", "-r", "2", "-m",
            "YOKE-MIB", *(words or ("-OqvUe",)), AGENT, what, check=False).stdout

    def has_none(self, what):
        """There is nothing of it, and snmpd says so: no error, no silence."""
        said = self.ask("walk", f"YOKE-MIB::{what}")
        return said.startswith(("No Such", "No more"))

    def get(self, what):
        return self.ask("get", f"YOKE-MIB::{what}").strip().strip('"')

    def walk(self, what, how="bulkwalk"):
        """Values of a column, in the order of their names."""
        return [line.strip('"') for line in self.ask(how, f"YOKE-MIB::{what}").splitlines()
                if not line.startswith(("No Such", "No more"))]

    def until(self, what, value, seconds=30):
        waiting.until(lambda: self.get(what) == value, f"{what} is {value}, not {self.get(what)}",
                      seconds, every=0.1)

    def trapped(self, what, *words):
        """A trap of this kind with all these words, in the log of snmptrapd."""
        text = self.traps.log.read_text(encoding="utf-8", errors="replace")
        return any(f"YOKE-MIB::{what}" in line and all(word in line for word in words)
                   for line in text.splitlines())


@pytest.fixture(scope="module")
def snmp(lab):
    made = Snmp(lab.unit)
    lab.unit.commit("set snmp enabled yes")
    made.until("yokeUnitName.0", "lb-a")
    yield made
    assert made.subagent.terminate() == 0, made.subagent.tail()
    for process in (made.agent, made.traps):
        process.kill()
    lab.unit.commit("delete snmp")


def instance(row):
    """Of yokeServerTable: the name of this server, which has an IPv4 address."""
    address, port = row["server"].split(":")
    name = row["pool"].encode()
    return ".".join(map(str, [len(name), *name, 1, 4, *address.split("."), port]))


@pytest.mark.smoke
def test_values_are_those_that_show_has(lab, snmp):
    with lab.client.entered():
        for _ in range(20):
            assert not traffic.ask(topology.vip("web")).error
    status = lab.unit.show("status")[0]
    for name, key in (("Name", "unit"), ("Version", "version"), ("Revision", "revision"),
                      ("RevisionRunning", "revision_running"), ("Vips", "vips"),
                      ("VipsUp", "vips_up"), ("Servers", "servers"), ("ServersUp", "servers_up"),
                      ("ServersDown", "servers_down"), ("FlowsCapacity", "flows_capacity"),
                      ("Alarms", "alarms_standing")):
        snmp.until(f"yokeUnit{name}.0", str(status[key]))
    assert (snmp.get(MANAGEMENT), snmp.get("yokeUnitDataPlane.0")) == (ANSWERING, "1")
    assert int(snmp.get("yokeUnitDataPlaneUptime.0")) <= lab.unit.show("status")[0][
        "dataplane_uptime_s"]

    vips = {row["name"]: row for row in lab.unit.show("vip")}
    assert len(snmp.walk("yokeVipState")) == len(vips)
    for name, row in vips.items():
        assert snmp.get(f'yokeVipState."{name}"') == UP
        assert snmp.get(f'yokeVipPool."{name}"') == row["pool"]
        assert snmp.get(f'yokeVipServers."{name}"') == str(row["servers"])
        assert snmp.get(f'yokeVipServersUp."{name}"') == str(row["servers_up"])
    assert snmp.get('yokeVipPort."web"') == "80"
    assert snmp.get('yokeVipProtocol."web"') == "6"
    assert snmp.get('yokeVipAddressType."web"') == "1"
    assert snmp.get('yokeVipAddress."web"').split() == ["0A", "09", "00", "64"]
    for key, name in (("flows_created", "FlowsCreated"), ("packets_in", "PacketsIn"),
                      ("packets_out", "PacketsOut"), ("bytes_in", "BytesIn"),
                      ("bytes_out", "BytesOut")):
        shown = lab.unit.show("traffic", "web")[0][key]
        assert shown > 0
        snmp.until(f'yokeVip{name}."web"', str(shown))


def test_servers_ports_and_drops_are_there(lab, snmp):
    servers = lab.unit.show("server")
    assert snmp.walk("yokeServerState") == [UP] * len(servers)
    assert len(snmp.walk("yokeServerCheck")) == len(servers)
    for row in servers:
        if not row["server"].startswith("["):
            assert snmp.get(f"yokeServerWeight.{instance(row)}") == str(row["weight"])
    ports = lab.unit.show("interface")
    assert len(snmp.walk("yokePortLink")) == len(ports)
    for row in ports:
        assert snmp.get(f'yokePortLink."{row["name"]}"') == UP
        received = f'yokePortRxPackets."{row["name"]}"'
        waiting.until(lambda: int(snmp.get(received)) >= row["rx_packets"] > 0, received, 20)
    reasons = {reason for row in lab.unit.show("worker") for reason in row["drops"]}
    assert len(snmp.walk("yokeDropPackets")) == len(reasons)


def test_walks_of_every_kind_see_the_same_and_nothing_can_be_set(lab, snmp):
    def names(how):
        text = snmp.ask(how, "1.3.6.1.4.1.32473", "-On")
        return re.findall(r"^(\.[\d.]+) =", text, re.M)

    walked = names("walk")
    assert walked == names("bulkwalk") and len(walked) > 100
    numbers = [tuple(map(int, name[1:].split("."))) for name in walked]
    assert numbers == sorted(numbers)
    refused = lab.unit.namespace.run("snmpset", "-v2c", "-c", "writer", AGENT,
                                     "1.3.6.1.4.1.32473.1.1.1.2.0", "s", "x", check=False)
    assert "notWritable" in refused.stderr, "by the subagent: snmpd itself would let a writer"
    assert snmp.get("yokeUnitNoSuch.0") == ""
    assert NO_OBJECT in snmp.ask("get", "1.3.6.1.4.1.32473.1.1.1.99.0")
    assert NO_INSTANCE in snmp.ask("get", "1.3.6.1.4.1.32473.1.1.1.2.7")


@pytest.mark.smoke
def test_a_server_that_dies_changes_its_state_and_sends_a_trap(lab, snmp):
    row = next(row for row in lab.unit.show("server") if row["server"] == "10.9.0.22:80"
               and row["pool"] == "web")
    lab.server("server2").stop()
    try:
        snmp.until(f"yokeServerState.{instance(row)}", DOWN)
        waiting.until(lambda: snmp.trapped("yokeAlarmRaised", "server-down", "web", "10.9.0.22:80"),
                      "a trap", 20)
        standing = [alarm for alarm in lab.unit.show("alarm") if alarm["state"] == "raised"]
        waiting.until(lambda: len(snmp.walk("yokeAlarmKind")) == len(standing), "a row each", 20)
        assert sorted(snmp.walk("yokeAlarmText")) == sorted(a["text"] for a in standing)
        assert sorted(snmp.walk("yokeAlarmNext")) == sorted(a["next"] or "" for a in standing)
        assert all(re.match(r"20\d\d-\d+-\d+,.*\+0:0$", when) for when in snmp.walk("yokeAlarmSince"))
        assert not snmp.trapped("yokeAlarmCleared", "server-down", "10.9.0.22:80")
    finally:
        lab.server("server2").start()
    snmp.until(f"yokeServerState.{instance(row)}", UP)
    waiting.until(lambda: snmp.trapped("yokeAlarmCleared", "server-down", "web", "10.9.0.22:80"),
                  "another trap", 20)
    waiting.until(lambda: not snmp.walk("yokeAlarmKind"), "no row", 20)


def test_snmpd_that_is_restarted_has_it_all_again(snmp):
    snmp.agent.kill()
    waiting.until(lambda: "no snmpd that takes subagents" in snmp.subagent.tail(), "told once", 20)
    snmp.start_agent()
    snmp.until("yokeUnitName.0", "lb-a")
    assert snmp.subagent.exit_status is None
    assert snmp.subagent.tail(200).count("no snmpd that takes subagents") <= 2


@pytest.mark.deadline(180)
def test_without_a_management_plane_nothing_old_is_told_and_with_it_all_is_back(lab, snmp):
    snmp.until(MANAGEMENT, ANSWERING)
    lab.unit.mgmt.kill()
    snmp.until(MANAGEMENT, AWAY)
    assert snmp.get("yokeUnitName.0") == NO_INSTANCE
    for column in ("yokeVipState", "yokeServerState", "yokePortLink", "yokeAlarmKind"):
        waiting.until(lambda column=column: snmp.has_none(column), f"nothing of {column}", 20)
    lab.unit.start_mgmt()
    lab.unit.until_mgmt_is_in_charge()
    snmp.until("yokeUnitName.0", "lb-a")
    snmp.until('yokeVipState."web"', UP)


@pytest.mark.deadline(180)
def test_a_management_plane_that_hangs_holds_snmpd_up_for_a_moment_alone(lab, snmp):
    lab.unit.mgmt.pause()
    try:
        snmp.until(MANAGEMENT, AWAY)
        assert "STRING" in snmp.ask("get", "1.3.6.1.2.1.1.1.0", "-On")
        assert "32473.1.1.1.1.0" in snmp.ask("walk", "1.3.6.1.4.1.32473", "-On")
    finally:
        lab.unit.mgmt.resume()
    snmp.until("yokeUnitName.0", "lb-a")


@pytest.mark.smoke
def test_switched_off_there_is_no_such_object_until_it_is_on_again(lab, snmp):
    lab.unit.commit("set snmp enabled no")
    waiting.until(lambda: snmp.has_none("yokeMIB"), "nothing of it", 20)
    assert NO_OBJECT in snmp.get("yokeUnitName.0")
    connected = lab.unit.namespace.run("ss", "-Hxp").stdout
    assert str(snmp.socket) not in connected
    assert snmp.subagent.exit_status is None
    lab.unit.commit("set snmp enabled yes")
    snmp.until("yokeUnitName.0", "lb-a")


def test_words_that_make_no_sense_are_refused(lab):
    def run(*words):
        done = lab.unit.namespace.run(units.PROGRAMS / "yoke-snmp", *words, check=False)
        return done.returncode, done.stdout + done.stderr

    for words in (("--no-such",), ("--root",), ("word",), ("--agentx", "")):
        status, said = run(*words)
        assert status == 2 and "[E-112]" in said, words
    assert run("--version")[0] == 0 and "--agentx" in run("--help")[1]
