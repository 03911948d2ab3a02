# SPDX-License-Identifier: Apache-2.0
"""Places that a unit sends its backups to: OpenSSH's SFTP, and nginx with PUT and DELETE over TLS.

Both run in the unit's own namespace, on its loopback, so that a unit without ports reaches them."""

import pathlib
import subprocess

ADDRESS = "127.0.0.1"


def _run(*words):
    subprocess.run(list(map(str, words)), check=True, capture_output=True)


class Remote:
    """A server with a folder that backups appear in."""

    def __init__(self, unit, name, port):
        self.unit = unit
        self.port = port
        self.place = pathlib.Path("/run/lab", name)
        self.folder = self.place / "backups"
        self.folder.mkdir(parents=True, exist_ok=True)
        self.process = None
        self._etc = unit.root / "etc/yoke"

    def names(self):
        return sorted(file.name for file in self.folder.iterdir())

    def until_it_listens(self):
        listening = f":{self.port} "
        self.process.until(
            lambda: listening in self.unit.namespace.run("ss", "-tlnH").stdout, "it listens")

    def stop(self):
        self.process.kill()


class Sftp(Remote):
    """sshd that lets the unit's key in as root, and knows no passwords."""

    def __init__(self, unit):
        super().__init__(unit, "sftp", 2222)
        self.url = f"sftp://root@{ADDRESS}:{self.port}{self.folder}"
        for key in (self.place / "host_key", self._etc / "backup.key"):
            key.unlink(missing_ok=True)
            # libssh2 of Debian 12 reads a key of this form without its public half.
            _run("ssh-keygen", "-q", "-t", "ecdsa", "-m", "PEM", "-N", "", "-f", key)
        host = (self.place / "host_key.pub").read_text(encoding="ascii").split()
        (self._etc / "known_hosts").write_text(
            f"[{ADDRESS}]:{self.port} {host[0]} {host[1]}\n", encoding="ascii")
        (self.place / "authorized").write_bytes((self._etc / "backup.key.pub").read_bytes())
        (self.place / "config").write_text(
            f"Port {self.port}\nListenAddress {ADDRESS}\nHostKey {self.place}/host_key\n"
            f"AuthorizedKeysFile {self.place}/authorized\nStrictModes no\nUsePAM no\n"
            "PermitRootLogin prohibit-password\nPasswordAuthentication no\nPidFile none\n"
            "Subsystem sftp internal-sftp\n", encoding="ascii")

    def start(self):
        pathlib.Path("/run/sshd").mkdir(exist_ok=True)
        self.process = self.unit.namespace.start("sshd", "/usr/sbin/sshd", "-D", "-e", "-f",
                                                 self.place / "config")
        self.until_it_listens()

    def forget_host(self):
        (self._etc / "known_hosts").write_text("", encoding="ascii")


class Https(Remote):
    """nginx with a certificate of its own authority, and a password."""

    def __init__(self, unit):
        super().__init__(unit, "https", 8443)
        self.url = f"https://{ADDRESS}:{self.port}/backups"
        self.moved_url = f"https://{ADDRESS}:{self.port}/moved"
        _run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
             "-nodes", "-days", "2", "-subj", "/CN=lab", "-addext", f"subjectAltName=IP:{ADDRESS}",
             "-keyout", self.place / "key.pem", "-out", self.place / "certificate.pem")
        (self._etc / "backup-ca.pem").write_bytes((self.place / "certificate.pem").read_bytes())
        (self._etc / "netrc").write_text(f"machine {ADDRESS} login unit password secret\n",
                                         encoding="ascii")
        (self.place / "users").write_text("unit:{PLAIN}secret\n", encoding="ascii")
        (self.place / "nginx.conf").write_text(f"""
daemon off; pid {self.place}/pid; error_log stderr; user root;
events {{}}
http {{
  access_log off; client_body_temp_path {self.place}/body;
  proxy_temp_path {self.place}/1; fastcgi_temp_path {self.place}/2;
  uwsgi_temp_path {self.place}/3; scgi_temp_path {self.place}/4;
  server {{
    listen {ADDRESS}:{self.port} ssl; root {self.place};
    ssl_certificate {self.place}/certificate.pem; ssl_certificate_key {self.place}/key.pem;
    client_max_body_size 100m;
    location /moved/ {{ return 301 /backups/; }}
    location /backups/ {{
      dav_methods PUT DELETE; auth_basic backups; auth_basic_user_file {self.place}/users;
    }}
  }}
}}
""", encoding="ascii")

    def start(self):
        self.process = self.unit.namespace.start("backup-nginx", "nginx", "-e", "stderr", "-c",
                                                 self.place / "nginx.conf")
        self.until_it_listens()

    def refuse_password(self):
        (self._etc / "netrc").write_text(f"machine {ADDRESS} login unit password wrong\n",
                                         encoding="ascii")

    def forget_authority(self):
        (self._etc / "backup-ca.pem").unlink()
