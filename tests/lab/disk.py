# SPDX-License-Identifier: Apache-2.0
"""The disk that the unit's store is on: small, full, read-only."""

import contextlib
import os
import subprocess

import kernel


SIZE = "size=4m"


@contextlib.contextmanager
def stopped_mgmt(lab):
    """The management plane is down meanwhile; packets flow."""
    assert lab.unit.mgmt.terminate() == 0
    yield lab.unit.root / "var/lib/yoke/config.db"
    lab.unit.start_mgmt()
    lab.unit.until_mgmt_is_in_charge()


class Disk:
    """A small file system that holds the store and the event log."""

    def __init__(self, unit, folder):
        self._unit = unit
        self.folder = folder
        self._filler = folder / "filler"

    def fill(self):
        """Takes every block that it has left."""
        handle = os.open(self._filler, os.O_WRONLY | os.O_CREAT)
        try:
            with contextlib.suppress(OSError):
                while True:
                    os.write(handle, bytes(4096))
        finally:
            os.close(handle)

    def free(self):
        self._filler.unlink()

    def forbid_writing(self, forbidden=True):
        flags = kernel.MS_REMOUNT | (kernel.MS_RDONLY if forbidden else 0)
        kernel.mount("tmpfs", str(self.folder), "tmpfs", flags, SIZE)
        if self._unit.mgmt.exit_status is None:  # it sees the mounts of when it was started
            subprocess.run(["nsenter", "--mount", f"--target={self._unit.mgmt.pid}", "mount", "-o",
                            f"remount,{'ro' if forbidden else 'rw'}", self.folder], check=True)

    def mend(self):
        self.forbid_writing(False)
        self._filler.unlink(missing_ok=True)

    def files(self):
        return {file: file.read_bytes() for file in self.folder.iterdir()
                if file.is_file() and file != self._filler}


@contextlib.contextmanager
def small_disk(lab):
    """The store stands on a disk of its own meanwhile."""
    with stopped_mgmt(lab) as file:
        disk = Disk(lab.unit, file.parent)
        files = disk.files()
        kernel.mount("tmpfs", str(disk.folder), "tmpfs", 0, SIZE)
        for name, data in files.items():
            name.write_bytes(data)
    try:
        yield disk
    finally:
        disk.mend()
        with stopped_mgmt(lab):
            files = disk.files()
            subprocess.run(["umount", disk.folder], check=True)
            for name, data in files.items():
                name.write_bytes(data)


class FailingDisk(Disk):
    """One of ext4 that the kernel finds in error: it takes no writes, and does not say so when it
    is asked what it is."""

    def fail(self):
        subprocess.run(["mount", "-o", "remount,abort", self.folder], check=True)

    def mend(self, image):
        """As a person does, who has stopped yoke-mgmt."""
        subprocess.run(["umount", self.folder], check=True)
        subprocess.run(["fsck.ext4", "-p", image], check=False, stdout=subprocess.DEVNULL)
        subprocess.run(["mount", "-o", "loop", image, self.folder], check=True)


@contextlib.contextmanager
def failing_disk(lab):
    """The store stands on one meanwhile; yields it, and what mends it. None where this machine has
    no loop devices."""
    image = lab.unit.root / "disk.img"
    with open(image, "wb") as file:
        file.truncate(16 << 20)
    subprocess.run(["mkfs.ext4", "-q", "-F", image], check=True)
    with stopped_mgmt(lab) as file:
        disk = FailingDisk(lab.unit, file.parent)
        files = disk.files()
        mounted = subprocess.run(["mount", "-o", "loop", image, disk.folder], check=False)
        if mounted.returncode == 0:
            for name, data in files.items():
                name.write_bytes(data)
            subprocess.run(["sync", "-f", disk.folder], check=True)  # or it is lost with the rest
    if mounted.returncode != 0:
        yield None, None
        return

    def mend():
        with stopped_mgmt(lab):
            disk.mend(image)
    try:
        yield disk, mend
    finally:
        with stopped_mgmt(lab):
            files = disk.files()
            subprocess.run(["umount", disk.folder], check=True)
            for name, data in files.items():
                name.write_bytes(data)
