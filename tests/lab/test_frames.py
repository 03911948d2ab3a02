# SPDX-License-Identifier: Apache-2.0
"""Frames that no well-behaved client sends: each is answered, punted or dropped for a reason, and
counted."""

import pytest

import frames
import topology
import waiting
from frames import ETHERTYPE_ARP, ETHERTYPE_IPV4, ETHERTYPE_IPV6, ICMP, ICMPV6, TCP, UDP

CLIENT4, CLIENT6 = "10.9.0.10", "2001:db8:9::10"
VIP4, VIP6 = topology.NAT4, topology.NAT6


@pytest.fixture(scope="module")
def wire(lab):
    made = frames.Wire(lab.client)
    yield made
    made.close()


@pytest.fixture(scope="module")
def unit_mac(lab):
    return lab.unit.counters()["ports"][0]["mac"]


def arp_reply_for(wanted):
    return lambda frame: frame[12:14] == b"\x08\x06" and frame[20:22] == b"\0\2" and \
        frame[28:32] == frames.packed(wanted)


@pytest.mark.smoke
@pytest.mark.parametrize("address", (topology.NAT4, topology.DSR4))
def test_arp_for_a_vip_is_answered_with_the_ports_address(wire, unit_mac, address):
    wire.send(frames.ethernet("ff:ff:ff:ff:ff:ff", wire.mac, ETHERTYPE_ARP,
                              frames.arp_request(wire.mac, CLIENT4, address)))
    reply = wire.receive(arp_reply_for(address))
    assert reply is not None
    assert reply[22:28] == frames.mac(unit_mac) and reply[6:12] == frames.mac(unit_mac)


def test_arp_for_another_address_is_not_answered_by_the_unit(wire, unit_mac):
    wire.send(frames.ethernet("ff:ff:ff:ff:ff:ff", wire.mac, ETHERTYPE_ARP,
                              frames.arp_request(wire.mac, CLIENT4, "10.9.0.77")))
    assert wire.receive(arp_reply_for("10.9.0.77"), seconds=0.5) is None


@pytest.mark.smoke
@pytest.mark.parametrize("address", (topology.NAT6, topology.DSR6))
def test_a_neighbor_solicitation_for_a_vip_is_answered(wire, unit_mac, address):
    tail = frames.packed(address)[-3:]
    group = "ff02::1:ff" + tail.hex()[:2] + ":" + tail.hex()[2:]
    message = frames.neighbor_solicitation(CLIENT6, group, address, wire.mac)
    wire.send(frames.ethernet("33:33:ff:" + tail.hex(":"), wire.mac, ETHERTYPE_IPV6,
                              frames.ipv6(CLIENT6, group, ICMPV6, message, hops=255)))
    reply = wire.receive(lambda frame: frame[12:14] == b"\x86\xdd" and frame[54] == 136 and
                         frame[62:78] == frames.packed(address))
    assert reply is not None
    assert reply[80:86] == frames.mac(unit_mac)


def good_frames(source_mac, unit_mac):
    """One well-formed frame of every protocol, by name."""
    def to_unit(ethertype, payload):
        return frames.ethernet(unit_mac, source_mac, ethertype, payload)

    def v4(protocol, payload, **more):
        return to_unit(ETHERTYPE_IPV4, frames.ipv4(CLIENT4, VIP4, protocol, payload, **more))

    def v6(protocol, payload):
        return to_unit(ETHERTYPE_IPV6, frames.ipv6(CLIENT6, VIP6, protocol, payload))

    solicitation = frames.neighbor_solicitation(CLIENT6, VIP6, VIP6, source_mac)
    return {
        "arp": to_unit(ETHERTYPE_ARP, frames.arp_request(source_mac, CLIENT4, VIP4)),
        "tcp": v4(TCP, frames.tcp(CLIENT4, VIP4, 7001, 80)),
        "tcp with options": v4(TCP, frames.tcp(CLIENT4, VIP4, 7002, 80, payload=bytes(40)),
                               options=b"\1" * 40),
        "udp": v4(UDP, frames.udp(CLIENT4, VIP4, 7003, 53, b"question")),
        "icmp echo": v4(ICMP, frames.icmp_echo()),
        "tcp over ipv6": v6(TCP, frames.tcp(CLIENT6, VIP6, 7004, 80)),
        "udp over ipv6": v6(UDP, frames.udp(CLIENT6, VIP6, 7005, 53, b"question")),
        "icmpv6 echo": v6(ICMPV6, frames.icmpv6_echo(CLIENT6, VIP6)),
        "neighbor solicitation": to_unit(ETHERTYPE_IPV6, frames.ipv6(
            CLIENT6, VIP6, ICMPV6, solicitation, hops=255)),
    }


PROTOCOLS = tuple(good_frames("02:00:00:00:00:01", "02:00:00:00:00:02"))


def accounted(unit):
    """rx and taken over on one side, every outcome on the other, over all workers."""
    workers = unit.counters()["workers"]
    came = sum(worker["rx"] + worker["taken_over"] for worker in workers)
    went = sum(worker[way] for worker in workers
               for way in ("tx", "replied", "punted", "handed_over"))
    return came, went + sum(sum(worker["drops"].values()) for worker in workers)


def send_all(unit, wire, some_frames):
    """Sends them and waits until every one is accounted for."""
    before, _ = accounted(unit)
    for frame in some_frames:
        wire.send(frame)

    def all_seen():
        came, went = accounted(unit)
        return came >= before + len(some_frames) and came == went

    waiting.until(all_seen, f"{len(some_frames)} frames are accounted for")


@pytest.mark.smoke
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_every_truncation_is_counted_and_harms_nobody(lab, wire, unit_mac, protocol):
    whole = good_frames(wire.mac, unit_mac)[protocol]
    send_all(lab.unit, wire, [whole[:length] for length in range(14, len(whole))])
    assert lab.unit.dataplane.exit_status is None


def bad_frames(source_mac, unit_mac):
    """(frame, the reason it must be dropped for), by what is wrong with it."""
    def v4(source, protocol, payload, target=VIP4, mac=unit_mac, **more):
        return frames.ethernet(mac, source_mac, ETHERTYPE_IPV4,
                               frames.ipv4(source, target, protocol, payload, **more))

    def v6(source, protocol, payload, target=VIP6, **more):
        return frames.ethernet(unit_mac, source_mac, ETHERTYPE_IPV6,
                               frames.ipv6(source, target, protocol, payload, **more))

    syn, syn6 = frames.tcp(CLIENT4, VIP4, 7100, 80), frames.tcp(CLIENT6, VIP6, 7100, 80)
    cut, cut6 = syn[:13], syn6[:13]
    other_port = frames.tcp(CLIENT4, VIP4, 7100, 81)
    return {
        "a TCP header cut short": (v4(CLIENT4, TCP, cut), "truncated"),
        "a TCP header cut short, IPv6": (v6(CLIENT6, TCP, cut6), "truncated"),
        "more length than bytes": (v4(CLIENT4, TCP, syn, length=1400), "truncated"),
        "more length than bytes, IPv6": (v6(CLIENT6, TCP, syn6, length=1400), "truncated"),
        "IP version 5": (v4(CLIENT4, TCP, syn, version=5), "bad-header"),
        "IP version 5 as IPv6": (v6(CLIENT6, TCP, syn6, version=5), "bad-header"),
        "a header of 4 words": (v4(CLIENT4, TCP, syn, header_words=4), "bad-header"),
        "a TCP header of 3 words": (v4(CLIENT4, TCP, frames.tcp(CLIENT4, VIP4, 7100, 80, words=3)),
                                    "bad-header"),
        "a wrong header checksum": (v4(CLIENT4, TCP, syn, sum=0x1234), "bad-checksum"),
        "a loopback source": (v4("127.0.0.1", TCP, syn), "martian"),
        "a multicast source": (v4("224.0.0.1", TCP, syn), "martian"),
        "a broadcast source": (v4("255.255.255.255", TCP, syn), "martian"),
        "its own target as source": (v4(VIP4, TCP, syn), "martian"),
        "a loopback source, IPv6": (v6("::1", TCP, syn6), "martian"),
        "a multicast source, IPv6": (v6("ff02::1", TCP, syn6), "martian"),
        "a first fragment": (v4(CLIENT4, TCP, syn, offset=0x2000), "fragment"),
        "a later fragment": (v4(CLIENT4, TCP, syn, offset=0x0010), "fragment"),
        "a fragment header, IPv6": (v6(CLIENT6, 44, bytes([TCP, 0, 0, 1, 0, 0, 0, 1]) + syn6),
                                    "fragment"),
        "an extension header": (v6(CLIENT6, 0, bytes([TCP, 0, 1, 4, 0, 0, 0, 0]) + syn6),
                                "extension"),
        "a TTL of 1": (v4(CLIENT4, TCP, syn, ttl=1), "ttl"),
        "a hop limit of 1": (v6(CLIENT6, TCP, syn6, hops=1), "ttl"),
        "another protocol": (v4(CLIENT4, 47, bytes(20)), "protocol"),
        "a port without a service": (v4(CLIENT4, TCP, other_port), "no-service"),
        "a connection nobody has opened": (v4(CLIENT4, TCP, frames.tcp(
            CLIENT4, VIP4, 7101, 80, flags=frames.ACK)), "no-flow"),
        "somebody else's frame": (v4(CLIENT4, TCP, syn, mac="02:00:00:00:00:99"), "other-mac"),
    }


FAULTS = tuple(bad_frames("02:00:00:00:00:01", "02:00:00:00:00:02"))


@pytest.mark.smoke
@pytest.mark.parametrize("fault", FAULTS)
def test_a_bad_frame_is_dropped_for_its_reason(lab, wire, unit_mac, fault):
    frame, reason = bad_frames(wire.mac, unit_mac)[fault]
    before = lab.unit.drops()
    send_all(lab.unit, wire, [frame] * 3)
    after = lab.unit.drops()
    assert after[reason] - before[reason] == 3, {
        name: after[name] - before[name] for name in after if after[name] != before[name]}


def test_other_traffic_goes_to_the_kernel_and_is_counted(lab, wire, unit_mac):
    def punted():
        return sum(worker["punted"] for worker in lab.unit.counters()["workers"])

    before = punted()
    send_all(lab.unit, wire, [frames.ethernet(unit_mac, wire.mac, 0x88CC, bytes(46))] * 2)
    assert punted() >= before + 2


def test_random_bytes_harm_nobody(lab, wire, unit_mac):
    import random
    source = random.Random(1)
    some = []
    for length in [*range(14, 200), 512, 1024, 1514]:
        for ethertype in (ETHERTYPE_IPV4, ETHERTYPE_IPV6, ETHERTYPE_ARP):
            some.append(frames.ethernet(unit_mac, wire.mac, ethertype,
                                        source.randbytes(length - 14)))
    send_all(lab.unit, wire, some)
    assert lab.unit.dataplane.exit_status is None


@pytest.mark.smoke
def test_show_worker_accounts_for_every_packet(lab):
    def even():
        rows = lab.unit.show("worker")
        return rows and all(
            row["rx"] + row["taken_over"] == row["tx"] + row["replied"] + row["punted"] +
            row["handed_over"] + sum(row["drops"].values()) for row in rows)

    waiting.until(even, "rx + taken_over = tx + replied + punted + handed_over + drops")
