# SPDX-License-Identifier: Apache-2.0
"""A root file system for a virtual machine, in memory: this machine's programs and libraries that
the unit needs, a few kernel modules, and nothing else."""

import os
import pathlib
import re
import subprocess

DPDK_DRIVERS = pathlib.Path("/usr/lib/x86_64-linux-gnu/dpdk")
_WANTED_DRIVERS = ("bus_pci", "bus_vdev", "mempool_ring", "net_e1000", "net_tap",
                   "net_virtio")
_FILE, _LINK, _FOLDER = 0o100000, 0o120777, 0o040755


class Initrd:
    """Files by path, written as the kernel reads them (newc, Documentation/driver-api/early-
    userspace/buffer-format.rst)."""

    def __init__(self):
        self._entries = {}

    def add(self, path, data, mode=0o755):
        self._entries[str(path).lstrip("/")] = (_FILE | mode, data)

    def add_from_host(self, path):
        """A file of this machine in its place, and its other name where it is a link."""
        real = os.path.realpath(path)
        self.add(real, pathlib.Path(real).read_bytes())
        if str(path) != real:
            self._entries[str(path).lstrip("/")] = (_LINK, real.encode())

    def add_program(self, path, place=None):
        """With the libraries it is linked to."""
        if place:
            self.add(place, pathlib.Path(path).read_bytes())
        else:
            self.add_from_host(path)
        linked = subprocess.run(["ldd", path], capture_output=True, text=True, check=False).stdout
        for word in linked.split():
            if word.startswith("/"):
                self.add_from_host(word)

    def add_modules(self, folder, names):
        """Kernel modules and those that they need, below /modules in the order to load them."""
        have = {file.stem.replace("-", "_"): file for file in folder.rglob("*.ko")}
        order = {}

        def take(name):
            if name not in order:
                data = have[name].read_bytes()
                for needed in re.search(rb"\0depends=([^\0]*)\0", data)[1].decode().split(","):
                    if needed:
                        take(needed.replace("-", "_"))
                order[name] = data

        for name in names:
            take(name.replace("-", "_"))
        for number, (name, data) in enumerate(order.items()):
            self.add(f"modules/{number:02}-{name}.ko", data)

    def add_dpdk_drivers(self):
        for driver in sorted(DPDK_DRIVERS.glob("pmds-*/*.so.*")):
            if any(wanted in driver.name for wanted in _WANTED_DRIVERS):
                self.add_program(driver)

    def write(self, path):
        folders = {str(folder) for name in self._entries
                   for folder in pathlib.PurePosixPath(name).parents if str(folder) != "."}
        everything = {folder: (_FOLDER, b"") for folder in folders} | self._entries
        with open(path, "wb") as file:
            for number, (name, (mode, data)) in enumerate(sorted(everything.items()), 1):
                file.write(_record(number, name, mode, data))
            file.write(_record(0, "TRAILER!!!", 0, b""))


def _record(number, name, mode, data):
    named = name.encode() + b"\0"
    numbers = (number, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(named), 0)
    head = b"070701" + b"".join(b"%08X" % value for value in numbers) + named
    return head + b"\0" * (-len(head) % 4) + data + b"\0" * (-len(data) % 4)
