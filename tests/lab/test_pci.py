# SPDX-License-Identifier: Apache-2.0
"""PCI ports, in virtual machines: vfio-pci behind an IOMMU, with cards of two kinds. Everything is
emulated, so nothing here says how fast it is."""

import hashlib
import pathlib

import pytest

import guest
import server
import topology
import traffic

CARDS = {"virtio": "virtio-net-pci,disable-legacy=on,iommu_platform=on", "e1000e": "e1000e"}
HTTP = ("web", "web6", "direct", "direct6")
WHY_NOT = guest.why_not()
pytestmark = [pytest.mark.skipif(bool(WHY_NOT), reason=WHY_NOT or "-"), pytest.mark.deadline(400)]


@pytest.fixture(scope="module", name="net", params=CARDS)
def _net(request, bare_lab):
    """The lab with such a unit in it, all servers up."""
    # Without hardware's speed checks need more time.
    commands = [line.replace(topology.CHECK_PACE, "interval 1s timeout 900ms")
                for name in topology.EVERYTHING for line in bare_lab.commands(name)]
    unit = guest.Guest(bare_lab.unit.namespace, CARDS[request.param], commands)
    try:
        unit.until_servers_are_up(len(bare_lab.servers) * len(topology.EVERYTHING))
        bare_lab.guest = unit
        yield bare_lab
    finally:
        unit.stop()
        guest.split_port_and_tap(bare_lab.unit.namespace)


def test_every_server_answers_by_every_way(net):
    for name in HTTP:
        with net.client.entered():
            answers = [traffic.ask(topology.vip(name, brackets=False)) for _ in range(60)]
        assert not [answer.error for answer in answers if answer.error], name
        assert len({answer.server for answer in answers}) == 3, name


@pytest.mark.parametrize("name", ("web", "direct6"))
def test_a_large_download_arrives_whole(net, name):
    expected = server.make_big_file()
    arrived = pathlib.Path("/run/lab/arrived")
    net.client.run("curl", "-sS", "--max-time", 300, "-o", arrived,
                   f"http://{topology.vip(name)}/big", seconds=320)
    assert hashlib.sha256(arrived.read_bytes()).hexdigest() == expected
    arrived.unlink()


@pytest.mark.parametrize("name", ("web", "web6"))
def test_the_vip_and_the_units_own_address_answer_ping(net, name):
    own = "10.9.0.2" if name == "web" else "2001:db8:9::2"
    for address in (topology.vip(name, brackets=False), own):
        said = net.client.run("ping", "-c", 3, "-i", 0.2, "-W", 5, address).stdout
        assert " 3 received" in said, said


@pytest.mark.parametrize("name", ("dns", "dns6"))
def test_dns_over_udp_is_answered(net, name):
    done = net.client.run("dig", "+short", "+time=5", "+tries=1", "server.lab.test", "TXT",
                          f"@{topology.vip(name, brackets=False)}")
    assert done.stdout.strip().strip('"') in {each.name for each in net.servers}


def test_the_card_is_driven_by_dpdk_and_the_iommu_has_nothing_to_say(net):
    port = net.guest.last("interface")[0]
    assert port["driver"] in ("net_virtio", "net_e1000_em", "net_e1000_igb"), port
    assert port["link"] == "up" and port["rx_packets"] and port["tx_packets"]
    assert "DMAR" not in net.guest.says(), "the card used memory that it was not given"
