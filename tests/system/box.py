# SPDX-License-Identifier: Apache-2.0
"""A unit as its image makes it, in a virtual machine: firmware, disk, serial console, four cards.
Emulated, unless YOKE_ACCEL says `kvm`: nothing here says how fast a unit is."""

import contextlib
import json
import os
import pathlib
import shutil
import socket
import subprocess

import pexpect
import pexpect.fdpexpect

import namespace
import waiting

FIRMWARE = pathlib.Path("/usr/share/OVMF")
CARDS = {"wan": 3, "lan": 4, "ha0": 5, "mgmt": 6}  # of board/qemu-q35: slots of the bus
PATIENCE_S = 600  # for a boot on a machine that has other things to do
# KVM that is there may still not do what firmware asks of it, so nothing takes it by itself.
ACCELERATOR = os.environ.get("YOKE_ACCEL", "tcg,thread=multi")
_PROMPT = r"[\r\n](?:\x1b\[[0-9;?]*[A-Za-z])*([a-z0-9-]+)([^\r\n>#]*)([>#]) (?:\x1b\[[0-9;?]*[A-Za-z])*\Z"


def why_not():
    """Empty, or why this machine has no boxes."""
    if not shutil.which("qemu-system-x86_64"):
        return "qemu-system-x86_64 is not installed"
    if not (FIRMWARE / "OVMF_CODE_4M.secboot.fd").exists():
        return "ovmf is not installed"
    return ""


class Disk:
    """A copy of the image, and the firmware's memory that goes with it."""

    def __init__(self, name, image):
        self.folder = pathlib.Path("/run/lab/boxes", name)
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        self.path = self.folder / "disk"
        self.variables = self.folder / "variables"
        subprocess.run(["cp", "--sparse=always", image, self.path], check=True)
        shutil.copyfile(FIRMWARE / "OVMF_VARS_4M.fd", self.variables)

    def copy(self, name):
        """As it is now, in another box that is switched off."""
        other = object.__new__(Disk)
        other.folder = self.folder.with_name(name)
        subprocess.run(["cp", "-r", "--sparse=always", self.folder, other.folder], check=True)
        other.path, other.variables = other.folder / "disk", other.folder / "variables"
        return other

    def start_of(self, partition):
        """In bytes: where on the disk it begins."""
        table = json.loads(subprocess.run(["sfdisk", "--json", self.path], check=True,
                                          capture_output=True).stdout)["partitiontable"]
        return next(each["start"] for each in table["partitions"] if each["name"] == partition) * 512

    def alter(self, offset):
        """One bit of the byte there."""
        with open(self.path, "r+b") as file:
            file.seek(offset)
            byte = file.read(1)[0]
            file.seek(offset)
            file.write(bytes([byte ^ 1]))

    def put_on_esp(self, file, place):
        subprocess.run(["mcopy", "-o", "-i", f"{self.path}@@{self.start_of('esp')}", file,
                        f"::/{place}"], check=True)

    def take_from_esp(self, place, file):
        subprocess.run(["mcopy", "-n", "-o", "-i", f"{self.path}@@{self.start_of('esp')}",
                        f"::/{place}", file], check=True)

    def remove(self):
        shutil.rmtree(self.folder)


class Cable:
    """Between the `ha0` of two boxes, whichever of them is on."""

    def __init__(self):
        self._folder = pathlib.Path("/run/lab/boxes/cable")
        self._folder.mkdir(parents=True, exist_ok=True)
        self._ends = []

    def end(self, name):
        """What QEMU is told of it in the box `name`."""
        if name not in self._ends:
            self._ends.append(name)
        own, other = (self._folder / end for end in ("12" if self._ends[0] == name else "21"))
        own.unlink(missing_ok=True)
        return (f"dgram,id=ha0,local.type=unix,local.path={own},remote.type=unix,"
                f"remote.path={other}")


class Box:
    """Switched on at once. Its `wan` hangs on the switch, `ha0` on the cable if there is one, and the
    others on nothing. Its firmware starts what the keys in the image have signed, from its second start
    on (the first one learns them)."""

    def __init__(self, name, disk, switch, cable=None):
        self.name = name
        self._disk = disk
        self._tap = f"{name}-wan"
        self._switch = switch
        self._cable = cable
        switch.namespace.ip(f"tuntap add {self._tap} mode tap")
        switch.namespace.ip(f"link set {self._tap} master br0 up")
        for which in ("serial", "qmp"):
            (disk.folder / which).unlink(missing_ok=True)
        self.log = disk.folder / "console.log"
        self._process = switch.namespace.start(f"box-{name}", *self._command())
        self._process.until((disk.folder / "serial").exists, "it is switched on")
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(str(disk.folder / "serial"))
        self.console = Console(self._socket, self.log, self._process.tail)

    def _command(self):
        folder = self._disk.folder
        flash = "if=pflash,format=raw"
        # disable_s3: without it this firmware may hang in a reset.
        return ["qemu-system-x86_64", "-machine", "q35,smm=on,kernel-irqchip=split",
                "-accel", ACCELERATOR, "-cpu", "host" if ACCELERATOR == "kvm" else "max",
                "-smp", 2, "-m", 1024, "-display", "none", "-nodefaults",
                "-global", "ICH9-LPC.disable_s3=1",
                "-global", "driver=cfi.pflash01,property=secure,value=on",
                "-drive", f"{flash},unit=0,readonly=on,file={FIRMWARE}/OVMF_CODE_4M.secboot.fd",
                "-drive", f"{flash},unit=1,file={self._disk.variables}",
                "-device", "intel-iommu,intremap=on,device-iotlb=on",
                "-drive", f"if=none,id=disk,format=raw,file={self._disk.path}",
                "-device", "virtio-blk-pci,drive=disk,bootindex=1",
                "-netdev", f"tap,id=wan,ifname={self._tap},script=no,downscript=no",
                *(["-netdev", self._cable.end(self.name)] if self._cable else []),
                *(word for name in CARDS for word in ("-device", self._card(name))),
                "-device", "i6300esb", "-action", "watchdog=reset",
                "-chardev", f"socket,id=serial,path={folder}/serial,server=on,wait=off",
                "-serial", "chardev:serial", "-qmp", f"unix:{folder}/qmp,server=on,wait=off"]

    def _card(self, name):
        is_plugged = name == "wan" or name == "ha0" and self._cable
        return (f"virtio-net-pci,disable-legacy=on,iommu_platform=on,romfile=,addr={CARDS[name]},"
                f"mac=02:00:00:00:{ord(self.name[0]):02x}:{CARDS[name]:02x}"
                f"{f',netdev={name}' if is_plugged else ''}")

    def qmp(self, command, **arguments):
        """What QEMU's monitor answers."""
        with socket.socket(socket.AF_UNIX) as monitor:
            monitor.settimeout(30)
            monitor.connect(str(self._disk.folder / "qmp"))
            lines = monitor.makefile("rw")
            lines.readline()  # its greeting
            for words in ({"execute": "qmp_capabilities"}, {"execute": command, "arguments": arguments}):
                lines.write(json.dumps(words) + "\n")
                lines.flush()
                answer = {}
                while not answer.keys() & {"return", "error"}:  # events in between
                    answer = json.loads(lines.readline())
        return answer

    def until_prompt(self):
        """It has started; what its console told meanwhile."""
        return self.console.until_prompt(PATIENCE_S)

    def until_it_runs(self):
        """And its data plane has as well, which is what forwarding waits for."""
        said = self.until_prompt()
        waiting.until(lambda: "running" in self.console.yoke("show status"), "the data plane runs",
                      PATIENCE_S, every=1)
        return said

    def cut_power(self):
        """Nothing more is written, and nobody was told."""
        self._process.kill()
        self._socket.close()
        with contextlib.suppress(RuntimeError):
            self._switch.namespace.ip(f"link del {self._tap}")


class Console:
    """The serial line, as whoever sits before it has it."""

    def __init__(self, line, log, explain):
        """`explain`: what QEMU itself has said."""
        self._explain = explain
        self._log = open(log, "ab")  # pylint: disable=consider-using-with
        self._line = pexpect.fdpexpect.fdspawn(line, timeout=60)
        self._line.logfile_read = self._log

    def until(self, pattern, seconds=60):
        """What came before `pattern`, and it."""
        try:
            self._line.expect(pattern, timeout=seconds)
        except (pexpect.TIMEOUT, pexpect.EOF, ConnectionError) as error:
            said = self._line.before if isinstance(self._line.before, bytes) else b""
            raise waiting.Late(f"'{pattern}' was not seen on the console in {seconds} s; it had:\n"
                               f"{said.decode(errors='replace')[-3000:]}\n{self._explain()}") from error
        return (self._line.before + self._line.after).decode(errors="replace").replace("\r", "")

    def until_prompt(self, seconds=60):
        return self.until(_PROMPT.encode(), seconds)

    def yoke(self, *commands):
        """Types each of them; what the last one answered."""
        said = ""
        for command in commands:
            self._line.send(f"{command}\r".encode())
            self.until(rb"[\r\n]")
            said = self.until_prompt(120)
        return said.rpartition("\n")[0]
