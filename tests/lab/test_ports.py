# SPDX-License-Identifier: Apache-2.0
"""Ports of other kinds and several workers."""

import json
import pathlib
import subprocess

import pytest

import topology
import traffic
import waiting


def laid(cores, device):
    lab = topology.Lab(cores=cores, device=device)
    lab.unit.start()
    lab.configure_everything()
    return lab


@pytest.fixture(scope="module", params=[("any", "af_packet:eth0"), ("0,1", "af_packet:eth0")],
                ids=["one worker", "two workers"])
def lab(request):
    with laid(*request.param) as made:
        made.workers = 2 if "," in request.param[0] else 1
        yield made
        made.unit.stop()


@pytest.mark.parametrize("name", ("web", "web6", "direct", "direct6"))
def test_no_request_fails_on_af_packet(lab, name):
    requests = traffic.Traffic(lab.client, topology.vip(name, brackets=False), 600).wait()
    assert not traffic.failed(requests)
    assert len(traffic.per_server(requests)) == 3


def test_every_worker_takes_its_part(lab):
    traffic.Traffic(lab.client, topology.NAT4, 600).wait()
    workers = lab.unit.counters()["workers"]
    assert len(workers) == lab.workers
    for worker in workers:
        assert worker["rx"] > 300, workers


def test_every_packet_is_accounted_for_by_each_worker(lab):
    def even():
        return all(worker["rx"] + worker["taken_over"] == worker["tx"] + worker["replied"] +
                   worker["punted"] + worker["handed_over"] + sum(worker["drops"].values())
                   for worker in lab.unit.counters()["workers"])

    waiting.until(even, "rx + taken_over = tx + replied + punted + handed_over + drops")


def test_dpdk_telemetry_answers_with_our_counters(lab):
    # The program looks below the daemon's runtime folder, as systemd gives it.
    folder = next(pathlib.Path(lab.unit.root).rglob("dpdk_telemetry.v2")).parent
    said = subprocess.run(
        ["dpdk-telemetry.py", "--file-prefix", folder.name], input="/yoke/workers\n/ethdev/list\n",
        capture_output=True, text=True, timeout=20, check=True,
        env={"PATH": "/usr/bin", "RUNTIME_DIRECTORY": str(folder.parent.parent)}).stdout
    workers = next(json.loads(line) for line in said.splitlines() if "/yoke/workers" in line)
    assert len(workers["/yoke/workers"]) == lab.workers
    for worker in workers["/yoke/workers"].values():
        assert worker["rx"] > 0
