# SPDX-License-Identifier: Apache-2.0
"""Every kind of traffic through every kind of VIP."""

import hashlib
import pathlib
import re

import pytest

import server
import topology
import traffic

HTTP = ("web", "web6", "direct", "direct6")
DNS = ("dns", "dns6", "direct-dns", "direct-dns6")
ALL_SERVERS = {"server1", "server2", "server3"}


@pytest.mark.smoke
@pytest.mark.parametrize("name", HTTP)
def test_curl_is_answered_by_every_server(lab, name):
    answers = {lab.client.run("curl", "-sS", "--max-time", "5",
                              f"http://{topology.vip(name)}/").stdout.strip() for _ in range(40)}
    assert answers == ALL_SERVERS


def sources(lab, name, port):
    """What servers take clients of this VIP for."""
    return {lab.client.run("curl", "-sS", "--max-time", "5",
                           f"http://{topology.vip(name)}:{port}/from").stdout.strip()
            for _ in range(40)}


@pytest.mark.parametrize("name, addresses", [
    ("web", {"10.9.0.240", "10.9.0.241"}),
    ("web6", {"2001:db8:9::240", "2001:db8:9::241"})])
def test_vips_share_the_source_addresses_of_a_snat_pool(lab, name, addresses):
    lab.unit.commit(f"set snat-pool out {','.join(sorted(addresses))}",
                    f"set vip {name} snat-pool out",
                    f"set vip second {topology.vip(name)}:8080/tcp pool {name} snat-pool out")
    assert sources(lab, name, 80) == sources(lab, name, 8080) == addresses
    lab.unit.commit("delete vip second", f"delete vip {name} snat-pool", "delete snat-pool out")
    assert sources(lab, name, 80) == {topology.vip(name, brackets=False)}


@pytest.mark.parametrize("name, seconds", [("web", 10), ("direct", 10), ("web6", 3),
                                           ("direct6", 3)])
def test_wrk_with_64_connections_sees_no_socket_error(lab, name, seconds):
    said = lab.client.run("wrk", "-c64", "-t2", f"-d{seconds}s",
                          f"http://{topology.vip(name)}/").stdout
    assert "Socket errors" not in said, said
    assert "Non-2xx" not in said, said
    assert int(re.search(r"(\d+) requests in", said)[1]) > 0, said


@pytest.mark.parametrize("name", HTTP)
def test_a_download_of_100_mb_arrives_whole(lab, name):
    expected = server.make_big_file()
    arrived = pathlib.Path("/run/lab/arrived")
    lab.client.run("curl", "-sS", "--max-time", "60", "-o", arrived,
                   f"http://{topology.vip(name)}/big")
    assert hashlib.sha256(arrived.read_bytes()).hexdigest() == expected
    arrived.unlink()


@pytest.mark.smoke
@pytest.mark.parametrize("size", (0, 56, 1400))
@pytest.mark.parametrize("name", ("web", "web6", "direct", "direct6"))
def test_a_vip_answers_ping(lab, name, size):
    said = lab.client.run("ping", "-c", 3, "-i", 0.2, "-W", 2, "-s", size,
                          topology.vip(name, brackets=False)).stdout
    assert " 3 received" in said, said


@pytest.mark.smoke
@pytest.mark.parametrize("address", ("10.9.0.2", "2001:db8:9::2"))
def test_the_units_own_address_answers_ping_through_its_twin(lab, address):
    said = lab.client.run("ping", "-c", 3, "-i", 0.2, "-W", 2, address).stdout
    assert " 3 received" in said, said


@pytest.mark.smoke
@pytest.mark.parametrize("name", DNS)
def test_dns_over_udp_is_answered_by_every_server(lab, name):
    answers = {lab.client.run("dig", "+short", "+tries=1", "+time=2",
                              f"@{topology.vip(name, brackets=False)}", "server.lab.test", "TXT"
                              ).stdout.strip().strip('"') for _ in range(40)}
    assert answers == ALL_SERVERS


# Of 3,000. In nat the scheduler holds servers to their shares; in dsr a hash alone decides, which is
# (3000 * 1/3 * 2/3) ** 0.5 = 26 connections from even as its standard deviation: five of them.
FROM_EVEN = {"nat": 50, "dsr": 130}


@pytest.mark.parametrize("name", HTTP)
def test_3000_connections_spread_evenly(lab, name):
    requests = traffic.Traffic(lab.client, topology.vip(name, brackets=False), 3000).wait()
    assert not traffic.failed(requests)
    method, *_ = topology.EVERYTHING[name]
    for count in traffic.per_server(requests).values():
        assert abs(count - 1000) <= FROM_EVEN[method], traffic.per_server(requests)


def test_weights_1_2_3_are_shares_of_new_connections(lab):
    weights = {each.endpoint(4): number for number, each in enumerate(lab.servers, 1)}
    lab.unit.commit(*(f"set pool web server {name} weight {weight}"
                      for name, weight in weights.items()))
    requests = traffic.Traffic(lab.client, topology.NAT4, 3000).wait()
    lab.unit.commit(*(f"set pool web server {name} weight 1" for name in weights))
    assert not traffic.failed(requests)
    counts = traffic.per_server(requests)
    for number, each in enumerate(lab.servers, 1):
        assert abs(counts[each.name] - 500 * number) <= 0.1 * 500 * number, counts


def syns_sent_again(namespace):
    names, numbers = (line.split() for line in namespace.run("cat", "/proc/net/netstat").stdout
                      .splitlines() if line.startswith("TcpExt:"))
    return int(numbers[names.index("TCPSynRetrans")])


def test_flows_and_packets_are_counted_for_vip_and_server(lab):
    before = {row["server"]: row["flows_created"] for row in lab.unit.show("pool", "web")}
    sent_again = syns_sent_again(lab.client)
    requests = traffic.Traffic(lab.client, topology.NAT4, 300).wait()
    sent_again = syns_sent_again(lab.client) - sent_again
    counts = traffic.per_server(requests)
    after = {row["server"]: row["flows_created"] for row in lab.unit.show("pool", "web")}
    opened = {each.name: after[each.endpoint(4)] - before[each.endpoint(4)]
              for each in lab.servers}
    assert all(counts[name] <= opened[name] for name in opened), (counts, opened)
    # A SYN that is sent again after its flow was reset opens a flow of its own.
    assert sum(opened.values()) - sum(counts.values()) <= sent_again, (counts, opened)
