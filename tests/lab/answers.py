# SPDX-License-Identifier: Apache-2.0
"""Who answers for the VIP: frames from the VIP's address and ARP in its name, by the MAC address that
they come from, as they leave whoever sends them. Between there and the client lie queues of the
kernel, one a core, which a busy machine empties late and not in the order in which they were filled:
so what comes into the switch is looked at, not what leaves it, and a frame's time is the one at which
its sender had given it away. The kernel writes them into a ring, so that looking costs nothing while
anything is measured."""

import collections
import ctypes
import mmap
import socket
import struct
import threading
import time

_ETH_P_ALL = 0x0003
_SOL_PACKET = 263
_PACKET_RX_RING, _PACKET_STATISTICS, _PACKET_VERSION, _TPACKET_V2 = 5, 6, 10, 1
_PACKET_IGNORE_OUTGOING = 23
_SO_ATTACH_FILTER, _SO_TIMESTAMPNS = 26, 35
_FRAME, _BLOCK = 128, 1 << 20
_HEADER = struct.Struct("=IIIHHII")  # status, len, snaplen, mac, net, sec, nsec
_OF_USER = 1
WINDOW_NS = 50_000_000
_ASK_EVERY_S = 0.005
_ASKER_MAC = bytes.fromhex("020000000999")


def _filter(address, bridge):
    """Classic BPF: ARP and IPv4 whose sender is `address`; not what a port gave to the interface
    `bridge`, which was seen there."""
    vip = struct.unpack("!I", socket.inet_aton(address))[0]
    load_half, load_word, equal, give = 0x28, 0x20, 0x15, 0x06
    interface_index = 0xFFFFF000 + 8
    program = [(load_word, 0, 0, interface_index), (equal, 8, 0, bridge),
               (load_half, 0, 0, 12), (equal, 0, 2, 0x0806),
               (load_word, 0, 0, 28), (equal, 3, 4, vip),
               (equal, 0, 3, 0x0800),
               (load_word, 0, 0, 26), (equal, 0, 1, vip),
               (give, 0, 0, 0xFFFF), (give, 0, 0, 0)]
    return b"".join(struct.pack("=HBBI", *step) for step in program), len(program)


class Answers:
    """Looks from its making on; `with` it. It also asks by ARP where the VIP is every 5 ms, so that
    a unit shows itself which nobody's traffic reaches."""

    def __init__(self, lab, address, frames=1 << 19):
        self._socket = self._open(lab.switch.namespace, address, frames)
        self._frames = frames
        self._memory = mmap.mmap(self._socket.fileno(), frames * _FRAME)
        self._at = 0
        with lab.client.entered():
            self._asker = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
            self._asker.bind(("eth0", 0))
        # As a host of its own: the client must learn of a takeover as it would without this.
        self._question = (b"\xff" * 6 + _ASKER_MAC + bytes.fromhex("08060001080006040001") +
                          _ASKER_MAC + socket.inet_aton("10.9.0.9") + bytes(6) +
                          socket.inet_aton(address))
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._ask, daemon=True)
        self._thread.start()

    @staticmethod
    def _open(switch, address, frames):
        """Of what comes into the switch."""
        with switch.entered():
            made = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_ETH_P_ALL))
            program, steps = _filter(address, socket.if_nametoindex("br0"))
        code = ctypes.create_string_buffer(program)
        made.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER,
                        struct.pack("@HP", steps, ctypes.addressof(code)))
        made.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)  # as it is queued, not as it is read
        made.setsockopt(_SOL_PACKET, _PACKET_IGNORE_OUTGOING, 1)
        made.setsockopt(_SOL_PACKET, _PACKET_VERSION, _TPACKET_V2)
        made.setsockopt(_SOL_PACKET, _PACKET_RX_RING,
                        struct.pack("@IIII", _BLOCK, frames * _FRAME // _BLOCK, _FRAME, frames))
        return made

    def _ask(self):
        while not self._ends.wait(_ASK_EVERY_S):
            try:
                self._asker.send(self._question)
            except OSError:
                continue

    def take(self):
        """[(ns, MAC)] since the last look, in the order of their times."""
        seen = []
        while True:
            place = self._at * _FRAME
            status, _, _, mac, _, seconds, nanoseconds = _HEADER.unpack_from(self._memory, place)
            if not status & _OF_USER:
                return sorted(seen)
            sender = self._memory[place + mac + 6:place + mac + 12]
            seen.append((seconds * 1_000_000_000 + nanoseconds, sender))
            struct.pack_into("=I", self._memory, place, 0)
            self._at = (self._at + 1) % self._frames

    def overlooked(self):
        """Frames that the ring had no room for, since the last look."""
        return struct.unpack("@II", self._socket.getsockopt(_SOL_PACKET, _PACKET_STATISTICS, 8))[1]

    def stop(self):
        self._ends.set()
        self._thread.join()
        self._memory.close()
        self._socket.close()
        self._asker.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


def dual(seen, window_ns=WINDOW_NS):
    """Frames of one that answered while another did: before and after each of them, within the
    window, stands one of another. Of two that interleave, the one with fewer is counted. One taking
    over from another is none."""
    before = _nearest_of_another(seen)
    after = reversed(_nearest_of_another(seen[::-1]))
    counts = collections.Counter()
    for (moment, sender), earlier, later in zip(seen, before, after):
        if earlier is not None and later is not None and moment - earlier < window_ns and \
                later - moment < window_ns:
            counts[sender] += 1
    return min(counts.values(), default=0)


def _nearest_of_another(seen):
    """For each entry the moment of the last one before it that another has sent."""
    moments, last, last_sender = [], None, None
    other = None
    for moment, sender in seen:
        if sender != last_sender:
            other, last_sender = last, sender
        moments.append(other)
        last = moment
    return moments


def wait_a_window():
    """What ends a stretch of answers must have been seen before it is judged."""
    time.sleep(WINDOW_NS / 1e9)
