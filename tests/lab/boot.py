# SPDX-License-Identifier: Apache-2.0
"""A unit in a virtual machine whose disk outlives it: it can be switched off in the middle of
anything, and on again at another hour."""

import json
import os
import pathlib
import re
import shutil
import subprocess
import time

import guest
import initrd
import namespace
import unit

why_not = guest.why_not
_MODULES = ("virtio_pci", "virtio_blk", "tun")
_BOARD = """[unit]
name = lb-a
[dataplane]
cores = any
huge_pages = no
memory_mib = 64
flows = 65536
[port.lan]
device = tap:lan0
address = 10.9.0.2/24
"""


class Disk:
    """With an empty file system at first."""

    def __init__(self, name):
        self.path = pathlib.Path("/run/lab", f"{name}.disk")
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.unlink(missing_ok=True)
        with open(self.path, "wb") as file:
            file.truncate(64 << 20)
        subprocess.run(["mkfs.ext4", "-q", "-E", "root_owner=0:0", self.path], check=True)

    def copy(self, name):
        """As it is now, for another boot."""
        other = object.__new__(Disk)
        other.path = self.path.with_name(f"{name}.disk")
        shutil.copyfile(self.path, other.path)
        return other

    def remove(self):
        self.path.unlink()


class Boot:
    """From switching it on, at `hour` (seconds since 1970) by its own clock. It does `commands`, each
    words of the CLI, once the data plane runs what is committed."""

    def __init__(self, disk, hour, commands=()):
        self.name = disk.path.stem
        self._initrd = disk.path.with_suffix(".initrd")
        self._make_initrd(commands)
        (namespace.LOGS / f"boot-{self.name}.log").unlink(missing_ok=True)
        self._process = namespace.Process(f"boot-{self.name}", [
            "qemu-system-x86_64", "-machine", "q35", "-accel", "tcg,thread=multi", "-cpu", "max",
            "-smp", "2", "-m", "512", "-display", "none", "-serial", "stdio", "-no-reboot",
            "-nodefaults", "-nic", "none", "-kernel", str(guest.KERNEL / "vmlinuz"),
            "-initrd", str(self._initrd),
            "-append", "console=ttyS0 quiet mitigations=off panic=-1",
            "-rtc", time.strftime("base=%Y-%m-%dT%H:%M:%S", time.gmtime(hour)),
            "-drive", f"file={disk.path},format=raw,if=none,id=disk",
            "-device", "virtio-blk-pci,drive=disk"])

    def _make_initrd(self, commands):
        root = initrd.Initrd()
        root.add("init", b"#!/bin/busybox sh\n" +
                 pathlib.Path(__file__).with_name("boot_init").read_bytes())
        root.add_from_host("/bin/busybox")
        for program in ("yoke", "yoke-mgmt", "yoke-dataplane"):
            root.add_program(unit.PROGRAMS / program, f"usr/bin/{program}")
        root.add_dpdk_drivers()
        root.add_modules(guest.KERNEL / "modules", _MODULES)
        root.add("etc/yoke/board.conf", _BOARD.encode(), 0o644)
        root.add("commands", "".join(f"yoke {words}\n" for words in commands).encode(), 0o644)
        root.write(self._initrd)

    def says(self):
        """All that its console has told."""
        return self._process.log.read_text(encoding="utf-8", errors="replace")

    def until(self, happened, what, seconds=120):
        return self._process.until(happened, what, seconds)

    def shown(self):
        """Each status that it has told, with the time by its clock: (seconds since 1970, row)."""
        found = re.findall(r"^now (\d+) (\{.*\})\r?$", self.says(), re.M)
        return [(int(moment), json.loads(text)["rows"][0]) for moment, text in found]

    def done(self):
        """When it was done with its commands, by its clock, or None."""
        found = re.search(r"^commands are done at (\d+)", self.says(), re.M)
        return found and int(found[1])

    def switch_off(self):
        """Nothing is told to it, and nothing written any more."""
        self._process.kill()
        os.unlink(self._initrd)
