# SPDX-License-Identifier: Apache-2.0
"""Checks of every kind against the server they are for: well, and in each way of not being well,
which must be told in words."""

import contextlib
import json
import subprocess
import time

import pytest

import daemons
import waiting
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
    lab.servers[0], 6380, password=PASSWORD, name="redis-locked"))
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


WEB = [
    (8080, "http", "passed: http 200"),
    (8080, "http expect 200-299 body ready", "passed: http 200"),
    (8080, "http body gone", "body is 'all ready?', expected 'gone' in it"),
    (8080, "http /failing", "failed: http 503, expected 200"),
    (8080, "http /failing expect 503", "passed: http 503"),
    (8080, "http /named", "http 421, expected 200"),
    (8080, "http /named host www.lab.test", "http 428, expected 200"),
    (8080, 'http /named host www.lab.test header "X-Probe: yes"', "passed: http 200"),
    (8080, "http HEAD /failing expect 503", "passed: http 503"),
    (8081, "https", "passed: https 200"),
    (8081, "https /named sni www.lab.test header \"X-Probe: yes\"", "passed: https 200"),
    (8081, "https verify yes sni www.lab.test", "failed: https SSL certificate problem"),
    (8082, "https", "certificate ends in "),
    (8082, "https warn-days 0", "passed: https 200"),
    (8080, "https", "failed: https does not speak TLS"),
    (8081, "http", "failed: http 400"),
    (8080, "tcp", "passed: tcp connected"),
    (8080, r'tcp send "HEAD / HTTP/1.0\\r\\n\\r\\n" receive "200 OK"', "answered '200 OK'"),
    (8080, r'tcp send "HEAD /no HTTP/1.0\\r\\n\\r\\n" receive "200 OK"', "expected '200 OK'"),
    (8081, "tls", "passed: tls handshake"),
    (8081, "tls verify yes", "failed: tls certificate: self-signed certificate"),
    (8082, "tls", "certificate ends in "),
    (8080, "tls", "failed: tls does not speak TLS"),
    (8081, r'tls send "HEAD / HTTP/1.0\\r\\n\\r\\n" receive "200 OK"', "answered '200 OK'"),
    (8079, "http", "failed: http connection refused"),
    (8079, "https", "failed: https connection refused"),
    (8079, "tls", "failed: tls connection refused"),
    (8079, "tcp", "failed: tcp connection refused"),
]


@pytest.mark.parametrize("port, check, says", WEB)
def test_web_servers(unit, web, port, check, says):
    assert says in tried(unit, addressed(web.endpoint, port), check)


def test_a_web_server_that_does_not_come_to_an_end(unit, web):
    assert "timeout after 1s at " in tried(unit, web.endpoint, "http /slow",
                                           "interval 2s timeout 1s")
    with web.paused():
        assert "timeout after 1s at TLS handshake" in tried(
            unit, addressed(web.endpoint, 8081), "tls", "interval 2s timeout 1s")


def test_a_certificate_that_ends_soon_is_an_alarm_until_it_is_not_looked_at(unit, web):
    def standing():
        return {row["subject"]: row for row in unit.show("alarm")
                if row["alarm"] == "certificate-expires" and row["state"] == "raised"}
    ending, lasting = addressed(web.endpoint, 8082), addressed(web.endpoint, 8081)
    pools = {"fresh": ("https", lasting), "soon": ("https", ending), "late": ("tls", ending)}
    for name, (check, server) in pools.items():
        unit.commit(f"set pool {name} server {server}", f"set pool {name} check {check} {PACE}")
    waiting.until(lambda: set(standing()) == {"soon https", "late tls"}, "both are alarms", 20)
    soon = standing()["soon https"]
    assert f"certificate of {ending} ends in " in soon["text"] and soon["level"] == "warning"
    assert soon["next"] == "show check soon"
    row, = unit.show("check", "soon")
    assert abs(row["certificate_end"] - time.time() - 3 * 86400) < 86400
    unit.commit(*(f"delete pool {name}" for name in pools))
    waiting.until(lambda: not standing(), "it is over", 20)


@contextlib.contextmanager
def trusting(unit, certificate):
    """The unit's own list counts in place of the system's."""
    trusted = unit.root / "etc/yoke/trusted.pem"
    trusted.write_bytes(certificate.read_bytes())
    unit.mgmt.terminate()
    unit.start_mgmt()
    try:
        yield
    finally:
        trusted.unlink()
        unit.mgmt.terminate()
        unit.start_mgmt()


def test_certificates_that_the_unit_trusts(unit, web):
    with trusting(unit, web.certificate):
        endpoint = addressed(web.endpoint, 8081)
        for kind in ("tls", "https"):
            assert "passed" in tried(unit, endpoint, f"{kind} verify yes sni www.lab.test")
            assert "failed" in tried(unit, endpoint, f"{kind} verify yes sni other.lab.test")
            assert "failed" in tried(unit, addressed(web.endpoint, 8082), f"{kind} verify yes")


def test_redis(unit, redis, redis_replica):
    assert "passed: redis PONG" in tried(unit, redis.endpoint, "redis")
    assert "PONG, primary" in tried(unit, redis.endpoint, "redis role primary")
    assert "role is 'primary', expected replica" in tried(unit, redis.endpoint,
                                                          "redis role replica")
    waiting.until(lambda: "PONG, replica" in tried(unit, redis_replica.endpoint,
                                                   "redis role replica"), "the replica has its link")
    with redis.paused():
        assert "timeout after 1s at PING" in tried(unit, redis.endpoint, "redis",
                                                   "interval 2s timeout 1s")
    redis.kill()
    assert "failed: redis connection refused" in tried(unit, redis.endpoint, "redis")
    waiting.until(lambda: "no link to its primary: 'down'" in tried(
        unit, redis_replica.endpoint, "redis role replica"), "the replica has noticed")
    redis.start()


def test_redis_with_a_password(unit, redis_locked):
    endpoint = redis_locked.endpoint
    assert "passed" in tried(unit, endpoint, f'redis password "{PASSWORD}"')
    assert "passed" in tried(unit, endpoint, f'redis user default password "{PASSWORD}"')
    assert "PING refused: 'NOAUTH" in tried(unit, endpoint, "redis")
    assert "AUTH refused: 'WRONGPASS" in tried(unit, endpoint, "redis password no")


def test_smtp(unit, smtp, web):
    assert "passed: smtp ready" in tried(unit, smtp.endpoint, "smtp")
    assert "passed: smtp ready" in tried(unit, smtp.endpoint, "smtp tls yes")
    assert "smtp certificate: self-signed" in tried(unit, smtp.endpoint, "smtp tls yes verify yes")
    assert "smtp certificate ends in" not in tried(unit, smtp.endpoint, "smtp tls yes")
    assert "timeout after 1s at banner" in tried(unit, web.endpoint, "smtp",
                                                 "interval 2s timeout 1s")
    smtp.kill()
    assert "failed: smtp connection refused" in tried(unit, smtp.endpoint, "smtp")
    smtp.tls = False
    smtp.prepare()
    smtp.start()
    assert "STARTTLS is not offered" in tried(unit, smtp.endpoint, "smtp tls yes")
    assert "passed" in tried(unit, smtp.endpoint, "smtp")


def test_mariadb(unit, mariadb, web):
    account = f'user watch password "{PASSWORD}"'
    assert "passed: mysql '5.5.5-10." in tried(unit, mariadb.endpoint, "mysql")
    assert "passed: mysql logged in" in tried(unit, mariadb.endpoint, f"mysql {account}")
    assert "passed: mysql logged in" in tried(unit, mariadb.endpoint, f"mysql {account} tls yes")
    assert "certificate: self-signed" in tried(unit, mariadb.endpoint,
                                               f"mysql {account} tls yes verify yes")
    assert "passed: mysql primary" in tried(unit, mariadb.endpoint, f"mysql {account} role primary")
    assert "read_only is '0', expected a replica" in tried(unit, mariadb.endpoint,
                                                           f"mysql {account} role replica")
    assert "login refused: 1045" in tried(unit, mariadb.endpoint, "mysql user watch password no")
    assert "replicates from nobody" in tried(unit, mariadb.endpoint, f"mysql {account} lag-max 5s")
    assert "timeout after 1s at greeting" in tried(unit, web.endpoint, "mysql",
                                                   "interval 2s timeout 1s")
    with mariadb.paused():
        assert "timeout after 1s at greeting" in tried(unit, mariadb.endpoint, "mysql",
                                                       "interval 2s timeout 1s")
    # A check with an account ends each connection in order: the server has nothing to complain of.
    assert mariadb.sql("SHOW STATUS LIKE 'Aborted_clients'").split()[-1] == "0"


def test_a_replica_of_mariadb(unit, mariadb, mariadb_replica):
    account = f'user watch password "{PASSWORD}"'
    endpoint = mariadb_replica.endpoint
    healthy = f"mysql {account} role replica lag-max 30s"
    waiting.until(lambda: "passed: mysql replica, 0s behind" in tried(unit, endpoint, healthy),
                  "the replica replicates")
    assert "read_only is '1', expected a primary" in tried(unit, endpoint,
                                                           f"mysql {account} role primary")
    mariadb_replica.sql("STOP SLAVE")
    assert "replication does not run" in tried(unit, endpoint, healthy)
    mariadb_replica.follow(delay_s=3600)
    mariadb.run("mariadb", "--no-defaults", f"--socket={mariadb.folder}/socket", "--user=root",
                "-e", "CREATE DATABASE IF NOT EXISTS late")
    waiting.until(lambda: "behind, expected at most 1s" in tried(
        unit, endpoint, f"mysql {account} role replica lag-max 1s"), "the replica is behind")
    mariadb_replica.kill()
    assert "connection refused" in tried(unit, endpoint, healthy)


def test_postgresql(unit, postgresql, web):
    watch, old = (f'user {name} password "{PASSWORD}" database postgres'
                  for name in ("watch", "old"))
    endpoint = postgresql.endpoint
    assert "passed: postgresql takes logins" in tried(unit, endpoint, "postgresql")
    assert "passed: postgresql takes logins" in tried(unit, endpoint, "postgresql tls yes")
    assert "passed: postgresql logged in" in tried(unit, endpoint, f"postgresql {watch}")
    assert "passed: postgresql logged in" in tried(unit, endpoint, f"postgresql {watch} tls yes")
    assert "passed: postgresql logged in" in tried(unit, endpoint, f"postgresql {old}")
    plain = f'postgresql user plain password "{PASSWORD}" database postgres'
    for tls in ("", "tls yes"):
        assert "told to a verified server alone" in tried(unit, endpoint, f"{plain} {tls}")
    with trusting(unit, postgresql.certificate):
        assert "passed: postgresql logged in" in tried(
            unit, endpoint, f"{plain} tls yes verify yes sni pg.lab.test")
    assert "certificate: self-signed" in tried(unit, endpoint, "postgresql tls yes verify yes")
    assert "passed: postgresql primary" in tried(unit, endpoint, f"postgresql {watch} role primary")
    assert "is not in recovery, expected a replica" in tried(unit, endpoint,
                                                             f"postgresql {watch} role replica")
    assert "login refused: '28P01'" in tried(
        unit, endpoint, "postgresql user watch password no database postgres")
    assert "login refused: '3D000'" in tried(
        unit, endpoint, f'postgresql user watch password "{PASSWORD}" database none')
    assert "closed at startup, got 'HTTP/1.1 400" in tried(unit, web.endpoint, "postgresql")
    with postgresql.paused():
        assert "timeout after 1s at startup" in tried(unit, endpoint, "postgresql",
                                                      "interval 2s timeout 1s")


def test_a_standby_of_postgresql(unit, postgresql, postgresql_replica, postgresql_shut):
    watch = f'user watch password "{PASSWORD}" database postgres'
    endpoint = postgresql_replica.endpoint
    waiting.until(lambda: "passed: postgresql replica" in tried(
        unit, endpoint, f"postgresql {watch} role replica"), "the standby takes logins")
    assert "is in recovery, expected a primary" in tried(unit, endpoint,
                                                         f"postgresql {watch} role primary")
    assert "startup refused: '57P03'" in tried(unit, postgresql_shut.endpoint, "postgresql")
    postgresql_replica.kill()
    assert "connection refused" in tried(unit, endpoint, "postgresql")


def test_dns(unit, dns):
    endpoint = dns.endpoint
    for transport in ("udp", "tcp"):
        dns_by = f"dns transport {transport}"
        assert "NOERROR, 1 record" in tried(unit, endpoint, f"{dns_by} query www.lab.test")
        assert "passed" in tried(unit, endpoint,
                                 f"{dns_by} query www.lab.test type AAAA answer 2001:db8::80")
        assert "passed" in tried(unit, endpoint,
                                 f'{dns_by} query lab.test type MX answer "10 mx.lab.test"')
        assert "passed" in tried(unit, endpoint,
                                 f'{dns_by} query note.lab.test type TXT answer "all is well"')
        assert "answered '192.0.2.80', expected '192.0.2.1'" in tried(
            unit, endpoint, f"{dns_by} query www.lab.test answer 192.0.2.1")
        assert "NXDOMAIN, expected NOERROR" in tried(unit, endpoint,
                                                     f"{dns_by} query no.lab.test")
        assert "passed: dns NXDOMAIN" in tried(unit, endpoint,
                                               f"{dns_by} query no.lab.test rcode NXDOMAIN")
        assert "REFUSED, expected NOERROR" in tried(unit, endpoint, f"{dns_by} query elsewhere.test")
    question = r"\\x00\\x01\\x01\\x00\\x00\\x01\\x00\\x00\\x00\\x00\\x00\\x00" \
        r"\\x03www\\x03lab\\x04test\\x00\\x00\\x01\\x00\\x01"
    assert "passed: udp answered" in tried(unit, endpoint, f'udp send "{question}" receive www')
    assert "expected 'mail'" in tried(unit, endpoint, f'udp send "{question}" receive mail')
    with dns.paused():
        for kind in ("dns", f'udp send "{question}"'):
            assert "timeout after 1s at answer" in tried(unit, endpoint, kind,
                                                         "interval 2s timeout 1s")
    dns.kill()
    for kind in ("dns", f'udp send "{question}"'):
        assert "connection refused" in tried(unit, endpoint, kind)
    dns.start()


def test_grpc(unit, grpc, web):
    endpoint, secure = grpc.endpoint, addressed(grpc.endpoint, 50052)
    assert "passed: grpc SERVING" in tried(unit, endpoint, "grpc")
    assert "passed: grpc SERVING" in tried(unit, endpoint, "grpc service shop")
    assert "passed: grpc SERVING" in tried(unit, secure, "grpc tls yes sni grpc.lab.test")
    assert "SSL certificate problem" in tried(unit, secure, "grpc tls yes verify yes")
    assert "failed: grpc NOT_SERVING" in tried(unit, endpoint, "grpc service closed")
    assert "status '5': 'unknown service'" in tried(unit, endpoint, "grpc service other")
    assert "failed: grpc " in tried(unit, web.endpoint, "grpc")
    with grpc.paused():
        assert "timeout after 1s at answer" in tried(unit, endpoint, "grpc",
                                                     "interval 2s timeout 1s")
    grpc.kill()
    assert "grpc connection refused" in tried(unit, endpoint, "grpc")


def test_ping(unit, bare_lab):
    server = bare_lab.servers[2]
    for endpoint in (server.endpoint(4), server.endpoint(6)):
        assert "passed: icmp reply" in tried(unit, endpoint, "icmp")
    server.namespace.sysctl("ipv4/icmp_echo_ignore_all", 1)
    assert "timeout after 1s at reply" in tried(unit, server.endpoint(4), "icmp",
                                                "interval 2s timeout 1s")
    server.namespace.sysctl("ipv4/icmp_echo_ignore_all", 0)
    # The way of a unit that is not root.
    unit.namespace.sysctl("ipv4/ping_group_range", "0 2147483647")
    for endpoint in (server.endpoint(4), server.endpoint(6)):
        assert "passed: icmp reply" in tried(unit, endpoint, "icmp")


def probes(unit, pool, server):
    return unit.show("check", pool, server)


def test_a_server_that_is_taken_out_is_explained(unit, web, redis):
    """Two checks, of which all, any, or so many must pass; and what each saw last."""
    server = web.server.endpoint(4)
    unit.commit(f"set pool both server {server}",
                f"set pool both check http:ok port 8080 {PACE}",
                f"set pool both check http:bad /failing port 8080 {PACE}")
    unit.until_servers("down", [("both", server)])
    rows = probes(unit, "both", server)
    bad = [row for row in rows if row["check"] == "http:bad"]
    assert bad[-1]["outcome"] == "failed"
    assert bad[-1]["text"] == "http 503, expected 200"
    assert [step["text"] for step in bad[-1]["steps"]][:2] == [
        "connected", "HTTP/1.1 503 Service Temporarily Unavailable"]
    unit.commit("set pool both require any")
    unit.until_servers("up", [("both", server)])
    unit.commit("set pool both require 2")
    unit.until_servers("down", [("both", server)])
    text = unit.yoke("show", "check", "both", server).stdout
    assert "http 503, expected 200" in text
    assert max(map(len, unit.lines_on_screen("show", "check", "both", server))) <= 80
    unit.commit("delete pool both")


SCRIPTS = [
    ("exit 0", "passed: script status 0"),
    ("echo 3 of 4 disks", "passed: script 3 of 4 disks"),
    ("echo '1 of 4 disks'; exit 2", "failed: script status 2: 1 of 4 disks"),
    ("echo no route to the array >&2; exit 1", "failed: script status 1: no route to the array"),
    ("echo busy; exit 75", "not tried: script busy"),
    ("no-such-command", "not tried: script status 127"),
    ("kill -SEGV $$", "failed: script was ended by signal 11"),
    ("yes", "failed: script said more than is read"),
    ('curl -sf "http://$1:$2/" >/dev/null && echo by HTTP', "passed: script by HTTP"),
    ('curl -sf "http://$1:1/" >/dev/null', "failed: script status 7"),
    ('[ "$3" = "30 s" ] && echo "$YOKE_POOL" "$YOKE_CHECK"', "passed: script tried script"),
    ("{ ls {root}/var/lib/yoke; ls {root}/run/yoke; } | grep -q . || echo hidden",
     "passed: script hidden"),
    ("ls {root}/etc/yoke", "passed: script checks"),
    ("touch {root}/etc/yoke/checks/mark /var/tmp/mark 2>/dev/null || touch /tmp/mark && echo own",
     "passed: script own"),
]


@pytest.fixture(scope="module")
def script(unit):
    """Writes the script that `program probe` names."""
    folder = unit.root / "etc/yoke/checks"
    folder.mkdir(mode=0o755)

    def write(text, mode=0o755):
        path = folder / "probe"
        path.write_text("#!/bin/sh\n" + text.replace("{root}", str(unit.root)) + "\n",
                        encoding="utf-8")
        path.chmod(mode)
        return path

    return write


@pytest.mark.parametrize("text, says", SCRIPTS)
def test_scripts(unit, web, script, text, says):
    script(text)
    assert says in tried(unit, web.endpoint, 'script program probe argument "30 s"')


def test_scripts_that_are_not_run(unit, web, script):
    check = "script program probe"
    path = script("exit 0", 0o777)
    assert f"not tried: {path} is for others to change: chmod go-w" in tried(
        unit, web.endpoint, check)
    path.chmod(0o644)
    assert "is not for all to run: chmod 755" in tried(unit, web.endpoint, check)
    unit.commit(f"set pool shut server {web.endpoint}", f"set pool shut check {check} {PACE}")
    waiting.until(lambda: f"chmod 755 {path}" in unit.yoke(
        "show", "check", "shut", web.endpoint).stdout, "it says what to do")

    def standing():
        return [row for row in unit.show("alarm")
                if row["alarm"] == "check-not-tried" and row["state"] == "raised"]

    waiting.until(standing, "nobody has to look there to find out", 60)
    assert "chmod 755" in standing()[0]["text"] and standing()[0]["next"] == "show check shut"
    unit.commit("delete pool shut")
    waiting.until(lambda: not standing(), "the alarm is gone with its check")
    path.unlink()
    assert f"not tried: {path} is missing" in tried(unit, web.endpoint, check)
    refused = unit.yoke("-c", "set pool bad check script program ../../bin/sh", check=False)
    assert refused.returncode == 2 and "E-102" in refused.stderr, refused


def test_a_script_takes_a_server_out_and_is_killed_when_it_hangs(unit, web, script):
    server = web.endpoint
    script('curl -sf "http://$1:$2/" >/dev/null')
    unit.commit(f"set pool own server {server}", f"set pool own check script program probe {PACE}")
    unit.until_servers("up", [("own", server)])
    script("setsid sleep 98765 & exec sleep 98765")
    unit.until_servers("down", [("own", server)])
    last = probes(unit, "own", server)[-1]
    assert last["text"] == "timeout after 400ms at script", last
    assert last["steps"][-1]["text"] == "killed: it was out of time"
    assert max(map(len, unit.lines_on_screen("show", "check", "own", server))) <= 80
    unit.commit("delete pool own")
    waiting.until(lambda: not sleeping(), "what was under way is gone with its check")


def sleeping():
    """Processes of the script that hangs."""
    found = subprocess.run(["pgrep", "-f", "^sleep 98765"], check=False, capture_output=True)
    return found.stdout.split()


def test_a_bad_server_does_not_pass_and_is_back_once_it_is_well(unit, redis):
    server = redis.endpoint
    unit.commit(f"set pool cache server {server}", f"set pool cache check redis {PACE}")
    unit.until_servers("up", [("cache", server)])
    redis.kill()
    unit.until_servers("down", [("cache", server)])
    assert probes(unit, "cache", server)[-1]["text"] == "redis connection refused"
    redis.start()
    unit.until_servers("up", [("cache", server)])
    unit.commit("delete pool cache")


def test_passwords_are_shown_to_those_alone_who_ask_for_them(unit, redis_locked):
    server = redis_locked.endpoint
    unit.commit(f"set pool vault server {server}",
                f'set pool vault check redis password "{PASSWORD}" {PACE}')
    unit.until_servers("up", [("vault", server)])
    shown = unit.yoke("show", "configuration").stdout
    assert PASSWORD not in shown and "password ********" in shown
    assert PASSWORD in unit.yoke("show", "configuration", "secrets").stdout
    assert PASSWORD not in json.dumps(probes(unit, "vault", server))
    changed = unit.yoke("-c", 'set pool vault check redis password "another one"', "-c", "diff")
    assert "another one" not in changed.stdout and PASSWORD not in changed.stdout
    # What was shown can be given back: nothing is lost by it.
    file = unit.root / "shown.conf"
    file.write_text(shown, encoding="utf-8")
    before = unit.manage("config")["revision"]
    unit.yoke("apply", file)
    assert unit.manage("config")["revision"] == before
    assert PASSWORD in unit.yoke("show", "configuration", "secrets").stdout
    assert PASSWORD not in unit.mgmt.log.read_text(encoding="utf-8", errors="replace")
    unit.commit("delete pool vault")
