# SPDX-License-Identifier: Apache-2.0
"""The image as a file: the same bytes whenever it is made, nothing secret in it, its contents told;
and what image/build is given wrongly."""

import filecmp
import json
import os
import pathlib
import subprocess

import pytest

TREE = pathlib.Path(__file__).resolve().parents[2]
PROGRAMS = pathlib.Path(os.environ.get("YOKE_BIN", TREE / "build/release/bin")).resolve().parent


def make(*words):
    return subprocess.run([TREE / "image/build", *map(str, words)], capture_output=True, text=True,
                          check=False)


@pytest.fixture(scope="module", name="root")
def _root(image, tmp_path_factory):
    """Its root, unpacked."""
    folder = tmp_path_factory.mktemp("root")
    with open(image, "rb") as disk, open(folder / "squashed", "wb") as squashed:
        disk.seek(start_of(image, "root-a"))
        squashed.write(disk.read(256 << 20))
    subprocess.run(["unsquashfs", "-q", "-no-progress", "-d", folder / "root", folder / "squashed"],
                   check=True, stdout=subprocess.DEVNULL)
    return folder / "root"


def start_of(image, partition):
    table = json.loads(subprocess.run(["sfdisk", "--json", image], check=True,
                                      capture_output=True).stdout)["partitiontable"]
    return next(each["start"] for each in table["partitions"] if each["name"] == partition) * 512


def test_made_again_it_has_the_same_bytes(image, tmp_path):
    (tmp_path / "cache").symlink_to(image.parent / "cache")
    done = make("--programs", PROGRAMS, "--out", tmp_path, "--keys", image.parent / "keys",
                "--packages", "newest")
    assert done.returncode == 0, done.stderr
    again = tmp_path / image.name
    assert filecmp.cmp(image, again, shallow=False), first_difference(image, again)
    again.unlink()


def first_difference(one, other):
    said = subprocess.run(["cmp", one, other], capture_output=True, text=True, check=False)
    return said.stdout + said.stderr


def test_nothing_in_it_is_secret_or_of_one_unit(root):
    assert not list(root.glob("etc/ssh/ssh_host_*"))
    assert (root / "etc/machine-id").read_text(encoding="utf-8") == ""
    passwords = [line.split(":")[1] for line in
                 (root / "etc/shadow").read_text(encoding="utf-8").splitlines()]
    assert all(each.startswith(("!", "*")) for each in passwords), passwords
    files = [path for path in root.rglob("*") if path.is_file() and not path.is_symlink()]
    assert not [path for path in files if is_a_private_key(path.read_bytes())]


def is_a_private_key(content):
    """And no program that knows how one begins."""
    return b"PRIVATE KEY-----\n" in content and not content.startswith(b"\x7fELF")


def test_what_is_in_it_is_told_inside_and_beside(image, root):
    inside = (root / "usr/share/yoke/packages.spdx.json").read_text(encoding="utf-8")
    assert inside == image.with_suffix(".spdx.json").read_text(encoding="utf-8")
    told = {each["name"]: each["versionInfo"] for each in json.loads(inside)["packages"]}
    listed = (root / "usr/share/yoke/packages").read_text(encoding="utf-8").splitlines()
    assert told == dict(line.split() for line in listed)
    assert {"systemd", "openssh-server", "libsqlite3-0"} <= told.keys()
    assert any(name.startswith("linux-image-") for name in told)


def test_the_root_and_the_kernel_are_small(image, root):
    del root
    unsigned = image.with_suffix(".unsigned.efi").stat().st_size
    assert unsigned < 30 << 20
    with open(image, "rb") as disk:
        disk.seek(start_of(image, "root-a"))
        magic = disk.read(96)
    assert magic[:4] == b"hsqs"
    assert int.from_bytes(magic[40:48], "little") < 70 << 20


@pytest.mark.parametrize("words, said", (
    (("--board", "none"), "there is no board 'none'; expected one of"),
    (("--programs", "/nowhere"), "no programs in /nowhere: cmake --workflow --preset release"),
))
def test_what_cannot_be_made_is_told_in_a_line(tmp_path, words, said):
    done = make("--out", tmp_path / "out", "--programs", PROGRAMS, *words)
    assert done.returncode == 1
    assert said in done.stderr and "Traceback" not in done.stderr
    assert not list((tmp_path / "out").glob("*.img"))
