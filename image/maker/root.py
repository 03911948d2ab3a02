# SPDX-License-Identifier: Apache-2.0
"""The unit's root: Debian's packages as locked, the programs of a build, what belongs to the image,
and nothing that tells when or where it was made."""

import glob
import hashlib
import os
import pathlib
import shutil

from maker.command import EPOCH, Failed, run

HERE = pathlib.Path(__file__).resolve().parents[1]
DPKG_LEAVES_OUT = ("doc", "man", "info", "locale", "bash-completion", "lintian", "zsh", "bug")
ENABLED = ("chrony", "ssh", "systemd-networkd", "yoke-dataplane", "yoke-hardware", "yoke-mgmt",
           "yoke-pair", "yoke-snmp", "yoke-host-keys", "yoke-system.path", "yoke-system.timer",
           "yoke-network.path", "yoke-network.timer", "yoke-chrony.path", "yoke-chrony.timer")
# They want to write where nothing can be, or ask what nobody here answers.
MASKED = ("apt-daily.timer", "apt-daily-upgrade.timer", "dpkg-db-backup.timer", "e2scrub_all.timer",
          "e2scrub_reap", "fstrim.timer", "getty@tty1", "networking", "snmpd",
          "systemd-firstboot", "systemd-machine-id-commit", "systemd-networkd-wait-online",
          "systemd-pstore", "systemd-remount-fs", "systemd-sysusers", "systemd-update-utmp")
LINKS = {"etc/resolv.conf": "/run/yoke-system/resolv.conf",
         "etc/localtime": "/run/yoke-system/localtime", "etc/mtab": "../proc/self/mounts"}


def words_of(name):
    """Of a list: a word a line, without comments."""
    lines = (line.partition("#")[0].strip() for line in (HERE / name).read_text("utf-8").splitlines())
    return [line for line in lines if line]


def unpack(root, cache, wanted):
    """Debian's packages at `root`, from the places that this machine knows, or as they were fetched
    before for the same lists. `wanted`: image/build's --packages."""
    lists = [(HERE / name).read_bytes() for name in ("root/packages", "root/packages.lock")
             if (HERE / name).exists()]
    kept = cache / f"packages-{hashlib.sha256(b'|'.join(lists)).hexdigest()[:16]}.tar"
    if wanted == "relock" or not kept.exists():
        fetch(kept)
    root.mkdir()
    run("tar", "-C", root, "--numeric-owner", "-xpf", kept)


def fetch(archive):
    sources = [path for path in ("/etc/apt/sources.list.d/debian.sources", "/etc/apt/sources.list")
               if os.path.exists(path)][:1]
    left_out = [f"--dpkgopt=path-exclude=/usr/share/{name}/*" for name in DPKG_LEAVES_OUT]
    archive.parent.mkdir(parents=True, exist_ok=True)
    run("mmdebstrap", "--variant=minbase", "--format=tar", "--mode=root",
        f"--include={','.join(words_of('root/packages'))}",
        "--aptopt=Apt::Install-Recommends false", *left_out, "bookworm", f"{archive}.new", *sources)
    pathlib.Path(f"{archive}.new").replace(archive)


def installed(root):
    """[(package, version)] of what dpkg knows there."""
    lines = run("dpkg-query", f"--admindir={root}/var/lib/dpkg", "-W",
                "-f", "${Package} ${Version}\n").splitlines()
    return sorted(tuple(line.split()) for line in lines)


def check_lock(found, wanted):
    """Refuses what differs from packages.lock, or returns lines about it, or locks it."""
    lock = HERE / "root/packages.lock"
    if wanted == "relock" or not lock.exists():
        lock.write_text("".join(f"{name} {version}\n" for name, version in found), "utf-8")
        return []
    before = dict(line.split() for line in lock.read_text("utf-8").splitlines())
    now = dict(found)
    drift = [f"  {name}: {before.get(name, 'not there')} -> {now.get(name, 'not there')}"
             for name in sorted(before.keys() | now.keys()) if before.get(name) != now.get(name)]
    if drift and wanted == "locked":
        raise Failed("Debian's packages are others than image/root/packages.lock says:\n" +
                     "\n".join(drift) + "\nIf they are wanted: --packages relock, and commit the list")
    return ["other packages than locked:", *drift] if drift else []


def install(root, build, board):
    """The programs of a build, the board's file and the image's own files."""
    run("cmake", "--install", build, "--prefix", "/usr", "--strip", more={"DESTDIR": str(root)})
    shutil.copytree(HERE / "root/files", root, dirs_exist_ok=True)
    for unit in sorted((HERE / "root/units").iterdir()):
        shutil.copy(unit, root / "usr/lib/systemd/system")
    for copy, place in (("sshd.conf", "etc/ssh/sshd_config.d/50-yoke.conf"),
                        ("chrony.conf", "etc/chrony/conf.d/yoke.conf")):
        shutil.copy(root / "usr/share/yoke/system" / copy, root / place)
    run("systemd-sysusers", f"--root={root}")
    for folder in ("etc/yoke/notify", "etc/yoke/checks", "data"):
        (root / folder).mkdir(parents=True, exist_ok=True)
    (root / "etc/yoke/board.conf").symlink_to(f"/usr/share/yoke/board/{board.name}/board.conf")


def settle(root, board):
    """Which units run; the machine's settings are where the configuration has them."""
    serial = board.serial.partition(",")[0]
    consoles = [f"yoke-console@{name}" for name in ("tty1", serial) if name]
    run("systemctl", f"--root={root}", "--quiet", "enable", *ENABLED, *consoles)
    run("systemctl", f"--root={root}", "--quiet", "mask", *MASKED)
    run("systemctl", f"--root={root}", "--quiet", "set-default", "multi-user.target")
    shutil.copy(root / "usr/share/systemd/tmp.mount", root / "etc/systemd/system/tmp.mount")
    run("systemctl", f"--root={root}", "--quiet", "enable", "tmp.mount")


def name_interfaces(root, board):
    """As printed on the case; systemd's own names stay those of all others."""
    for name, address in board.interfaces.items():
        (root / f"usr/lib/systemd/network/10-yoke-{name}.link").write_text(
            f"[Match]\nPath=pci-{address}\n\n[Link]\nName={name}\n", "utf-8")


def trim(root):
    """What no unit needs, and what would differ from build to build or be a secret."""
    for pattern in words_of("root/unwanted"):
        for path in glob.glob(str(root / pattern), include_hidden=True):
            if os.path.islink(path) or not os.path.isdir(path):
                os.unlink(path)
            else:
                shutil.rmtree(path)
    for place, target in LINKS.items():
        (root / place).unlink(missing_ok=True)
        (root / place).symlink_to(target)
    (root / "etc/hostname").write_text("yoke\n", "utf-8")
    (root / "etc/machine-id").write_text("", "utf-8")
    for name in ("passwd-", "shadow-", "group-", "gshadow-", "ld.so.cache~", ".pwd.lock", "fstab"):
        (root / "etc" / name).unlink(missing_ok=True)
    run("ldconfig", "-r", root)
    (root / "var/cache/ldconfig/aux-cache").unlink(missing_ok=True)


def squash(root, image):
    """One file, whose bytes depend on what is in it alone."""
    image.unlink(missing_ok=True)
    run("mksquashfs", root, image, "-comp", "zstd", "-Xcompression-level", 19, "-noappend", "-quiet",
        "-no-progress", "-no-exports", "-reproducible", "-all-time", EPOCH, "-mkfs-time", EPOCH,
        more={"SOURCE_DATE_EPOCH": None})
