# SPDX-License-Identifier: Apache-2.0
"""What the demo shows: a unit configured by hand, traffic through it, a server that dies and comes
back. Told as it happens; the same as numbers in `facts`."""

import sys
import textwrap
import time

import pair_story
import paired
import topology
import traffic
import unit
import waiting

CONNECTIONS = 3000
VIPS = ("web", "web6", "direct", "direct6")
WIDTH = 80


class Story:
    def __init__(self, out=sys.stdout):
        self.lab = None
        self.facts = {}
        self._out = out

    def tell(self):
        self.say("Yoke: one unit balances a client's traffic to three nginx servers, and then a second")
        self.say("stands by, all of it in network namespaces of this machine.")
        self._lay()
        self._configure()
        self._one_request_each_way()
        self._spread()
        self._outage()
        self._finish()
        self._pair()

    # ---- telling

    def say(self, text=""):
        print(text, file=self._out, flush=True)

    def title(self, text):
        self.say(f"\n== {text}")

    def yoke(self, *words, unit=None):
        """Shows a command as a person types it, and what it answers."""
        unit = unit or self.lab.unit
        where = "" if unit is self.lab.unit else unit.name
        self.say(where + _as_typed("yoke", words))
        done = unit.yoke(*words)
        for line in (done.stdout + done.stderr).rstrip().splitlines():
            self.say(f"  {line}")

    # ---- chapters

    def _lay(self):
        self.lab = topology.Lab(kind=paired.PairedUnit)
        the_unit = self.lab.unit
        the_unit.start()
        version = the_unit.yoke("--version").stdout.strip()
        if the_unit.huge_pages:
            memory = f"{the_unit.huge_pages} huge pages"
        else:
            memory = f"no huge pages ({unit.no_huge_pages_reason()})"
        device = the_unit.device + (f" ({the_unit.device_reason})" if the_unit.device_reason else "")
        self.facts |= {"version": version, "device": the_unit.device,
                       "huge_pages": the_unit.huge_pages}
        self.say(f"""
                      client 10.9.0.10
                         |
       unit 10.9.0.2 -- switch -- server1 .21, server2 .22, server3 .23

port   {device}
memory {memory}
yoke   {version}, short for: {unit.PROGRAMS / 'yoke'} --root {the_unit.root}""")

    def _configure(self):
        self.title("Configure: a pool, its check, a VIP; then the same for IPv6 and for dsr")
        # One session each, so that every commit is shown with the commands it is of.
        for name in VIPS:
            commands = [*self.lab.commands(name), "commit"]
            self.yoke(*(word for command in commands for word in ("-c", command)))
        self.lab.unit.until_servers("up")
        self.yoke("show", "vip")
        self.yoke("show", "pool", "web")

    def _one_request_each_way(self):
        self.title("One request each way")
        for name in VIPS:
            method, family, *_ = topology.EVERYTHING[name]
            url = f"http://{topology.vip(name)}/"
            answer = self.lab.client.run("curl", "-sS", "--max-time", "5", url).stdout.strip()
            self.say(f"  {method}, IPv{family}   {'curl ' + url:34} {answer}")

    def _spread(self):
        self.title(f"{CONNECTIONS:,} connections of one request each")
        started = time.monotonic()
        requests = traffic.Traffic(self.lab.client, topology.NAT4, CONNECTIONS).wait()
        seconds = time.monotonic() - started
        counts = {server.name: 0 for server in self.lab.servers} | traffic.per_server(requests)
        failed = len(traffic.failed(requests))
        for name, count in counts.items():
            self.say(f"  {name}  {count:5,} requests  {100 * count / len(requests):5.1f} %")
        self.say(f"  failed   {failed:5,} of {len(requests):,}, in {seconds:.1f} s")
        self.facts |= {"requests": len(requests), "failed": failed, "per_server": counts}

    def _outage(self):
        victim = self.lab.servers[1]
        name = ("web", victim.endpoint(4))
        self.title(f"nginx on {victim.name} is killed under traffic, and started again")
        with traffic.Traffic(self.lab.client, topology.NAT4, at_once=4, pause=0.002) as flow:
            waiting.until(lambda: len(flow.requests) > 200, "traffic flows")
            stopped = time.monotonic()
            victim.stop()
            down = self.lab.unit.until_servers("down", [name])
            enough = len(flow.requests) + 400
            waiting.until(lambda: len(flow.requests) > enough, "traffic flows on")
            shown = self.lab.unit.yoke("show", "pool", "web").stdout
            restarted = time.monotonic()
            victim.start()
            up = self.lab.unit.until_servers("up", [name])
            waiting.until(lambda: any(request.server == victim.name and request.started > up
                                      for request in flow.requests), f"{victim.name} serves again")
        failed = traffic.failed(flow.requests)
        late = [request for request in failed if request.started > down]
        self.say("$ yoke show pool web")
        self.say(textwrap.indent(shown.rstrip(), "  "))
        check_down_ms, back_ms = 1000 * (down - stopped), 1000 * (up - restarted)
        self.say(f"  the check took it out       {check_down_ms:6,.0f} ms after its death")
        self.say(f"  requests meanwhile failed   {len(failed) - len(late):6,} of "
                  f"{sum(stopped <= request.ended <= down for request in flow.requests):,}")
        self.say(f"  requests failed after that  {len(late):6,} of "
                  f"{sum(request.started > down for request in flow.requests):,}")
        self.say(f"  it was back in use          {back_ms:6,.0f} ms after its start")
        self.facts |= {"check_down_ms": round(check_down_ms), "failed_after_down": len(late),
                       "outage": {"requests": len(flow.requests), "failed": len(failed),
                                  "per_server": traffic.per_server(flow.requests),
                                  "back_ms": round(back_ms)}}

    def _finish(self):
        self.title("What the unit has counted")
        self.yoke("show", "traffic")

    def _pair(self):
        pair = pair_story.PairStory(self)
        pair.tell()
        self.facts |= pair.facts


def _as_typed(program, words):
    """A shell line as a person folds it: before each -c, and within one that is still too long."""
    quoted = [f'"{word}"' if " " in word else word for word in words]
    line = " ".join(["$", program, *quoted])
    if len(line) <= WIDTH:
        return line
    first, *others = [f"-c {word}" for word in quoted if word != "-c"]
    indent = " " * 7
    folded = textwrap.wrap(f"$ {program} {first}", WIDTH - 2, subsequent_indent=indent + "    ",
                           break_long_words=False, break_on_hyphens=False)
    for piece in others:
        folded += textwrap.wrap(piece, WIDTH - 2, initial_indent=indent,
                                subsequent_indent=indent + "    ", break_long_words=False,
                                break_on_hyphens=False)
    return " \\\n".join(folded)
