# SPDX-License-Identifier: Apache-2.0
"""What somebody altered does not run: the firmware's keys vouch for the kernel and its command line,
which vouches for every block of the root."""

import subprocess

import pytest

import box

WHY_NOT = box.why_not()
pytestmark = pytest.mark.skipif(bool(WHY_NOT), reason=WHY_NOT or "-")

REFUSED = rb"(Access Denied|Security Violation)"


@pytest.fixture(scope="module", name="learnt")
def _learnt(image, net):
    """A disk, switched off, whose firmware has the keys: it has started twice by itself, the second time
    by these keys."""
    disk = box.Disk("keys", image)
    unit = box.Box("keys", disk, net.switch)
    try:
        assert "Enrolling secure boot keys" in unit.until_prompt()
    finally:
        unit.cut_power()
    yield disk
    disk.remove()


@pytest.fixture(name="start")
def _start(learnt, net):
    """A copy of that disk, altered by what is given, and started."""
    made = []

    def start(alter):
        disk = learnt.copy("altered")
        alter(disk)
        made.append((disk, box.Box("altered", disk, net.switch)))
        return made[-1][1]

    yield start
    for disk, unit in made:
        unit.cut_power()
        disk.remove()


def kernel_of(image):
    """Its name on the firmware's partition."""
    version = image.name.split("-")[1]
    return f"EFI/Linux/yoke-{version}.efi"


def test_a_kernel_without_a_signature_is_refused(start, image):
    unsigned = image.with_suffix(".unsigned.efi")
    unit = start(lambda disk: disk.put_on_esp(unsigned, kernel_of(image)))
    unit.console.until(REFUSED, box.PATIENCE_S)


def test_another_command_line_is_refused(start, image):
    """It is what names the root and its hash."""
    def alter(disk):
        file = disk.folder / "kernel.efi"
        disk.take_from_esp(kernel_of(image), file)
        whole = bytearray(file.read_bytes())
        at = whole.index(b"yoke.verity=")
        whole[at + len("yoke.verity=")] ^= 1
        file.write_bytes(whole)
        disk.put_on_esp(file, kernel_of(image))

    start(alter).console.until(REFUSED, box.PATIENCE_S)


def test_a_loader_without_a_signature_is_refused(start):
    def alter(disk):
        file = disk.folder / "loader.efi"
        disk.take_from_esp("EFI/BOOT/BOOTX64.EFI", file)
        bare = disk.folder / "bare.efi"
        subprocess.run(["sbattach", "--remove", file], check=True)
        file.rename(bare)
        disk.put_on_esp(bare, "EFI/BOOT/BOOTX64.EFI")

    start(alter).console.until(REFUSED, box.PATIENCE_S)


def test_an_altered_root_starts_nothing(start):
    """In a block that is read before anything runs: what is read later ends in the same panic then."""
    unit = start(lambda disk: disk.alter(disk.start_of("root-a") + 40))
    said = unit.console.until(rb"(is not what was signed|dm-verity device corrupted)", box.PATIENCE_S)
    assert "yoke>" not in said
