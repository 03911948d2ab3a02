# SPDX-License-Identifier: Apache-2.0
"""One of the three servers behind the unit: nginx and a DNS server, in a namespace of their own."""

import hashlib
import os
import pathlib
import socket


BIG_FILE = pathlib.Path("/run/lab/big")
BIG_FILE_BYTES = 100 * 1000 * 1000
SLOW_BYTES_PER_S = 8 * 1000 * 1000

_NGINX = """\
daemon off;
worker_processes 1;
user root;
pid nginx.pid;
error_log error.log;
events {{ worker_connections 8192; }}
http {{
  access_log off;
  sendfile on;
  keepalive_requests 1000000;
  server {{
    listen 80 backlog=4096;
    listen [::]:80 backlog=4096;
    default_type text/plain;
    location = / {{ return 200 "{name}\\n"; }}
    location = /from {{ return 200 "$remote_addr\n"; }}
    location = /health {{
      if (-f {folder}/broken) {{ return 503 "broken\\n"; }}
      return 200 "ok\\n";
    }}
    location = /big {{ alias {big}; add_header Served-By {name}; }}
    location = /slow {{ alias {big}; limit_rate {slow}; add_header Served-By {name}; }}
  }}
}}
"""


def make_big_file():
    """100 MB that no part of can be mistaken for another; its SHA-256."""
    if not BIG_FILE.exists():
        BIG_FILE.write_bytes(os.urandom(BIG_FILE_BYTES))
    return hashlib.sha256(BIG_FILE.read_bytes()).hexdigest()


class Server:
    """Answers HTTP on port 80 and DNS on port 53, as `name`."""

    def __init__(self, namespace, ipv4, ipv6):
        self.namespace = namespace
        self.name = namespace.name
        self.ipv4 = ipv4
        self.ipv6 = ipv6
        self.folder = pathlib.Path("/run/lab", self.name)
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "nginx.conf").write_text(
            _NGINX.format(name=self.name, folder=self.folder, big=BIG_FILE, slow=SLOW_BYTES_PER_S),
            encoding="ascii")
        self.nginx = None
        self.dns = None

    def answer_for(self, *vips):
        """Addresses it takes frames for without telling anybody: what `dsr` needs of a server."""
        self.namespace.sysctl("ipv4/conf/all/arp_ignore", 1)
        self.namespace.sysctl("ipv4/conf/all/arp_announce", 2)
        for vip in vips:
            length = "128 dev lo nodad" if ":" in vip else "32 dev lo"
            self.namespace.ip(f"addr add {vip}/{length}")

    def start(self):
        self.nginx = self.namespace.start(f"{self.name}-nginx", "nginx", "-p", self.folder,
                                          "-e", "stderr", "-c", "nginx.conf")
        if self.dns is None:
            self.dns = self.namespace.start(
                f"{self.name}-dns", "dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null",
                "--no-resolv", "--no-hosts", "--user=root", "--pid-file=", "--cache-size=0",
                f"--txt-record=server.lab.test,{self.name}")
        self.nginx.until(lambda: self._accepts(80), "nginx listens")
        self.dns.until(lambda: self._accepts(53), "dnsmasq listens")

    def endpoint(self, family, port=80):
        return f"{self.ipv4}:{port}" if family == 4 else f"[{self.ipv6}]:{port}"

    def stop(self):
        """nginx dies at once, in the middle of what it was doing."""
        self.nginx.kill()

    def break_health(self, broken=True):
        """Goes on serving, but says to its check that it is not well."""
        if broken:
            (self.folder / "broken").touch()
        else:
            (self.folder / "broken").unlink(missing_ok=True)

    def _accepts(self, port):
        with self.namespace.entered():
            with socket.socket() as probe:
                return probe.connect_ex(("127.0.0.1", port)) == 0

