# SPDX-License-Identifier: Apache-2.0
"""The unit in a virtual machine on the unit's port of the switch: a PCI network card, an IOMMU,
vfio-pci, as in a box."""

import json
import os
import pathlib
import shutil

import initrd
import unit

KERNEL = pathlib.Path(os.environ.get("YOKE_KERNEL", "build/kernel")).resolve()
CARD = "0000:00:03.0"
_MODULES = ("vfio_iommu_type1", "vfio-pci", "tun")
_BOARD = f"""[unit]
name = guest
[dataplane]
cores = 1
huge_pages = yes
[port.lan]
device = pci:{CARD}
address = {unit.IPV4}/24, {unit.IPV6}/64
"""


def why_not():
    """Empty, or why this machine has no virtual machines."""
    if not (KERNEL / "vmlinuz").exists():
        return f"no kernel at {KERNEL}: tests/run lab fetches one"
    if not shutil.which("qemu-system-x86_64"):
        return "qemu-system-x86_64 is not installed"
    return ""


class Guest:
    """Started at once, with `commands` as its configuration. `card` is a device of QEMU."""

    def __init__(self, namespace, card, commands):
        self.root = pathlib.Path("/run/lab/guest")
        shutil.rmtree(self.root, ignore_errors=True)
        self.root.mkdir(parents=True)
        self._make_initrd(commands)
        _join_port_and_tap(namespace)
        self.process = namespace.start(
            f"guest-{card.partition(',')[0]}", "qemu-system-x86_64",
            "-machine", "q35,kernel-irqchip=split", "-accel", "tcg,thread=multi", "-cpu", "max",
            "-smp", 2, "-m", 768, "-display", "none", "-serial", "stdio", "-no-reboot", "-nodefaults",
            "-kernel", KERNEL / "vmlinuz", "-initrd", self.root / "initrd",
            "-append", f"console=ttyS0 quiet intel_iommu=on iommu=pt panic=-1 yoke.card={CARD}",
            "-device", "intel-iommu,intremap=on",
            "-netdev", "tap,id=port,ifname=tap0,script=no,downscript=no",
            "-device", f"{card},netdev=port,bus=pcie.0,addr=3,romfile=,mac=02:00:00:00:09:02")

    def _make_initrd(self, commands):
        root = initrd.Initrd()
        root.add("init", b"#!/bin/busybox sh\n" +
                 pathlib.Path(__file__).with_name("guest_init").read_bytes())
        root.add_from_host("/bin/busybox")
        for program in ("yoke", "yoke-mgmt", "yoke-dataplane"):
            root.add_program(unit.PROGRAMS / program, f"usr/bin/{program}")
        root.add_dpdk_drivers()
        root.add_modules(KERNEL / "modules", _MODULES)
        root.add("etc/yoke/board.conf", _BOARD.encode(), 0o644)
        root.add("unit.conf", "".join(f"{line}\n" for line in commands).encode(), 0o644)
        root.write(self.root / "initrd")

    def says(self):
        """All that its console has told."""
        return self.process.log.read_text(encoding="utf-8", errors="replace")

    def last(self, name):
        """Rows of the last `yoke show NAME --json` on its console, or None."""
        for line in reversed(self.says().splitlines()):
            if line.startswith("{") and f'"object":"{name}"' in line:
                try:
                    return json.loads(line)["rows"]
                except json.JSONDecodeError:  # half of it was written when we looked
                    continue
        return None

    def until_servers_are_up(self, count):
        def all_up():
            rows = self.last("status")
            return rows and rows[0]["servers_up"] == count

        self.process.until(all_up, f"{count} servers are up", 180)

    def stop(self):
        self.process.kill()
        shutil.rmtree(self.root, ignore_errors=True)


def _join_port_and_tap(namespace):
    """The port of the switch and QEMU's end of the card, as one cable."""
    namespace.ip("link add br0 type bridge stp_state 0 forward_delay 0")
    namespace.ip("tuntap add tap0 mode tap")
    for interface in ("tap0", unit.INTERFACE):
        namespace.ip(f"link set {interface} master br0 up")
    namespace.ip("link set br0 up")


def split_port_and_tap(namespace):
    namespace.ip("link del br0")
    namespace.ip("link del tap0")
