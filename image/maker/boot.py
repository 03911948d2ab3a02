# SPDX-License-Identifier: Apache-2.0
"""What the firmware starts: a unified kernel image a slot, signed, and the keys that it goes by."""

import pathlib

from maker.command import at_the_epoch, run

STUB = "/usr/lib/systemd/boot/efi/linuxx64.efi.stub"
LOADER = "/usr/lib/systemd/boot/efi/systemd-bootx64.efi"
OWNER = "f2d0c1a4-5a0e-4b0e-9d5c-6a1b2c3d4e5f"  # of the keys, in the firmware's lists
KINDS = ("PK", "KEK", "db")
# As far apart as a kernel needs that is unpacked in its place.
PLACES = {".osrel": 0x20000, ".cmdline": 0x30000, ".linux": 0x2000000, ".initrd": 0x3000000}


class Keys:
    """Of Secure Boot, below `folder`: those of a vendor, or made there for trials."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.are_new = not (self.folder / "db.key").exists()
        if self.are_new:
            self._make()

    def _make(self):
        self.folder.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o700)
        for kind in KINDS:
            run("openssl", "req", "-new", "-x509", "-newkey", "rsa:2048", "-nodes", "-sha256", "-days", 3650,
                "-subj", f"/CN=Yoke trial {kind}/", "-keyout", f"{kind}.key", "-out", f"{kind}.crt",
                cwd=self.folder)
            run("cert-to-efi-sig-list", "-g", OWNER, f"{kind}.crt", f"{kind}.esl", cwd=self.folder)
        for kind, by in (("PK", "PK"), ("KEK", "PK"), ("db", "KEK")):
            run("sign-efi-sig-list", "-t", "2025-01-01 00:00:00", "-k", f"{by}.key", "-c", f"{by}.crt",
                kind, f"{kind}.esl", f"{kind}.auth", cwd=self.folder)

    def sign(self, program, file):
        # A signature has its hour in it.
        at_the_epoch("sbsign", "--key", self.folder / "db.key", "--cert", self.folder / "db.crt",
                     "--output", file, program)

    def enrolments(self):
        """What systemd-boot gives to a firmware in setup mode."""
        return [self.folder / f"{kind}.auth" for kind in KINDS]


def command_line(board, slot, verity):
    """Of the kernel: the root, then what the board says."""
    words = [f"yoke.root={slot.name}", f"yoke.verity={verity}", "ro", "quiet", "loglevel=3", "panic=5",
             "systemd.getty_auto=no", "systemd.show_status=no"]
    words += ["console=tty0"]
    if board.serial:
        words.append(f"console={board.serial}")
    if board.huge_pages:
        words.append(f"hugepages={board.huge_pages}")
    if board.isolate:
        cores = board.isolate
        words += [f"isolcpus=managed_irq,domain,{cores}", f"nohz_full={cores}", f"rcu_nocbs={cores}"]
    return " ".join([*words, *board.kernel.split()])


def unify(kernel, initrd, words, version, folder, file):
    """The stub with kernel, initial RAM disk and command line in it."""
    (folder / "cmdline").write_text(words, "utf-8")
    (folder / "osrel").write_text(f'ID=yoke\nNAME=Yoke\nVERSION_ID={version}\nVERSION={version}\n'
                                  f'PRETTY_NAME="Yoke {version}"\n', "utf-8")
    parts = {".osrel": folder / "osrel", ".cmdline": folder / "cmdline", ".linux": kernel, ".initrd": initrd}
    options = []
    for name, path in parts.items():
        options += ["--add-section", f"{name}={path}", "--change-section-vma", f"{name}={PLACES[name]:#x}"]
    at_the_epoch("objcopy", *options, STUB, file)
