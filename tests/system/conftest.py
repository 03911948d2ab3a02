# SPDX-License-Identifier: Apache-2.0
"""Fixtures of the boxes: the image under test, the network around, a deadline for every test."""

import os
import pathlib
import signal
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "lab"))

import topology  # noqa: E402

DEADLINE_S = 1200
IMAGE = pathlib.Path(os.environ.get("YOKE_IMAGE", "build/image")).resolve()


def pytest_configure(config):
    config.addinivalue_line("markers", "deadline(seconds): other than the usual one")
    if "YOKE_HUGE_PAGES" not in os.environ:
        pytest.exit("this makes namespaces and processes: tests/run system", returncode=2)


@pytest.fixture(autouse=True)
def deadline(request):
    """Fails a test that hangs, wherever it does."""
    marker = request.node.get_closest_marker("deadline")
    seconds = marker.args[0] if marker else DEADLINE_S

    def too_late(*_):
        raise TimeoutError(f"the test has taken {seconds} s")

    signal.signal(signal.SIGALRM, too_late)
    signal.alarm(seconds)
    yield
    signal.alarm(0)


@pytest.fixture(scope="session", name="image")
def _image():
    """The disk that image/build made for board qemu-q35."""
    found = sorted(IMAGE.glob("yoke-*-qemu-q35.img"))
    assert len(found) == 1, f"expected one image in {IMAGE}, found {found}: tests/run system"
    return found[0]


@pytest.fixture(scope="module", name="net")
def _net():
    """A client and three servers on a switch, and no unit."""
    with topology.Network() as network:
        yield network
