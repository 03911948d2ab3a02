# SPDX-License-Identifier: Apache-2.0
"""The disk: a GPT with the firmware's partition, two slots and the data partition. Made as files, with
nothing mounted."""

import dataclasses

from maker.boot import LOADER
from maker.command import at_the_epoch, run

MIB = 1 << 20
BLOCK = 4096
EFI, LINUX, ROOT = ("C12A7328-F81F-11D2-BA4B-00A0C93EC93B", "0FC63DAF-8483-4772-8E79-3D69D8477DE4",
                    "4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709")
DISK = "7e6a9c02-6f0b-4c55-9d2e-000000000000"
DATA_SALT = "7e6a9c02-6f0b-4c55-9d2e-0000000000d0"


@dataclasses.dataclass(frozen=True)
class Partition:
    name: str
    kind: str
    mib: int
    number: int

    @property
    def uuid(self):
        return f"{DISK[:-1]}{self.number}"


# The firmware's has room for the kernels of both slots and of one that is coming.
PARTITIONS = (Partition("esp", EFI, 128, 1), Partition("root-a", ROOT, 256, 2),
              Partition("root-b", ROOT, 256, 3), Partition("data", LINUX, 512, 4))
SLOT_A = PARTITIONS[1]


def seal(squashed, file):
    """The root with the tree of hashes behind it; returns what the initial RAM disk needs to know."""
    data = squashed.read_bytes()
    size = -(-len(data) // BLOCK) * BLOCK
    file.write_bytes(data.ljust(size, b"\0"))
    salt = f"{1:064d}"
    said = run("veritysetup", "format", file, file, f"--hash-offset={size}", f"--salt={salt}",
               f"--uuid={SLOT_A.uuid}")
    root_hash = next(line.split()[-1] for line in said.splitlines() if line.startswith("Root hash"))
    return f"{size // 512}:{size // BLOCK}:{root_hash}:{salt}"


def make_esp(file, loader, kernels, enrolments, words):
    """`kernels`: {name in EFI/Linux: file}."""
    esp = PARTITIONS[0]
    file.unlink(missing_ok=True)
    with open(file, "wb") as out:
        out.truncate(esp.mib * MIB)
    run("mkfs.vfat", "-F", 32, "-n", "ESP", "-i", "59304b45", "--invariant", file)
    folders = ["EFI", "EFI/BOOT", "EFI/systemd", "EFI/Linux", "loader", "loader/keys", "loader/keys/auto"]
    at_the_epoch("mmd", "-i", file, *(f"::/{name}" for name in folders))
    copies = {"EFI/BOOT/BOOTX64.EFI": loader, "EFI/systemd/systemd-bootx64.efi": loader,
              "loader/loader.conf": words}
    copies |= {f"EFI/Linux/{name}": kernel for name, kernel in kernels.items()}
    copies |= {f"loader/keys/auto/{path.name}": path for path in enrolments}
    for place, path in copies.items():
        at_the_epoch("mcopy", "-i", file, path, f"::/{place}")


def make_data(file):
    """Empty: the first boot fills it."""
    file.unlink(missing_ok=True)
    with open(file, "wb") as out:
        out.truncate(PARTITIONS[3].mib * MIB)
    run("mkfs.ext4", "-q", "-L", "data", "-U", DATA_SALT, "-E", f"hash_seed={DATA_SALT}", file)


def assemble(file, contents):
    """`contents`: {partition's name: file}."""
    with open(file, "wb") as out:
        out.truncate((2 + sum(each.mib for each in PARTITIONS)) * MIB)
    lines = ["label: gpt", f"label-id: {DISK}"]
    for number, each in enumerate(PARTITIONS):
        start = "start=1MiB, " if number == 0 else ""
        lines.append(f"{start}size={each.mib}MiB, type={each.kind}, name={each.name}, uuid={each.uuid}")
    run("sfdisk", "-q", file, given="\n".join(lines) + "\n")
    at = 1
    for each in PARTITIONS:
        if each.name in contents:
            run("dd", f"if={contents[each.name]}", f"of={file}", "bs=1M", f"seek={at}",
                "conv=notrunc,sparse", "status=none")
        at += each.mib


__all__ = ["LOADER", "SLOT_A", "assemble", "make_data", "make_esp", "seal"]
