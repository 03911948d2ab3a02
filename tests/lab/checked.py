# SPDX-License-Identifier: Apache-2.0
"""A unit whose checks are tried against servers, each of which runs once a test asks for it."""

import json

import pytest

import daemons
from daemons import PASSWORD

PACE = "interval 500ms timeout 400ms rise 1 fall 2"
# What the machine may hold up: looks at what a server says, not at how soon it does.
PATIENT = "interval 10s timeout 8s"


@pytest.fixture(scope="module")
def unit(bare_lab):
    """A unit without VIPs."""
    bare_lab.unit.start()
    bare_lab.unit.commit("set pool idle method nat")
    yield bare_lab.unit
    bare_lab.unit.stop()


def fixture_of(make):
    """A daemon for all tests of this file, made when the first one wants it."""

    @pytest.fixture(scope="module")
    def started(bare_lab, request):
        daemon = make(bare_lab, request)
        yield daemon
        daemon.kill()

    return started


web = fixture_of(lambda lab, _: daemons.Web(lab.servers[0], 8080))
redis = fixture_of(lambda lab, _: daemons.Redis(lab.servers[0], 6379))
redis_replica = fixture_of(lambda lab, request: daemons.Redis(
    lab.servers[1], 6379, primary=request.getfixturevalue("redis")))
redis_locked = fixture_of(lambda lab, _: daemons.Redis(
    lab.servers[0], 6390, password=PASSWORD, name="redis-locked"))
redis_loading = fixture_of(lambda lab, _: daemons.Redis(
    lab.servers[0], 6395, name="redis-loading"))
smtp = fixture_of(lambda lab, _: daemons.Smtp(lab.servers[0], 2525))
mariadb = fixture_of(lambda lab, _: daemons.MariaDb(lab.servers[0], 3306, 1))
mariadb_replica = fixture_of(lambda lab, request: daemons.MariaDb(
    lab.servers[1], 3306, 2, primary=request.getfixturevalue("mariadb")))
postgresql = fixture_of(lambda lab, _: daemons.PostgreSql(lab.servers[0], 5432))
postgresql_replica = fixture_of(lambda lab, request: daemons.PostgreSql(
    lab.servers[1], 5432, primary=request.getfixturevalue("postgresql")))
postgresql_shut = fixture_of(lambda lab, request: daemons.PostgreSql(
    lab.servers[2], 5432, primary=request.getfixturevalue("postgresql"), hot_standby="off"))
dns = fixture_of(lambda lab, _: daemons.Dns(lab.servers[0], 5353))
grpc = fixture_of(lambda lab, _: daemons.Grpc(lab.servers[0], 50051))


def tried(unit, endpoint, check, pace=PATIENT):
    """What `test check` says of a check that nobody has committed: passed or failed, and in words.

    Tried again where the machine stood still meanwhile: the unit then says that it cannot tell.
    """
    for _ in range(5):
        done = unit.yoke("-c", f"set pool tried server {endpoint}",
                         "-c", f"set pool tried check {check} {pace}",
                         "-c", f"test check tried {endpoint} | json", check=False)
        row = json.loads(done.stdout)["rows"][0]
        if "too busy to look" not in row["text"]:
            break
    assert (row["outcome"] == "passed") == (done.returncode == 0), done
    assert row["steps"], row
    return f"{row['outcome']}: {row['text']}"


def addressed(endpoint, port):
    return f"{endpoint.rpartition(':')[0]}:{port}"


def probes(unit, pool, server):
    return unit.show("check", pool, server)
