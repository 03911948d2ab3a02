# SPDX-License-Identifier: Apache-2.0
"""What checks are made for: the real servers, from Debian's packages, in a namespace of the lab. Each
is started by its constructor, and answers once that returns."""

import contextlib
import pathlib
import shutil
import socket
import subprocess

import waiting

PASSWORD = "hunter2 and more"
_POSTGRESQL = next(iter(sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)),
                   None)


def make_certificate(folder, name, days=365):
    """(certificate, key) of `name`, which nobody but itself vouches for; over where `days` is less than
    none."""
    folder.mkdir(parents=True, exist_ok=True)
    certificate, key = folder / f"{name}.pem", folder / f"{name}.key"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:P-256", "-nodes", "-days", str(max(days, 1)),
                    "-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}",
                    "-keyout", key, "-out", certificate], check=True, capture_output=True)
    if days < 0:
        subprocess.run(["openssl", "x509", "-in", certificate, "-signkey", key, "-days", str(days),
                        "-out", certificate], check=True, capture_output=True)
    key.chmod(0o600)
    return certificate, key


def is_taken(namespace, address, port):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with namespace.entered(), socket.socket(family) as probe:
        return probe.connect_ex((address, port)) == 0


class Daemon:
    """A server at `address`:`port` of a namespace, with a folder of its own below /run/lab."""

    def __init__(self, server, port, name=None):
        self.server = server
        self.namespace = server.namespace
        self.address = server.ipv4
        self.port = port
        self.name = name or f"{server.name}-{type(self).__name__.lower()}"
        self.folder = pathlib.Path("/run/lab", self.name)
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        self.process = None
        self.prepare()
        self.start()

    @property
    def endpoint(self):
        return f"{self.address}:{self.port}"

    def prepare(self):
        """Once, before the first start."""

    def command(self):
        raise NotImplementedError

    def start(self):
        self.process = self.namespace.start(self.name, *self.command())
        self.process.until(lambda: is_taken(self.namespace, self.address, self.port),
                           "it listens", 60)

    def kill(self):
        """Nobody listens once this returns: what it forked just before may hold the port for a while."""
        self.process.kill()
        waiting.until(lambda: not is_taken(self.namespace, self.address, self.port),
                      f"nobody listens at {self.endpoint}")

    @contextlib.contextmanager
    def paused(self):
        """It keeps its socket and says nothing."""
        self.process.pause()
        try:
            yield
        finally:
            self.process.resume()

    def run(self, *words, **options):
        return self.namespace.run(*words, **options).stdout


class Web(Daemon):
    """nginx: HTTP on `port`, HTTPS on the next one with the certificate of www.lab.test, on the one
    after with one that ends within days, and then with one that has ended."""

    def prepare(self):
        certificate, key = make_certificate(self.folder, "www.lab.test")
        ending, ending_key = make_certificate(self.folder, "ending.lab.test", days=3)
        ended, ended_key = make_certificate(self.folder, "ended.lab.test", days=-1)
        (self.folder / "nginx.conf").write_text(f"""\
daemon off;
user root;
worker_processes 1;
pid nginx.pid;
error_log error.log;
events {{ worker_connections 512; }}
http {{
  access_log off;
  default_type text/plain;
  server {{
    listen {self.port};
    listen {self.port + 1} ssl;
    ssl_certificate {certificate};
    ssl_certificate_key {key};
    location = / {{ return 200 "all ready\\n"; }}
    location = /named {{
      if ($host != "www.lab.test") {{ return 421 "$host\\n"; }}
      if ($http_x_probe != "yes") {{ return 428 "who asks?\\n"; }}
      return 200 "named\\n";
    }}
    location = /failing {{ return 503 "not yet\\n"; }}
    location = /closed {{ return 444; }}
    location = /slow {{ limit_rate 1; return 200 "{'x' * 4000}\\n"; }}
  }}
  server {{
    listen {self.port + 2} ssl;
    ssl_certificate {ending};
    ssl_certificate_key {ending_key};
    location = / {{ return 200 "all ready\\n"; }}
  }}
  server {{
    listen {self.port + 3} ssl;
    ssl_certificate {ended};
    ssl_certificate_key {ended_key};
    location = / {{ return 200 "all ready\\n"; }}
  }}
}}
""", encoding="ascii")
        self.certificate = certificate
        self.ended = ended

    def command(self):
        return ["nginx", "-p", self.folder, "-e", "stderr", "-c", "nginx.conf"]


class Redis(Daemon):
    """Redis, by TLS on the next port; with a password where `password` says so; a replica of `primary`
    where there is one."""

    def __init__(self, server, port, password=None, primary=None, name=None):
        self.password = password
        self.primary = primary
        self.load_delay_us = 0  # a key
        super().__init__(server, port, name)

    def prepare(self):
        self.certificate, self.key = make_certificate(self.folder, "redis.lab.test")

    def tell(self, *words):
        return self.run("redis-cli", "-h", self.address, "-p", self.port, *words)

    def command(self):
        words = ["redis-server", "--tls-port", self.port + 1, "--tls-cert-file", self.certificate,
                 "--tls-key-file", self.key, "--tls-auth-clients", "no", "--port", self.port,
                 "--bind", self.address, "--dir", self.folder, "--save", "", "--protected-mode", "no",
                 "--enable-debug-command", "yes"]
        if self.load_delay_us:
            words += ["--key-load-delay", self.load_delay_us,
                      "--loading-process-events-interval-bytes", 1024]
        if self.password:
            words += ["--requirepass", self.password]
        if self.primary:
            words += ["--replicaof", self.primary.address, self.primary.port,
                      "--repl-diskless-sync-delay", 0]
        return words


class Smtp(Daemon):
    """Exim with STARTTLS, or without where `tls` says so; it may turn everybody away."""

    def __init__(self, server, port, tls=True, name=None):
        self.tls = tls
        self.refuses = False
        super().__init__(server, port, name)

    def prepare(self):
        certificate, key = make_certificate(self.folder, "mx.lab.test")
        key.chmod(0o644)
        (self.folder / "exim.conf").write_text(f"""\
primary_hostname = mx.lab.test
spool_directory = {self.folder}
log_file_path = {self.folder}/log_%s
pid_file_path = {self.folder}/pid
host_lookup =
host_reject_connection = {"*" if self.refuses else ""}
tls_advertise_hosts = {"*" if self.tls else ""}
tls_certificate = {certificate}
tls_privatekey = {key}
""", encoding="ascii")
        for file in (self.folder, certificate, key):
            shutil.chown(file, "Debian-exim", "Debian-exim")

    def command(self):
        return ["exim4", "-bdf", "-C", self.folder / "exim.conf",
                "-oX", f"{self.address}.{self.port}"]


class MariaDb(Daemon):
    """MariaDB with an account `watch` that may see how replication goes."""

    def __init__(self, server, port, number, primary=None):
        self.number = number
        self.primary = primary
        super().__init__(server, port)

    def prepare(self):
        self.run("mariadb-install-db", "--no-defaults", f"--datadir={self.folder}/data",
                 "--auth-root-authentication-method=normal", "--skip-test-db", "--user=root",
                 seconds=120)

    def command(self):
        certificate, key = make_certificate(self.folder, "db.lab.test")
        return ["mariadbd", "--no-defaults", "--user=root", f"--datadir={self.folder}/data",
                f"--socket={self.folder}/socket", f"--pid-file={self.folder}/pid",
                f"--bind-address={self.address}", f"--port={self.port}", "--skip-name-resolve",
                f"--server-id={self.number}", "--log-bin=log", "--performance-schema=off",
                "--innodb-buffer-pool-size=16M", f"--ssl-cert={certificate}", f"--ssl-key={key}"]

    def start(self):
        super().start()
        self.sql(f"CREATE USER IF NOT EXISTS watch IDENTIFIED BY '{PASSWORD}'")
        self.sql("GRANT REPLICA MONITOR ON *.* TO watch")
        if self.primary:
            self.follow()

    def sql(self, *statements):
        return self.run("mariadb", "--no-defaults", f"--socket={self.folder}/socket", "--user=root",
                        "--batch", "-e", ";".join(("SET sql_log_bin = 0", *statements)))

    def follow(self, delay_s=0):
        """Replicates from the primary, from now on."""
        self.primary.sql(f"GRANT REPLICATION SLAVE ON *.* TO 'copy' IDENTIFIED BY '{PASSWORD}'")
        file, position = self.primary.run(
            "mariadb", "--no-defaults", f"--socket={self.primary.folder}/socket", "--user=root",
            "--batch", "--skip-column-names", "-e", "SHOW MASTER STATUS").split()[:2]
        self.sql("STOP SLAVE", f"CHANGE MASTER TO MASTER_HOST='{self.primary.address}', "
                 f"MASTER_PORT={self.primary.port}, MASTER_USER='copy', "
                 f"MASTER_PASSWORD='{PASSWORD}', MASTER_LOG_FILE='{file}', "
                 f"MASTER_LOG_POS={position}, MASTER_DELAY={delay_s}",
                 "START SLAVE", "SET GLOBAL read_only = 1")


class PostgreSql(Daemon):
    """PostgreSQL with accounts `watch` (SCRAM) and `old` (MD5); a hot standby of `primary` where
    there is one."""

    def __init__(self, server, port, primary=None, **settings):
        self.primary = primary
        self.settings = settings
        super().__init__(server, port)

    def as_owner(self, *words):
        return ["runuser", "-u", "postgres", "--", *map(str, words)]

    def prepare(self):
        shutil.chown(self.folder, "postgres", "postgres")
        self.certificate, self.key = make_certificate(self.folder, "pg.lab.test")
        for file in (self.certificate, self.key):
            shutil.chown(file, "postgres", "postgres")
        if self.primary:
            self.run(*self.as_owner(
                _POSTGRESQL / "pg_basebackup", "-R", "-D", self.folder / "data", "-c", "fast",
                "-d", f"host={self.primary.address} port={self.primary.port} user=postgres"))
            return
        self.run(*self.as_owner(_POSTGRESQL / "initdb", "-D", self.folder / "data", "-A", "trust",
                                "--no-sync"), seconds=120)
        (self.folder / "data/pg_hba.conf").write_text("""\
local all postgres trust
host replication postgres 10.9.0.0/24 trust
host all watch 10.9.0.0/24 scram-sha-256
host all old 10.9.0.0/24 md5
host all plain 10.9.0.0/24 password
""", encoding="ascii")

    def command(self):
        settings = {"port": self.port, "listen_addresses": self.address, "fsync": "off",
                    "unix_socket_directories": self.folder, "ssl": "on",
                    "ssl_cert_file": self.certificate, "ssl_key_file": self.key, **self.settings}
        words = [word for key, value in settings.items() for word in ("-c", f"{key}={value}")]
        return self.as_owner(_POSTGRESQL / "postgres", "-D", self.folder / "data", *words)

    def start(self):
        super().start()
        if self.primary:
            return
        waiting.until(lambda: self.sql("SELECT 1", check=False), "PostgreSQL takes logins", 30)
        self.sql(f"CREATE ROLE watch LOGIN PASSWORD '{PASSWORD}'", check=False)
        self.sql(f"CREATE ROLE plain LOGIN PASSWORD '{PASSWORD}'", check=False)
        self.sql("SET password_encryption = 'md5'; "
                 f"CREATE ROLE old LOGIN PASSWORD '{PASSWORD}'", check=False)

    def sql(self, statement, check=True):
        return self.run(*self.as_owner("psql", "-h", self.folder, "-p", self.port, "-qAt",
                                       "-d", "postgres", "-c", statement), check=check)


class Dns(Daemon):
    """dnsmasq, which knows www.lab.test and nobody else below lab.test."""

    def command(self):
        return ["dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--no-resolv",
                "--no-hosts", "--user=root", "--pid-file=", "--bind-interfaces",
                f"--listen-address={self.address}", f"--port={self.port}",
                "--address=/www.lab.test/192.0.2.80", "--address=/www.lab.test/2001:db8::80",
                "--local=/lab.test/", "--mx-host=lab.test,mx.lab.test,10",
                "--txt-record=note.lab.test,all is well"]


_GRPC = """
import concurrent.futures, sys, grpc
STATUS = {b"": 1, b"shop": 1, b"closed": 2}
def check(request, context):
    service = request[2:]
    if service not in STATUS:
        context.abort(grpc.StatusCode.NOT_FOUND, "unknown service")
    return bytes([8, STATUS[service]])
handler = grpc.method_handlers_generic_handler(
    "grpc.health.v1.Health", {"Check": grpc.unary_unary_rpc_method_handler(check)})
server = grpc.server(concurrent.futures.ThreadPoolExecutor(2), handlers=[handler])
server.add_insecure_port(sys.argv[1])
credentials = grpc.ssl_server_credentials([(open(sys.argv[4], "rb").read(),
                                            open(sys.argv[3], "rb").read())])
server.add_secure_port(sys.argv[2], credentials)
server.start()
server.wait_for_termination()
"""


class Grpc(Daemon):
    """gRPC's own server with its health service: in clear on `port`, by TLS on the next one."""

    def prepare(self):
        self.certificate, self.key = make_certificate(self.folder, "grpc.lab.test")
        (self.folder / "server.py").write_text(_GRPC, encoding="ascii")

    def command(self):
        return ["/usr/bin/python3", self.folder / "server.py", self.endpoint,
                f"{self.address}:{self.port + 1}", self.certificate, self.key]
