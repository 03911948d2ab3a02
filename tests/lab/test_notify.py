# SPDX-License-Identifier: Apache-2.0
"""Who is told of events: a webhook over TLS, a mailbox behind Exim, a script of the unit's own."""

import base64
import contextlib
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import threading
import time

import pytest

import daemons
import waiting

HOOK = "10.9.0.10"
RECEIVER = '''
import http.server, pathlib, ssl, sys
folder = pathlib.Path(sys.argv[1])

class Hook(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        busy = (folder / "busy").exists()
        with open(folder / ("refused" if busy else "received"), "ab") as file:
            file.write(body + b"\\n")
        with open(folder / "keys", "a") as file:
            file.write(str(self.headers["Authorization"]) + "\\n")
        self.send_response(503 if busy else 204)
        self.end_headers()

server = http.server.HTTPServer(("10.9.0.10", 8444), Hook)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(folder / "hook.crt", folder / "hook.key")
server.socket = context.wrap_socket(server.socket, server_side=True)
server.serve_forever()
'''


class Mailbox(daemons.Smtp):
    """Exim that takes every mail for all but `nobody`, and keeps it; from whoever gives it the
    password where `account` says so, and after `late` seconds."""

    def __init__(self, server, port, account=False, late=0):
        self.account, self.late = account, late
        super().__init__(server, port, name="mailbox")

    def prepare(self):
        super().prepare()
        # Of its own the certificate is vouched for by itself: it is its own authority.
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                        "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=mx",
                        "-addext", f"subjectAltName=IP:{self.address}", "-keyout",
                        self.folder / "mx.lab.test.key", "-out", self.folder / "mx.lab.test.pem"],
                       check=True, capture_output=True)
        with open(self.folder / "exim.conf", "a", encoding="ascii") as file:
            who = "authenticated = *" if self.account else "hosts = *"
            file.write("queue_only = true\nsplit_spool_directory = false\n"
                       "acl_smtp_rcpt = rcpt\nacl_smtp_data = data\nauth_advertise_hosts = *\n"
                       "begin acl\n"
                       "rcpt:\n  deny local_parts = nobody\n       message = no such mailbox\n"
                       f"  accept {who}\n"
                       f"data:\n  accept delay = {self.late}s\n"
                       "begin authenticators\n"
                       "plain:\n  driver = plaintext\n  public_name = PLAIN\n"
                       "  server_prompts = :\n"
                       "  server_condition = ${if and{{eq{$auth2}{lb-a}}"
                       "{eq{$auth3}{p:word}}}}\n"
                       "  server_set_id = $auth2\n")

    @property
    def authorities(self):
        return self.folder / "mx.lab.test.pem"

    def mails(self):
        """What a person reads of each; the first line of the file is its name."""
        return [base64.b64decode(path.read_bytes().partition(b"\n")[2]).decode()
                for path in sorted(self.folder.glob("input/*-D"))]

    def headers(self):
        return [path.read_text(encoding="utf-8", errors="replace")
                for path in sorted(self.folder.glob("input/*-H"))]


class Hook:
    """What a chat or a pager would listen with."""

    def __init__(self, lab, folder):
        self._folder = folder
        self._make_certificates()
        self.process = lab.client.start("hook", sys.executable, "-c", RECEIVER, folder)
        self.process.until(lambda: daemons.is_taken(lab.client, HOOK, 8444), "it listens")

    def _make_certificates(self):
        def openssl(*words):
            subprocess.run(["openssl", *words], check=True, capture_output=True, cwd=self._folder)

        key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2")
        openssl("req", "-x509", *key, "-keyout", "ca.key", "-out", "ca.crt", "-subj", "/CN=lab")
        openssl("req", "-x509", *key, "-keyout", "hook.key", "-out", "hook.crt", "-subj",
                "/CN=hook", "-CA", "ca.crt", "-CAkey", "ca.key", "-addext",
                f"subjectAltName=IP:{HOOK}", "-addext", "basicConstraints=critical,CA:FALSE")

    def busy(self, is_busy):
        file = self._folder / "busy"
        if is_busy:
            file.touch()
        else:
            file.unlink()

    def events(self, name="received"):
        file = self._folder / name
        if not file.exists():
            return []
        return [event for line in file.read_text(encoding="utf-8").splitlines()
                for event in json.loads(line)["events"]]

    def keys(self):
        return set((self._folder / "keys").read_text(encoding="ascii").splitlines())


@pytest.fixture(scope="module")
def folder():
    with tempfile.TemporaryDirectory(prefix="yoke-notify-") as made:
        yield pathlib.Path(made)


@pytest.fixture(scope="module")
def hook(lab, folder):
    made = Hook(lab, folder)
    yield made
    made.process.kill()


@pytest.fixture(autouse=True)
def nobody_is_told_afterwards(lab):
    yield
    names = lab.unit.manage("config")["document"].get("notify", {})
    lab.unit.yoke(*(word for name in names for word in ("-c", f"delete notify {name}")),
                  "-c", "commit", check=False)


def are_whole(events):
    """Of each pool that the server is in: that it went down, then that it is up, and no more."""
    of_servers = [event for event in events if "SERVER" in event["fields"]]
    pools = {event["fields"]["POOL"] for event in of_servers}
    return bool(pools) and all(
        [event["event"] for event in of_servers if event["fields"]["POOL"] == pool] ==
        ["server-down", "server-up"] for pool in pools)


def one_down_and_up(lab):
    """A server that fails and comes back."""
    server = lab.servers[0]
    server.break_health()
    lab.unit.until_servers("down", [("web", server.endpoint(4))])
    server.break_health(False)
    lab.unit.until_servers("up", [("web", server.endpoint(4))])


def alarm_of(lab, text):
    """Whether one stands that says this of a notification."""
    return any(row["alarm"] == "notify-failed" and row["state"] == "raised" and text in row["text"]
               for row in lab.unit.show("alarm"))


def mail_to(lab, mailbox, *words, to="ops@lab.test,night@lab.test", authorities=None):
    trusted = lab.unit.holding(authorities or mailbox.authorities)
    return (f"set notify mail server {mailbox.endpoint} from lb-a@lab.test to {to} "
            f"authorities {trusted} {' '.join(words)}")


@contextlib.contextmanager
def a_mailbox(lab, **how):
    mailbox = Mailbox(lab.servers[1], 2525, **how)
    try:
        yield mailbox
    finally:
        mailbox.kill()


@contextlib.contextmanager
def mail_server_of_our_own(lab, *answers):
    """One that answers a connection line by line with these, then says nothing more."""
    talk = f'''
import socket, time
listener = socket.create_server(("{lab.servers[2].ipv4}", 2526))
while True:
    connection, _ = listener.accept()
    lines = connection.makefile("rb")
    for answer in {answers!r}:
        connection.sendall(answer.encode() + b"\\r\\n")
        line = lines.readline()
        print(line, flush=True)
        if answer.startswith("354"):
            while line not in (b"", b".\\r\\n"):
                line = lines.readline()
            print(line, flush=True)
    while connection.recv(4096):
        pass
    print("left", flush=True)
'''
    process = lab.servers[2].namespace.start("stalling", sys.executable, "-u", "-c", talk)
    try:
        process.until(lambda: daemons.is_taken(lab.servers[2].namespace, lab.servers[2].ipv4,
                                               2526), "it listens")
        yield f"{lab.servers[2].ipv4}:2526"
    finally:
        process.kill()


@pytest.mark.smoke
def test_a_webhook_is_told_what_is_bad_and_that_it_is_over(lab, hook, folder):
    lab.unit.commit(f"set notify webhook:chat url https://{HOOK}:8444/yoke bearer sesame "
                    f"authorities {lab.unit.holding(folder / 'ca.crt')}")
    one_down_and_up(lab)
    waiting.until(lambda: are_whole(hook.events()), "it was told, and nothing that is no trouble")
    down = next(event for event in hook.events() if event["fields"]["POOL"] == "web")
    assert down["fields"] == {"POOL": "web", "SERVER": lab.servers[0].endpoint(4)}
    assert down["level"] == "warning" and "is down: " in down["text"]
    assert hook.keys() == {"Bearer sesame"}
    shown = lab.unit.yoke("show", "configuration").stdout
    assert "notify webhook:chat" in shown and "sesame" not in shown and "8444" not in shown


def test_while_a_webhook_takes_nothing_an_alarm_stands_and_nothing_is_lost(lab, hook, folder):
    hook.busy(True)
    before = len(hook.events())
    lab.unit.commit(f"set notify webhook url https://{HOOK}:8444/ "
                    f"authorities {lab.unit.holding(folder / 'ca.crt')}")
    one_down_and_up(lab)
    waiting.until(lambda: alarm_of(lab, "status 503"), "an alarm")
    hook.busy(False)
    waiting.until(lambda: are_whole(hook.events()[before:]), "it was told, once", 40)
    waiting.until(lambda: not alarm_of(lab, ""), "the alarm is over")


def test_a_server_that_is_not_who_it_should_be_is_told_nothing(lab, hook):
    told = len(hook.events())
    lab.unit.commit(f"set notify webhook url https://{HOOK}:8444/")
    one_down_and_up(lab)
    waiting.until(lambda: alarm_of(lab, "certificate"), "an alarm")
    assert len(hook.events()) == told


def test_one_that_failed_and_is_removed_is_not_said_to_work(lab, hook):
    lab.unit.commit(f"set notify webhook url https://{HOOK}:8444/")
    one_down_and_up(lab)
    waiting.until(lambda: alarm_of(lab, "certificate"), "an alarm")
    lab.unit.commit("delete notify webhook")
    waiting.until(lambda: not alarm_of(lab, ""), "the alarm is over")
    told = [row["text"] for row in lab.unit.show("log") if row["event"] == "notify-works"]
    assert "not configured any more; " in told[0] and "were dropped" in told[0], told


def test_a_mail_holds_what_happened_within_a_moment(lab):
    with a_mailbox(lab, account=True) as mailbox:
        lab.unit.commit(mail_to(lab, mailbox, "user lb-a password p:word"))
        one_down_and_up(lab)
        waiting.until(lambda: len(mailbox.mails()) == 2, "a mail to each", 40)
        for text, headers in zip(mailbox.mails(), mailbox.headers()):
            assert "server-down" in text and "server-up" in text, "one for all of it"
            assert "  next: show check web" in text
            assert re.search(r"Subject: lb-a: server .* is down: .* \(and \d+ more\)", headers)
            assert "To: ops@lab.test,\n" in headers and "@lab.test>" in headers
            assert "TLS1." in headers, "by STARTTLS"
        both = "".join(headers.partition("\n\n")[0] for headers in mailbox.headers())
        assert "ops@lab.test" in both and "night@lab.test" in both, "recipients, not only names"


@pytest.mark.parametrize("words, authorities, wrong", [
    ("user lb-a password wrong", None, "535"), ("", None, "550"),
    ("user lb-a password p:word", "/etc/ssl/certs/ca-certificates.crt", "certificate")])
def test_a_mail_that_is_not_taken_says_why_as_it_is_tried(lab, words, authorities, wrong):
    with a_mailbox(lab, account=True) as mailbox:
        lab.unit.commit(mail_to(lab, mailbox, words, to="ops@lab.test", authorities=authorities))
        done = lab.unit.yoke("request", "notify", "mail", "test", check=False, seconds=60)
        assert done.returncode == 1 and wrong in done.stderr, done
        assert not mailbox.mails()


def test_one_recipient_who_is_refused_keeps_it_from_nobody(lab):
    with a_mailbox(lab) as mailbox:
        lab.unit.commit(mail_to(lab, mailbox, to="nobody@lab.test,ops@lab.test"))
        done = lab.unit.yoke("request", "notify", "mail", "test", check=False, seconds=60)
        assert "notify mail to ops@lab.test: was told." in done.stderr, done
        assert re.search("to nobody@lab.test: was not told: .*550 .*no such mailbox", done.stderr)
        one_down_and_up(lab)
        waiting.until(lambda: alarm_of(lab, "notify mail to nobody@lab.test: "), "an alarm", 40)
        waiting.until(lambda: any("server-down" in text for text in mailbox.mails()), "a mail", 40)


def test_a_mail_server_that_takes_its_time_takes_the_mail_once(lab):
    with a_mailbox(lab, late=40) as mailbox:
        lab.unit.commit(mail_to(lab, mailbox, to="ops@lab.test"))
        one_down_and_up(lab)
        waiting.until(mailbox.mails, "a mail", 90)
        assert not alarm_of(lab, "")
        one_down_and_up(lab)
        waiting.until(lambda: len(mailbox.mails()) > 1, "the next", 90)
        assert ["server-down" in text for text in mailbox.mails()] == [True, True], "each once"


@pytest.mark.parametrize("answers", [
    (), ("220 hi", "250 yes", "250 from", "250 to"),
    ("220 hi", "250 yes", "250 from", "250 to", "354 go on")])
def test_a_mail_server_that_falls_silent_keeps_the_unit_from_nothing(lab, answers):
    with mail_server_of_our_own(lab, *answers) as endpoint:
        lab.unit.commit(f"set notify mail server {endpoint} from lb-a@lab.test to ops@lab.test "
                        "tls no")
        tried = threading.Thread(target=lambda: lab.unit.yoke(
            "request", "notify", "mail", "test", check=False, seconds=300), daemon=True)
        tried.start()
        began, longest = time.monotonic(), 0.0
        one_down_and_up(lab)
        while time.monotonic() - began < 20:
            asked = time.monotonic()
            lab.unit.show("status")
            longest = max(longest, time.monotonic() - asked)
        assert longest < 2, "what a program takes to start on a busy machine, and no more"
        changed = time.monotonic()
        lab.unit.commit("delete notify mail")
        assert time.monotonic() - changed < 5, "what was under way is let go of"


def test_a_script_is_run_with_what_happened(lab, folder):
    programs, output = lab.unit.root / "etc/yoke/notify", folder / "paged"
    programs.mkdir(parents=True, exist_ok=True)
    script = programs / "page"
    script.write_text(f"#!/bin/sh\necho \"$YOKE_EVENT\" >>{output}.names\ncat >>{output}\n",
                      encoding="ascii")
    script.chmod(0o700)
    lab.unit.commit("set notify script:page program page")
    one_down_and_up(lab)
    names = pathlib.Path(f"{output}.names")

    def told():
        return output.exists() and [event for line in output.read_text("utf-8").splitlines()
                                    for event in json.loads(line)["events"]]

    waiting.until(lambda: told() and are_whole(told()), "it was run")
    assert "server-up" in names.read_text("ascii").split()


@pytest.mark.parametrize("words, wrong", [
    ("mail", "its server is missing"),
    ("mail server mx.lab.test from a@b to c@d", "expected HOST:PORT"),
    ("mail server mx.lab.test:25 from a@b to ops", "its to has ops"),
    ("mail server mx.lab.test:25 from a@b to c@d user me password secret tls no", "in clear"),
    ("webhook url ftp://10.9.0.10/", "expected https://HOST/PATH"),
    ("webhook url http://10.9.0.10/ bearer sesame", "in clear"),
    ("webhook url https://:80", "names no host"),
    ("webhook url https://10.9.0.10/ bearer sesame verify no", "whoever answers"),
    ("script", "its program is missing")])
def test_what_could_reach_nobody_is_not_committed(lab, words, wrong):
    done = lab.unit.yoke("-c", f"set notify {words}", "-c", "commit", check=False)
    assert done.returncode == 1 and "E-227" in done.stderr and wrong in done.stderr, done
