# SPDX-License-Identifier: Apache-2.0
"""What a board file says of booting; hal/board.h reads it for the daemons and judges it all."""

import configparser
import dataclasses
import pathlib
import subprocess

from maker.command import Failed

BOARDS = pathlib.Path(__file__).resolve().parents[2] / "board"


@dataclasses.dataclass(frozen=True)
class Board:
    name: str
    serial: str
    huge_pages: int
    isolate: str
    kernel: str
    interfaces: dict  # name: PCI address, of the cards that stay the kernel's


def read(name):
    path = BOARDS / name / "board.conf"
    if not path.is_file():
        known = ", ".join(sorted(each.parent.name for each in BOARDS.glob("*/board.conf")))
        raise Failed(f"there is no board '{name}'; expected one of {known}")
    parser = configparser.ConfigParser(inline_comment_prefixes=("#",), interpolation=None)
    parser.read(path, "utf-8")
    boot = parser["boot"] if parser.has_section("boot") else {}
    prefix = "interface."
    interfaces = {each.removeprefix(prefix): parser[each]["slot"]
                  for each in parser.sections() if each.startswith(prefix)}
    return Board(name, boot.get("serial", ""), int(boot.get("huge_pages", 0)), boot.get("isolate", ""),
                 boot.get("kernel", ""), interfaces)


def judge(board, program):
    """A file that these programs do not understand makes no image: `program` is their yoke-board, whose
    status is 2 for that, and others for what only the box itself can tell."""
    done = subprocess.run([program, "check", BOARDS / board.name / "board.conf"], capture_output=True,
                          text=True, check=False)
    if done.returncode not in (0, 1):
        raise Failed(f"board {board.name}: {(done.stderr or done.stdout).strip()}")
