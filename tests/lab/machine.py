# SPDX-License-Identifier: Apache-2.0
"""A virtual machine with Debian's kernel and this machine's files: for what this one's kernel may
not have. It is emulated, so all of it is slow."""

import os
import pathlib
import re
import shlex
import shutil

import guest
import initrd
import namespace
import waiting

# How many times slower than a machine it may be.
PATIENCE = 6
_FILES = pathlib.Path("/usr/lib/qemu/virtiofsd")
_MODULES = ("virtio_pci", "virtiofs", "overlay")
_MEMORY = "2G"


def why_not():
    """Empty, or why this machine has no such virtual machines."""
    if not _FILES.exists():
        return f"{_FILES} is not installed"
    return guest.why_not()


class Machine:
    """Started at once, with kernel modules besides those that it takes to start; runs one command.
    It may write nothing of this machine's, only to memory of its own."""

    def __init__(self, modules, *command, environment=None):
        self._folder = pathlib.Path("/run/lab/machine")
        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder.mkdir(parents=True)
        self._make_initrd(modules, command, environment or {})
        socket = self._folder / "files"
        self._files = namespace.Process("machine-files", [
            "unshare", "--mount", "sh", "-c",
            "mount --make-rprivate / && mount -o remount,bind,ro / && exec \"$@\"", "-",
            _FILES, f"--socket-path={socket}", "-o", "source=/,sandbox=chroot,cache=always"])
        self._files.until(socket.exists, "the files are to be had")
        self._process = namespace.Process("machine", [
            "qemu-system-x86_64", "-machine", "q35,memory-backend=memory", "-accel",
            "tcg,thread=multi", "-cpu", "max", "-smp", str(os.cpu_count()), "-m", _MEMORY,
            "-object", f"memory-backend-memfd,id=memory,size={_MEMORY},share=on",
            "-display", "none", "-serial", "stdio", "-no-reboot", "-nodefaults", "-nic", "none",
            "-kernel", guest.KERNEL / "vmlinuz", "-initrd", self._folder / "initrd",
            "-append", "console=ttyS0 quiet mitigations=off panic=-1",
            "-chardev", f"socket,id=files,path={socket}",
            "-device", "vhost-user-fs-pci,chardev=files,tag=host"])

    def _make_initrd(self, modules, command, environment):
        root = initrd.Initrd()
        root.add("init", b"#!/bin/busybox sh\n" +
                 pathlib.Path(__file__).with_name("machine_init").read_bytes())
        root.add_from_host("/bin/busybox")
        root.add_modules(guest.KERNEL / "modules", (*_MODULES, *modules))
        words = ["env", "-i", f"PATH={os.defpath}:/usr/sbin:/sbin",
                 *(f"{name}={value}" for name, value in environment.items()), *map(str, command)]
        root.add("command", f"exec {shlex.join(words)}\n".encode(), 0o644)
        root.write(self._folder / "initrd")

    def says(self):
        """All that its console has told."""
        return self._process.log.read_text(encoding="utf-8", errors="replace")

    def wait(self, seconds):
        """The exit status of its command."""
        waiting.until(lambda: self._process.exit_status is not None, "the machine's end", seconds,
                      every=0.2)
        found = re.findall(r"^exit status: (\d+)\r?$", self.says(), re.M)
        assert found, f"the machine ended without a word:\n{self._process.tail()}"
        return int(found[-1])

    def stop(self):
        self._process.kill()
        self._files.kill()
        shutil.rmtree(self._folder, ignore_errors=True)
