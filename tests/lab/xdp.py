# SPDX-License-Identifier: Apache-2.0
"""Whether this kernel lets an XDP program and an AF_XDP socket onto a veth; which programs there are."""

import errno
import os
import socket
import struct

import kernel

_AF_XDP = 44
_PROG_LOAD, _PROG_GET_NEXT_ID, _LINK_CREATE = 5, 11, 28
_TYPE_XDP, _ATTACH_XDP = 6, 37
_FLAG_DRIVER = 1 << 2  # native, not the slow generic path
_PASS = 2


def why_not(namespace, interface):
    """Empty if a port of type af_xdp can work on that interface; otherwise what the kernel said."""
    try:
        with namespace.entered():
            socket.socket(_AF_XDP, socket.SOCK_RAW, 0).close()
            index = socket.if_nametoindex(interface)
            program = _load_pass_program()
            try:
                link, _ = kernel.bpf(_LINK_CREATE, struct.pack("<IIII", program, index,
                                                               _ATTACH_XDP, _FLAG_DRIVER))
                os.close(link)  # detaches
            finally:
                os.close(program)
    except OSError as error:
        return error.strerror or str(error)
    return ""


def programs():
    """Ids of all BPF programs of the machine."""
    found, last = set(), 0
    while True:
        try:
            _, answer = kernel.bpf(_PROG_GET_NEXT_ID, struct.pack("<III", last, 0, 0))
        except OSError as error:
            if error.errno == errno.ENOENT:
                return found
            raise
        last = struct.unpack_from("<I", answer, 4)[0]
        found.add(last)


def _load_pass_program():
    """return XDP_PASS;"""
    code = struct.pack("<BBhi", 0xB7, 0, 0, _PASS) + struct.pack("<BBhi", 0x95, 0, 0, 0)
    licence = b"Apache-2.0\0"
    instructions = (kernel.address_of(code), kernel.address_of(licence))
    descriptor, _ = kernel.bpf(_PROG_LOAD, struct.pack("<IIQQ", _TYPE_XDP, 2, *instructions))
    return descriptor
