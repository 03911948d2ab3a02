# SPDX-License-Identifier: Apache-2.0
"""The status page of one of two units, in a real browser: what `show ha` says is on it. The rows are
given, so that every role has its turn."""

import functools
import http.server
import json
import pathlib
import subprocess
import threading

import pytest

PAGE = pathlib.Path(__file__).parents[2] / "mgmt/web"
TYPES = {"html": "text/html", "css": "text/css", "js": "text/javascript"}
STATUS = {"unit": "lb-a", "uptime_s": 7200, "dataplane": "running", "dataplane_uptime_s": 7100,
          "revision": 7, "version": "1", "alarms_standing": 0, "flows_open": 0,
          "flows_capacity": 1000, "servers": 0, "servers_up": 0, "servers_down": 0}


def group(name, role, peer_role, trouble=""):
    return {"group": name, "unit": "a", "role": role, "peer_role": peer_role, "epoch": 5,
            "maintenance": False, "peer_heard_ms": None if peer_role is None else 12,
            "trouble": trouble}


class Answers(http.server.BaseHTTPRequestHandler):
    def __init__(self, rows, *words):
        self.rows = rows
        super().__init__(*words)

    def log_message(self, *_):
        pass

    def do_GET(self):
        name = "page.html" if self.path == "/" else self.path[1:]
        if name == "status.json":
            body, kind = json.dumps(self.rows).encode(), "application/json"
        else:
            body, kind = (PAGE / name).read_bytes(), TYPES[name.rpartition(".")[2]]
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.end_headers()
        self.wfile.write(body)


def seen(folder, ha, ha_config):
    """The page as Chromium has drawn it."""
    rows = {"at": 1, "status": STATUS, "ha": ha, "ha_config": ha_config, "traffic": None,
            "interface": None, "worker": None, "vip": [], "server": [], "alarm": [], "history": []}
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Answers, rows))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        return subprocess.run(
            ["chromium", "--headless=new", "--no-sandbox", "--disable-gpu",
             "--disable-dev-shm-usage", "--no-first-run", f"--user-data-dir={folder}/chromium",
             "--virtual-time-budget=3000", "--dump-dom",
             f"http://127.0.0.1:{server.server_port}/"],
            capture_output=True, text=True, timeout=100, check=True).stdout
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.deadline(240)
def test_two_units_show_their_roles_and_what_is_wrong(tmp_path):
    dom = seen(tmp_path, [group("blue", "ACTIVE", "STANDBY"), group("", "STANDBY", "ACTIVE"),
                          group("red", "ACTIVE", None, "peer-silent")],
               [{"unit": "this unit", "revision": 7, "state": "alike"},
                {"unit": "peer", "revision": 6, "state": "not alike"}])
    assert '<section id="pair">' in dom and "unit a of two" in dom
    assert '>ACTIVE, STANDBY</small>' in dom
    assert '<div class="tile up"><h3>blue</h3><p class="value">ACTIVE</p>' in dom
    assert "peer STANDBY, heard 12 ms ago" in dom and "<h3>VIPs in no group</h3>" in dom
    assert '<div class="tile warn"><h3>red</h3>' in dom and '<p class="trouble">peer-silent' in dom
    assert "this unit: revision 7, alike; peer: revision 6, not alike" in dom


@pytest.mark.deadline(240)
def test_a_unit_that_stands_alone_shows_nothing_of_another(tmp_path):
    dom = seen(tmp_path, None, None)
    assert '<section id="pair" hidden="">' in dom and "one unit" in dom and "FORWARDING" in dom
