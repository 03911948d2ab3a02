# SPDX-License-Identifier: Apache-2.0
"""Metrics for Prometheus, the status page in a browser, events for a log server: the real ones, in
the client's place, through the unit's data port."""

import json
import os
import pathlib
import re
import subprocess
import tempfile
import urllib.parse

import pytest

import topology
import traffic
import unit as units
import waiting

METRICS = f"{units.IPV4}:9110"
PAGE = f"{units.IPV4}:8443"
LOGS = "10.9.0.10"
REPOSITORY = pathlib.Path(__file__).parents[2]


@pytest.fixture(scope="module")
def folder():
    with tempfile.TemporaryDirectory(prefix="yoke-outlets-") as made:
        yield pathlib.Path(made)


def curl(lab, *words):
    return lab.client.run("curl", "-sS", "--max-time", "10", *words, check=False)


def ask(lab, times=20):
    with lab.client.entered():
        for _ in range(times):
            assert not traffic.ask(topology.vip("web")).error


def alarm_texts(lab):
    return [row["text"] for row in lab.unit.show("alarm") if row["state"] == "raised"]


# ---- metrics


@pytest.fixture(scope="module")
def metrics(lab):
    lab.unit.commit(f"set metrics listen {METRICS}")
    waiting.until(lambda: curl(lab, f"http://{METRICS}/metrics").returncode == 0, "it listens")
    yield lambda: curl(lab, f"http://{METRICS}/metrics").stdout
    lab.unit.commit("delete metrics")
    waiting.until(lambda: curl(lab, f"http://{METRICS}/metrics").returncode == 7, "it is gone")


@pytest.mark.smoke
def test_what_is_scraped_passes_promtool_and_agrees_with_show(lab, metrics, folder):
    ask(lab)
    opened = re.compile(r'^yoke_vip_flows_opened_total\{vip="web"\} [1-9]', re.M)
    waiting.until(lambda: opened.search(metrics()), "the requests are counted")
    text = metrics()
    file = folder / "metrics"
    file.write_text(text, encoding="utf-8")
    with file.open(encoding="utf-8") as given:
        checked = subprocess.run(["promtool", "check", "metrics"], stdin=given, text=True,
                                 capture_output=True, check=False)
    assert (checked.returncode, checked.stdout + checked.stderr) == (0, "")
    shown = {row["name"]: row for row in lab.unit.show("vip")}
    for name, row in shown.items():
        assert f'yoke_vip_up{{vip="{name}"}} 1\n' in text
        assert f'yoke_vip_servers{{vip="{name}"}} {row["servers"]}\n' in text
    assert re.search(r'^yoke_dropped_packets_total\{reason="[a-z_-]+",worker="0"\} \d', text, re.M)


def test_only_whom_the_configuration_names_may_scrape(lab, metrics):
    assert metrics()
    lab.unit.commit("set metrics allow 10.9.0.21,2001:db8::/32")
    waiting.until(lambda: curl(lab, f"http://{METRICS}/metrics").returncode in (52, 56), "no more")
    lab.unit.commit("set metrics allow 10.9.0.0/24")
    waiting.until(metrics, "let in again")
    lab.unit.commit("delete metrics allow")
    waiting.until(metrics, "everybody is")


def test_prometheus_itself_scrapes_the_unit(lab, metrics, folder):
    assert metrics()
    (folder / "prometheus.yml").write_text(
        "global: {scrape_interval: 1s}\n"
        "scrape_configs:\n"
        "- job_name: yoke\n"
        f"  static_configs: [{{targets: ['{METRICS}']}}]\n", encoding="utf-8")
    prometheus = lab.client.start(
        "prometheus", "prometheus", f"--config.file={folder}/prometheus.yml",
        f"--storage.tsdb.path={folder}/data", "--web.listen-address=127.0.0.1:9090")

    def query(what):
        done = curl(lab, "http://127.0.0.1:9090/api/v1/query?query=" + urllib.parse.quote(what))
        if done.returncode or not done.stdout.startswith("{"):
            return None  # not ready yet
        return [float(row["value"][1]) for row in json.loads(done.stdout)["data"]["result"]]

    try:
        prometheus.until(lambda: query('up{job="yoke"}') == [1.0], "it scrapes", 60)
        prometheus.until(lambda: query("sum(yoke_vip_up)") == [float(len(topology.EVERYTHING))],
                         "it has the VIPs", 30)
        dashboard = json.loads(
            (REPOSITORY / "mgmt/metrics/dashboard.json").read_text(encoding="utf-8"))
        ask(lab)
        for panel in dashboard["panels"]:
            if panel["title"].startswith("Pair: "):  # test_pair_metrics.py
                continue
            for target in panel["targets"]:
                expression = (target["expr"].replace("$instance", ".*")
                              .replace("$__rate_interval", "1m"))
                prometheus.until(lambda: query(expression),
                                 f"{panel['title']}: {expression} gives something", 30)
    finally:
        prometheus.kill()


def test_an_address_that_is_taken_is_an_alarm_until_it_is_free(lab, metrics):
    taken = lab.unit.namespace.start(
        "taker", "/usr/bin/python3", "-c",
        "import socket,time; s = socket.create_server(('127.0.0.1', 9115)); time.sleep(999)")
    try:
        taken.until(lambda: "9115" in lab.unit.namespace.run("ss", "-Hltn").stdout, "it listens")
        lab.unit.commit("set metrics listen 127.0.0.1:9115")
        waiting.until(lambda: any("cannot listen" in text for text in alarm_texts(lab)), "alarm")
    finally:
        taken.kill()
    waiting.until(lambda: not alarm_texts(lab), "it listens after all", 20)
    lab.unit.commit(f"set metrics listen {METRICS}")
    waiting.until(metrics, "where it was before")


@pytest.mark.deadline(120)
def test_an_address_that_the_unit_does_not_have_is_an_alarm(lab, metrics):
    lab.unit.commit("set metrics listen 9.9.9.9:9110")
    waiting.until(lambda: any("does not have this address" in text for text in alarm_texts(lab)),
                  "alarm", 60)
    lab.unit.commit(f"set metrics listen {METRICS}")
    waiting.until(lambda: not alarm_texts(lab), "it is over")
    waiting.until(metrics, "where it was before")


# ---- the status page


def browse(lab, folder, *words, seconds=600):
    """Headless Chromium at the page, after so many seconds of its virtual time: as it sets its timers
    forward, how many real ones that are is the machine's."""
    return lab.client.run(
        "chromium", "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
        "--no-first-run", "--ignore-certificate-errors", f"--user-data-dir={folder}/chromium",
        f"--virtual-time-budget={seconds * 1000}", "--window-size=1400,1000", *words,
        f"https://{PAGE}/", seconds=100, check=False)


@pytest.fixture(scope="module")
def page(lab):
    lab.unit.commit(f"set web listen {PAGE}")
    waiting.until(lambda: curl(lab, "-k", f"https://{PAGE}/").returncode == 0, "it listens")
    yield lab.unit.root / "var/lib/yoke/web.crt"
    lab.unit.commit("delete web")


def test_the_page_is_off_unless_it_is_switched_on(lab):
    assert curl(lab, "-k", f"https://{PAGE}/").returncode == 7


def test_the_page_shows_its_own_certificate_and_speaks_tls_alone(lab, page):
    assert curl(lab, "--cacert", str(page), f"https://{PAGE}/").stdout.startswith("<!DOCTYPE html>")
    assert curl(lab, f"https://{PAGE}/").returncode == 60, "nobody has issued it"
    assert curl(lab, f"http://{PAGE}/").returncode
    heads = curl(lab, "-k", "-I", f"https://{PAGE}/").stdout
    assert "Content-Security-Policy: default-src 'none'" in heads
    posted = curl(lab, "-k", "-d", "x=1", "-o", "/dev/null", "-w", "%{http_code}", f"https://{PAGE}/")
    assert posted.stdout in ("405", "000"), "read only"
    assert curl(lab, "-k", f"https://{PAGE}/").stdout.startswith("<!DOCTYPE html>"), "unharmed"


def browse_until_rates(lab, folder):
    """A rate takes two answers of different seconds: it may take more of them to come to that."""
    for seconds in (600, 2400, 9600):
        seen = browse(lab, folder, "--dump-dom", "--enable-logging=stderr", "--v=0", seconds=seconds)
        if re.search(r"[1-9][\d.]* ?[kMG]?bit/s", seen.stdout):
            break
    return seen


@pytest.mark.deadline(240)
def test_a_browser_shows_the_unit_as_it_is(lab, page, folder):
    assert page.exists()
    lab.server("server2").stop()
    lab.unit.until_servers("down", [("web", "10.9.0.22:80")])
    try:
        waiting.until(lambda: alarm_texts(lab), "there is an alarm")
        picture = pathlib.Path(os.environ.get("YOKE_PAGE_PNG", folder / "page.png"))
        with traffic.Traffic(lab.client, topology.vip("web"), at_once=2, pause=0.01):
            seen = browse_until_rates(lab, folder)
            browse(lab, folder, f"--screenshot={picture}", "--force-prefers-color-scheme=dark")
        assert picture.read_bytes().startswith(b"\x89PNG") and picture.stat().st_size > 20_000
        dom = seen.stdout
        assert "lb-a" in dom and "FORWARDING" in dom, seen.stderr[-2000:]
        assert "Content Security Policy" not in seen.stderr
        for name in topology.EVERYTHING:
            assert f"<h3>{name}</h3>" in dom
        assert dom.count('class="down"') >= 1 and "server 10.9.0.22:80 of pool web is down" in dom
        assert "<polyline" in dom and "wan" in dom and ">r1<" in dom
        assert re.search(r"[1-9][\d.]* ?[kMG]?bit/s", dom), "a rate was computed"
    finally:
        lab.server("server2").start()
        lab.unit.until_servers("up")


@pytest.mark.deadline(240)
def test_many_alarms_leave_room_and_the_worst_stands_first(lab, page, folder):
    assert page.exists()
    servers = " ".join(f"10.9.0.21:{port}" for port in range(9, 21))
    lab.unit.commit(f"set pool gone server {servers}",
                    "set pool gone check tcp interval 200ms timeout 150ms rise 1 fall 1",
                    "set vip gone 10.9.0.109:80/tcp pool gone")
    try:
        waiting.until(lambda: len(alarm_texts(lab)) == 13, "all are down", 20)
        assert alarm_texts(lab)[0].startswith("vip gone is down")
        lines = lab.unit.yoke("show", "status").stdout
        assert "vip gone is down" in lines and "and 10 more" in lines
        dom = browse(lab, folder, "--dump-dom", seconds=600).stdout
        shown = dom[dom.index('id="alarms"'):]
        assert shown.index('<li class="error">') < shown.index('<li class="warning">')
        opened, folded = shown.split("<details>")
        assert opened.count("<li ") == 5 and "<summary>and 8 more</summary>" in folded
        assert folded[:folded.index("</details>")].count("<li ") == 8
    finally:
        lab.unit.commit("delete vip gone", "delete pool gone")
        waiting.until(lambda: not alarm_texts(lab), "nothing is wrong")


# ---- log servers


RSYSLOG = """\
module(load="imtcp" StreamDriver.Name="ossl" StreamDriver.Mode="1" StreamDriver.AuthMode="anon")
module(load="imudp")
global(workDirectory="{folder}" maxMessageSize="16k" defaultNetstreamDriver="ossl"
       defaultNetstreamDriverCAFile="{folder}/ca.crt"
       defaultNetstreamDriverCertFile="{folder}/log.crt"
       defaultNetstreamDriverKeyFile="{folder}/log.key")
template(name="all" type="string"
  string="%inputname% %hostname% %app-name% %msgid% %syslogpriority-text% %structured-data% %msg%\\n")
ruleset(name="keep") {{ action(type="omfile" file="{folder}/received" template="all") }}
input(type="imtcp" name="tls" port="6514" ruleset="keep")
input(type="imtcp" name="tcp" port="5140" StreamDriver.Mode="0" ruleset="keep")
input(type="imudp" name="udp" port="5140" ruleset="keep")
"""


def make_authority(folder):
    """A certificate of our own authority for 10.9.0.10."""
    def openssl(*words):
        subprocess.run(["openssl", *words], check=True, capture_output=True, cwd=folder)

    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2")
    openssl("req", "-x509", *key, "-keyout", "ca.key", "-out", "ca.crt", "-subj", "/CN=lab authority")
    openssl("req", "-x509", *key, "-keyout", "log.key", "-out", "log.crt", "-subj", "/CN=log",
            "-CA", "ca.crt", "-CAkey", "ca.key", "-addext", f"subjectAltName=IP:{LOGS},DNS:log.lab",
            "-addext", "basicConstraints=critical,CA:FALSE")


class LogServer:
    """rsyslog in the client's namespace."""

    def __init__(self, lab, folder):
        self._lab = lab
        self.folder = folder
        (folder / "rsyslog.conf").write_text(RSYSLOG.format(folder=folder), encoding="ascii")
        self.received = folder / "received"
        self.start()

    def start(self):
        self.process = self._lab.client.start("rsyslogd", "rsyslogd", "-n", "-f",
                                              self.folder / "rsyslog.conf", "-i",
                                              self.folder / "rsyslog.pid")
        self.process.until(lambda: "6514" in self._lab.client.run("ss", "-Hltn").stdout,
                           "it listens")

    def lines(self):
        return self.received.read_text(encoding="utf-8").splitlines() if self.received.exists() else []

    def until(self, *parts):
        return waiting.until(
            lambda: next((line for line in self.lines() if all(part in line for part in parts)), None),
            f"a line with {parts}; have {self.lines()[-3:]}", 30)


@pytest.fixture(scope="module")
def log_server(lab, folder):
    logs = folder / "logs"
    logs.mkdir()
    make_authority(logs)
    server = LogServer(lab, logs)
    yield server
    server.process.kill()
    for name in [row for row in ("tls", "tcp", "udp", "named", "stranger")]:
        lab.unit.yoke("-c", f"delete syslog {name}", "-c", "commit", check=False)


def test_events_arrive_by_tls_tcp_and_udp_with_their_fields(lab, log_server):
    lab.unit.commit(
        f"set syslog tls {LOGS}:6514 authorities {lab.unit.holding(log_server.folder / 'ca.crt')}",
        f"set syslog tcp {LOGS}:5140 transport tcp facility local3",
        f"set syslog udp {LOGS}:5140 transport udp level warning")
    lab.unit.commit("set pool told")
    for transport in ("tls", "tcp"):
        line = log_server.until(f"{transport} lb-a yoke-mgmt commit notice", 'user="root"')
        assert '[yoke@32473 code="V-201" revision="' in line and "committed by root" in line
    lab.server("server1").stop()
    for transport in ("tls", "tcp", "udp"):
        log_server.until(f"{transport} lb-a yoke-mgmt server-down warning", 'pool="web"',
                         'server="10.9.0.21:80"')
    assert not any(line.startswith("udp") and " commit " in line for line in log_server.lines())
    lab.server("server1").start()
    waiting.until(lambda: not alarm_texts(lab), "every alarm is over", 20)


def test_while_a_log_server_is_away_events_wait_and_arrive_once_it_is_back(lab, log_server):
    log_server.process.kill()
    lab.unit.commit("set pool while-away")
    waiting.until(lambda: any("syslog tls" in text for text in alarm_texts(lab)), "an alarm", 30)
    alarm, = (row for row in lab.unit.show("alarm")
              if row["subject"] == "syslog tls" and row["state"] == "raised")
    assert f"set syslog tls {LOGS}:6514" in lab.unit.yoke("-c", alarm["next"]).stdout
    lab.unit.commit("set pool still-away")
    revision = lab.unit.show("status")[0]["revision"]
    log_server.start()
    for transport in ("tls", "tcp"):
        log_server.until(f"{transport} lb-a yoke-mgmt commit ", f'revision="{revision}"')
    waiting.until(lambda: not alarm_texts(lab), "the alarm is over", 30)


def test_a_server_that_is_not_who_it_should_be_is_told_nothing(lab, log_server):
    lab.unit.commit(f"set syslog named {LOGS}:6514 authorities {lab.unit.holding(log_server.folder / 'ca.crt')} "
                    "certificate-name other.lab",
                    f"set syslog stranger {LOGS}:6514")
    waiting.until(lambda: sum("certificate" in text for text in alarm_texts(lab)) == 2,
                  "both are alarms", 30)
    lab.unit.commit("set syslog named certificate-name log.lab", "set syslog stranger verify no")
    waiting.until(lambda: not alarm_texts(lab), "with the right name, or without a look", 30)


def test_a_log_server_that_reads_nothing_holds_nobody_up(lab, log_server):
    log_server.process.pause()
    try:
        for number in range(20):
            lab.unit.commit(f"set pool paused{number}")
        assert lab.unit.show("status")
    finally:
        log_server.process.resume()
    revision = lab.unit.show("status")[0]["revision"]
    log_server.until("tls lb-a yoke-mgmt commit ", f'revision="{revision}"')
