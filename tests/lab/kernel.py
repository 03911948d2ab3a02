# SPDX-License-Identifier: Apache-2.0
"""The few system calls that Python 3.11 does not wrap."""

import ctypes
import os

CLONE_NEWNS = 0x00020000
CLONE_NEWNET = 0x40000000
CLONE_NEWPID = 0x20000000
MS_RDONLY = 1
MS_REMOUNT = 32
MS_BIND = 0x1000
MS_REC = 0x4000
MS_PRIVATE = 1 << 18

_PR_SET_PDEATHSIG = 1
_SYS_BPF = 321  # x86-64
_libc = ctypes.CDLL(None, use_errno=True)


def _checked(name, *arguments):
    result = getattr(_libc, name)(*arguments)
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")
    return result


def unshare(flags):
    _checked("unshare", flags)


def setns(descriptor, flags):
    """Moves the calling thread, or for CLONE_NEWPID its later children."""
    _checked("setns", descriptor, flags)


def mount(source, target, kind, flags=0, options=""):
    arguments = [text.encode() if text else None for text in (source, target, kind)]
    _checked("mount", *arguments, ctypes.c_ulong(flags), options.encode() or None)


def set_parent_death_signal(number):
    """What this process gets when the thread that forked it ends; 0 for nothing."""
    _checked("prctl", _PR_SET_PDEATHSIG, ctypes.c_ulong(number), 0, 0, 0)


def bpf(command, attributes):
    """bpf(2) with the packed bytes of its attributes; the descriptor or number it returns."""
    buffer = ctypes.create_string_buffer(attributes, max(len(attributes), 128))
    result = _libc.syscall(_SYS_BPF, command, buffer, len(buffer))
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"bpf: {os.strerror(number)}")
    return result, buffer.raw


def address_of(text):
    """Where the bytes are in memory; they must stay alive meanwhile."""
    return ctypes.cast(ctypes.c_char_p(text), ctypes.c_void_p).value
