# SPDX-License-Identifier: Apache-2.0
"""Checks of every kind against the server they are for: well, and in each way of not being well,
which must be told in words."""

import contextlib
import json
import time

import pytest

import waiting
from checked import PACE, addressed, probes, tried
from checked import (dns, grpc, mariadb, mariadb_replica, postgresql, postgresql_replica,
                     postgresql_shut, redis, redis_loading, redis_locked, redis_replica, smtp, unit, web)
from daemons import PASSWORD

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
    (8083, "https", "certificate ended "),
    (8083, "tls", "certificate ended "),
    (8080, "http /closed", "failed: http closed without an answer"),
    (8081, "https /closed", "failed: https closed without an answer"),
    (8080, r'tcp send "GET /closed HTTP/1.0\\r\\n\\r\\n" receive "200"', "failed: tcp closed"),
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
        for kind in ("tls", "https", "grpc tls yes"):
            assert "timeout after 1s at TLS handshake" in tried(
                unit, addressed(web.endpoint, 8081), kind, "interval 2s timeout 1s")
        for kind, step in {"http": "answer", 'tcp send "x" receive "y"': "answer"}.items():
            assert f"timeout after 1s at {step}" in tried(unit, web.endpoint, kind,
                                                          "interval 2s timeout 1s")


def test_a_machine_that_is_not_there(unit):
    """Nobody answers ARP, which the kernel tells in the end."""
    for kind in ("tcp", "http", "https", "tls", "grpc", "smtp", "redis", "mysql", "postgresql",
                 "dns transport tcp", "icmp"):
        said = tried(unit, "10.9.0.77:80", kind, "interval 1s timeout 300ms")
        step = "reply" if kind == "icmp" else "connect"
        assert f"timeout after 300ms at {step}" in said or "host unreachable" in said, said


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
    with trusting(unit, web.ended):
        for kind in ("tls", "https"):
            assert "certificate has expired" in tried(
                unit, addressed(web.endpoint, 8083), f"{kind} verify yes sni ended.lab.test")


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


def test_a_replica_of_redis_that_serves_nothing_without_its_primary(unit, redis, redis_replica):
    redis_replica.tell("CONFIG", "SET", "replica-serve-stale-data", "no")
    with redis.paused():
        redis_replica.tell("CONFIG", "SET", "repl-timeout", "1")
        waiting.until(lambda: "PING refused: 'MASTERDOWN Link with MASTER is down" in tried(
            unit, redis_replica.endpoint, "redis"), "it has missed its primary", 30)
    redis_replica.tell("CONFIG", "SET", "replica-serve-stale-data", "yes")
    redis_replica.tell("CONFIG", "SET", "repl-timeout", "60")
    waiting.until(lambda: "passed: redis PONG, replica" in tried(
        unit, redis_replica.endpoint, "redis role replica"), "it has its primary again", 60)


def test_redis_that_still_reads_what_it_has_kept(unit, redis_loading):
    """It is slow at it, as one with much to read would be."""
    assert "passed: redis PONG" in tried(unit, redis_loading.endpoint, "redis")
    redis_loading.tell("DEBUG", "POPULATE", "20000", "key", "100")
    redis_loading.tell("SAVE")
    redis_loading.kill()
    redis_loading.load_delay_us = 1000
    redis_loading.start()
    assert "PING refused: 'LOADING Redis is loading the dataset in memory" in tried(
        unit, redis_loading.endpoint, "redis")
    waiting.until(lambda: "passed: redis PONG" in tried(unit, redis_loading.endpoint, "redis"),
                  "it has read all", 60)


def test_redis_with_a_password(unit, redis_locked):
    endpoint = redis_locked.endpoint
    assert "passed" in tried(unit, endpoint, f'redis password "{PASSWORD}"')
    assert "passed" in tried(unit, endpoint, f'redis user default password "{PASSWORD}"')
    assert "PING refused: 'NOAUTH" in tried(unit, endpoint, "redis")
    assert "AUTH refused: 'WRONGPASS" in tried(unit, endpoint, "redis password no")


def test_redis_by_tls(unit, redis):
    secure = addressed(redis.endpoint, redis.port + 1)
    assert "passed: redis PONG" in tried(unit, secure, "redis tls yes")
    assert "redis certificate: self-signed" in tried(unit, secure, "redis tls yes verify yes")
    with trusting(unit, redis.certificate):
        assert "passed: redis PONG" in tried(unit, secure,
                                             "redis tls yes verify yes sni redis.lab.test")
    assert "redis connection reset at PING" in tried(unit, secure, "redis")
    assert "timeout after 1s at TLS handshake" in tried(unit, redis.endpoint, "redis tls yes",
                                                        "interval 2s timeout 1s")


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
    with smtp.paused():
        assert "timeout after 1s at banner" in tried(unit, smtp.endpoint, "smtp",
                                                     "interval 2s timeout 1s")
    smtp.kill()
    smtp.refuses = True
    smtp.prepare()
    smtp.start()
    assert "failed: smtp banner answered '554 SMTP service not available', expected 220" in tried(
        unit, smtp.endpoint, "smtp")
    smtp.kill()
    smtp.refuses, smtp.tls = False, True
    smtp.prepare()
    smtp.start()


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


def test_mariadb_that_has_no_connection_left(unit, mariadb):
    """It greets one more than it lets in, who might be there to see to it."""
    account = f'mysql user watch password "{PASSWORD}"'
    before = mariadb.sql("SELECT @@max_connections").split()[-1]
    mariadb.sql("SET GLOBAL max_connections = 10")
    held = [mariadb.namespace.start(
        "held", "mariadb", "--no-defaults", f"--host={mariadb.address}", f"--port={mariadb.port}",
        "--user=watch", f"--password={PASSWORD}", "-e", "SELECT SLEEP(60)") for _ in range(10)]
    try:
        waiting.until(lambda: "login refused: 1040 'Too many connections'" in tried(
            unit, mariadb.endpoint, account), "all are taken", 30)
    finally:
        for each in held:
            each.kill()
        waiting.until(lambda: "passed" in tried(unit, mariadb.endpoint, account), "it is well again")
        mariadb.sql(f"SET GLOBAL max_connections = {before}")


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


def test_postgresql_that_has_no_connection_left_for_an_account(unit, postgresql):
    watch = f'postgresql user watch password "{PASSWORD}" database postgres'
    postgresql.sql("ALTER ROLE watch CONNECTION LIMIT 0")
    try:
        assert "login refused: '53300' 'too many connections for role" in tried(
            unit, postgresql.endpoint, watch)
    finally:
        postgresql.sql("ALTER ROLE watch CONNECTION LIMIT -1")
    assert "passed" in tried(unit, postgresql.endpoint, watch)


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
