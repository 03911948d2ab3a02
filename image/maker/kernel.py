# SPDX-License-Identifier: Apache-2.0
"""Debian's kernel and those of its modules that boards need, and the initial RAM disk."""

import pathlib
import re
import shutil

from maker.command import EPOCH, Failed, run
from maker.root import HERE, words_of

LATEST = "linux-image-amd64"
# Those without which there is no root; cards and disks bring their own (image/boot/init).
EARLY = ("ahci", "crc32c_intel", "crc32c_generic", "dm_mod", "dm_verity", "ext4", "nvme", "sd_mod",
         "squashfs", "usb_storage", "virtio_blk", "virtio_pci", "virtio_scsi", "xhci_pci")
PROGRAMS = ("/usr/sbin/dmsetup", "/usr/sbin/e2fsck")


class Kernel:
    """Unpacked below `folder`; not installed, as this machine keeps its own."""

    def __init__(self, folder):
        self.folder = folder
        depends = run("apt-cache", "depends", LATEST)
        found = re.search(r"Depends: (linux-image-([0-9]\S+))", depends)
        if not found:
            raise Failed(f"the package lists know no {LATEST}: apt-get update")
        self.package, self.release = found.groups()
        folder.mkdir(parents=True, exist_ok=True)
        run("apt-get", "-q", "-o", "APT::Sandbox::User=root", "download", self.package, cwd=folder)
        package = next(folder.glob("*.deb"))
        self.version = run("dpkg-deb", "-f", package, "Version").strip()
        self.whole = folder / "whole"
        run("dpkg-deb", "-x", package, self.whole)
        run("depmod", "-b", self.whole, self.release)
        self.image = self.whole / f"boot/vmlinuz-{self.release}"

    def copy_modules(self, root, names):
        """These and what they need, below `root`."""
        base = pathlib.Path("lib/modules") / self.release
        target = root / "usr" / base
        for name in names:
            said = run("modprobe", "-d", self.whole, "-S", self.release, "--show-depends",
                       "--ignore-install", name)
            for line in said.splitlines():
                kind, _, path = line.partition(" ")
                if kind != "insmod":
                    continue  # built in
                inside = pathlib.Path(path.split()[0]).relative_to(self.whole / base)
                (target / inside).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(self.whole / base / inside, target / inside)
        for name in ("modules.builtin", "modules.builtin.modinfo", "modules.order"):
            shutil.copy(self.whole / base / name, target / name)
        run("depmod", "-b", root, self.release)


def add_program(folder, path, name):
    """It and the libraries that it is linked with."""
    files = {path: f"bin/{name}"}
    for line in run("ldd", path).splitlines():
        found = re.search(r"(/\S+)", line)
        if found:
            files[found.group(1)] = found.group(1).lstrip("/")
    for source, place in files.items():
        (folder / place).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, folder / place)


def make_initrd(kernel, folder, file):
    """A cpio archive; the names in it sorted, its times the epoch's."""
    for name in ("bin", "dev", "proc", "sys", "run", "new", "usr/lib"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    (folder / "lib").symlink_to("usr/lib")  # as in the unit's root
    shutil.copy("/bin/busybox", folder / "bin/busybox")
    for applet in ("modprobe", "sh"):
        (folder / "bin" / applet).symlink_to("busybox")
    for path in PROGRAMS:
        add_program(folder, path, pathlib.Path(path).name)
    kernel.copy_modules(folder, words_of("root/modules"))
    (folder / "modules.list").write_text("\n".join(EARLY) + "\n", "utf-8")
    (folder / "init").write_text("#!/bin/busybox sh\n" + (HERE / "boot/init").read_text("utf-8"), "utf-8")
    (folder / "init").chmod(0o755)
    run("find", folder, "-exec", "touch", "-h", "-d", f"@{EPOCH}", "{}", "+")
    run("bash", "-o", "pipefail", "-c",
        "find . -print0 | LC_ALL=C sort -z | cpio --null -o -H newc --quiet --reproducible -R 0:0 | "
        f"zstd -q -19 -T1 -f -o '{file}'", cwd=folder)
