# SPDX-License-Identifier: Apache-2.0
"""Checks of each kind at the servers of all others, as by a port mistaken: those alone pass that are
meant for each other, and all others fail soon and say how."""

import json
import re

from checked import dns, grpc, mariadb, postgresql, redis, smtp, unit, web

# Each at the servers that it passes at.
CHECKS = {"http": ["web"], "https": ["secure web"], "tls": ["secure web"], "grpc": ["grpc"],
          "grpc:secure tls yes": [], "smtp": ["smtp"], "redis": ["redis"], "mysql": ["mariadb"],
          "postgresql": ["postgresql"], "dns transport tcp query www.lab.test": ["dns"]}
# Who expects a greeting gets none, or another one.
STEPS = {"http": "answer", "https": "TLS handshake", "tls": "TLS handshake", "grpc": "answer",
         "grpc:secure": "TLS handshake", "smtp": "banner", "redis": "PING", "mysql": "greeting",
         "postgresql": "startup", "dns": "answer"}
NONSENSE = {"http": "answer is not HTTP|400, expected 200", "grpc": "answer is not HTTP",
            "grpc:secure": "HTTP status 404", "smtp": "banner is not SMTP: '.*'",
            "redis": "PING answered '.*'", "postgresql": "startup answered nonsense",
            "dns": "answer is not DNS"}


def ways(check):
    """What may be said of a failure."""
    kind, step, got = check.partition(":")[0], STEPS[check], "(, got '.+')?"
    found = [f"timeout after 1s at {step}{got}", f"{kind} (closed|connection reset) at {step}{got}",
             f"{kind} ({NONSENSE.get(check, 'nothing else')})"]
    if step == "TLS handshake":
        found.append(f"{kind} does not speak TLS")
    if kind in ("http", "grpc"):
        found.append(f"{kind} closed without an answer")
    return "|".join(found)


def test_each_kind_at_every_other_kind_of_server(unit, web, redis, smtp, mariadb, postgresql, dns,
                                                 grpc):
    servers = {"web": web.endpoint, "secure web": f"{web.address}:{web.port + 1}",
               "redis": redis.endpoint, "smtp": smtp.endpoint, "mariadb": mariadb.endpoint,
               "postgresql": postgresql.endpoint, "dns": dns.endpoint, "grpc": grpc.endpoint}
    words = ["-c", f"set pool mixed server {' '.join(servers.values())}"]
    for check in CHECKS:
        words += ["-c", f"set pool mixed check {check} interval 2s timeout 1s"]
    for _ in range(5):
        done = unit.yoke(*words, "-c", "test check mixed | json", check=False)
        rows = json.loads(done.stdout)["rows"]
        if not any(row["outcome"] == "not tried" for row in rows):
            break  # else the machine stood still
    assert len(rows) == len(CHECKS) * len(servers)
    named = {endpoint: name for name, endpoint in servers.items()}
    passed = {(row["check"], named[row["server"]]) for row in rows if row["outcome"] == "passed"}
    assert passed == {(check.split()[0], name) for check, names in CHECKS.items() for name in names}
    for row in rows:
        if row["outcome"] != "passed":
            assert re.fullmatch(ways(row["check"]), row["text"], re.S), row
