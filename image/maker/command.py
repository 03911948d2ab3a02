# SPDX-License-Identifier: Apache-2.0
"""Programs that the image is made with."""

import os
import subprocess

# Of everything that the image holds: the same for every build.
EPOCH = 1750000000


class Failed(Exception):
    """Told to whoever builds, without a trace."""


def environment():
    # What a file is named or sorted by is the same on every machine.
    return {"PATH": os.environ.get("PATH", ""), "HOME": os.environ.get("HOME", "/root"), "LC_ALL": "C.UTF-8",
            "TZ": "UTC", "SOURCE_DATE_EPOCH": str(EPOCH), "E2FSPROGS_FAKE_TIME": str(EPOCH),
            "DEBIAN_FRONTEND": "noninteractive", "MTOOLS_SKIP_CHECK": "1"}


def run(*words, cwd=None, given=None, more=None):
    """What it says on stdout. `more`: variables of its environment; None takes one away."""
    settings = {name: value for name, value in (environment() | (more or {})).items() if value is not None}
    try:
        done = subprocess.run([str(word) for word in words], cwd=cwd, input=given, text=True,
                              env=settings, capture_output=True, check=False)
    except FileNotFoundError as error:
        raise Failed(f"{words[0]} is not installed: see tests/support/packages") from error
    if done.returncode:
        said = "\n".join((done.stdout + done.stderr).strip().splitlines()[-20:])
        raise Failed(f"{' '.join(map(str, words[:6]))} ... failed:\n{said}")
    return done.stdout


def at_the_epoch(*words, **how):
    """For programs that write the time of now into what they make."""
    return run("faketime", "-f", "2025-06-15 15:06:40", *words, **how)
