# SPDX-License-Identifier: Apache-2.0
"""Frames as bytes, built from RFCs alone: nothing of the product is asked how one looks."""

import ipaddress
import socket
import struct

ETHERTYPE_IPV4, ETHERTYPE_ARP, ETHERTYPE_IPV6 = 0x0800, 0x0806, 0x86DD
ICMP, TCP, UDP, ICMPV6 = 1, 6, 17, 58
SYN, ACK = 0x02, 0x10


def checksum(data):
    """RFC 1071."""
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def mac(text):
    return bytes.fromhex(text.replace(":", ""))


def packed(address):
    return ipaddress.ip_address(address).packed


def ethernet(target, source, ethertype, payload):
    return mac(target) + mac(source) + struct.pack("!H", ethertype) + payload


def ipv4(source, target, protocol, payload, ttl=64, options=b"", **wrong):
    """A packet; `wrong` overrides version, header_words, length, offset or sum."""
    words = wrong.get("header_words", 5 + len(options) // 4)
    first = wrong.get("version", 4) << 4 | words
    length = wrong.get("length", 20 + len(options) + len(payload))
    header = struct.pack("!BBHHHBBH4s4s", first, 0, length, 1, wrong.get("offset", 0), ttl, protocol,
                         0, packed(source), packed(target)) + options
    total = wrong.get("sum", checksum(header))
    return header[:10] + struct.pack("!H", total) + header[12:] + payload


def ipv6(source, target, protocol, payload, hops=64, **wrong):
    first = wrong.get("version", 6) << 28
    return struct.pack("!IHBB", first, wrong.get("length", len(payload)), protocol,
                       hops) + packed(source) + packed(target) + payload


def _with_sum(source, target, protocol, segment, at):
    """`segment` with its checksum over the pseudo header written at that place."""
    pseudo = packed(source) + packed(target)
    pseudo += struct.pack("!BBH", 0, protocol, len(segment)) if len(pseudo) == 8 else \
        struct.pack("!II", len(segment), protocol)
    total = checksum(pseudo + segment)
    return segment[:at] + struct.pack("!H", total) + segment[at + 2:]


def tcp(source, target, from_port, to_port, flags=SYN, payload=b"", words=5):
    segment = struct.pack("!HHIIBBHHH", from_port, to_port, 1, 0, words << 4, flags, 1024, 0, 0)
    return _with_sum(source, target, TCP, segment + payload, 16)


def udp(source, target, from_port, to_port, payload=b"", length=None):
    size = 8 + len(payload) if length is None else length
    return _with_sum(source, target, UDP,
                     struct.pack("!HHHH", from_port, to_port, size, 0) + payload, 6)


def icmp_echo(payload=b"ping"):
    message = struct.pack("!BBHHH", 8, 0, 0, 1, 1) + payload
    return message[:2] + struct.pack("!H", checksum(message)) + message[4:]


def icmpv6(source, target, kind, body):
    return _with_sum(source, target, ICMPV6, struct.pack("!BBH", kind, 0, 0) + body, 2)


def icmpv6_echo(source, target):
    return icmpv6(source, target, 128, struct.pack("!HH", 1, 1) + b"ping")


def neighbor_solicitation(source, target, wanted, source_mac):
    return icmpv6(source, target, 135, bytes(4) + packed(wanted) + b"\1\1" + mac(source_mac))


def arp_request(source_mac, source, wanted):
    return struct.pack("!HHBBH6s4s6s4s", 1, ETHERTYPE_IPV4, 6, 4, 1, mac(source_mac), packed(source),
                       bytes(6), packed(wanted))


class Wire:
    """Raw access to an interface of a namespace."""

    def __init__(self, namespace, interface="eth0"):
        with namespace.entered():
            self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0003))
            self._socket.bind((interface, 0))
        self._socket.settimeout(5)
        self.mac = self._socket.getsockname()[4].hex(":")

    def send(self, frame):
        self._socket.send(frame)

    def receive(self, wanted, seconds=5):
        """The next frame for which `wanted(frame)` is true; None if none comes."""
        self._socket.settimeout(seconds)
        try:
            while True:
                frame = self._socket.recv(65536)
                if wanted(frame):
                    return frame
        except TimeoutError:
            return None

    def close(self):
        self._socket.close()
