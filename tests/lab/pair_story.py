# SPDX-License-Identifier: Apache-2.0
"""The second half of the demo: a second unit beside the first; the one that has the VIPs is killed
in the middle of downloads, and hands them over as planned."""

import concurrent.futures
import hashlib
import re
import signal
import time

import meter as meters
import paired
import server as servers
import topology
import waiting

DOWNLOAD_BYTES = 24 * 1000 * 1000
WRK_SECONDS, WRK_CONNECTIONS = 6, 16
_RETRANSMITTED = re.compile(r"timer:\(on,[^,]*,(?:[3-9]|\d\d)\)")  # three times and more
VIPS = ("web", "web6", "direct", "direct6")
NAMES = {topology.vip(name): f"{topology.EVERYTHING[name][0]}, IPv{topology.EVERYTHING[name][1]}"
         for name in VIPS}


class PairStory:
    """Goes on with the lab of `story`, whose unit is a PairedUnit that has the VIPs."""

    def __init__(self, story):
        self._story = story
        self._lab = story.lab
        self._pair = paired.Paired(self._lab)
        self.facts = {}

    def tell(self):
        self._set_up()
        servers.make_big_file()
        with open(servers.BIG_FILE, "rb") as file:
            self._digest = hashlib.sha256(file.read(DOWNLOAD_BYTES)).hexdigest()
        with meters.Meter(self._lab, self._pair.vip, self._pair.held, has_datagrams=True) as meter:
            self._kill(meter)
            self._hand_over(meter)

    def stop(self):
        self._pair.stop()

    # ---- chapters

    def _set_up(self):
        say, yoke = self._story.say, self._story.yoke
        first, second = self._pair.units
        self._story.title("A second unit beside it, and a cable between them: one of two has the VIPs")
        say("""
       lb-a 10.9.0.2 ===== ha0 ===== lb-b 10.9.0.3
              |                         |
              +-------- switch ---------+
""")
        self._pair.start()
        self._pair.introduce(yoke)
        words = [f"{paired.HA} profile vm", f"set group blue vrid {paired.VRID}",
                 *(f"set vip {name} group blue" for name in (*VIPS, "dns")), "commit"]
        self._lab.unit.commit(*self._lab.commands("dns"))
        yoke(*(word for command in words for word in ("-c", command)))
        yoke("-c", paired.HA, "-c", "commit", unit=second)
        self._pair.until_alike()
        yoke("show", "ha", "config")
        self._active, _ = self._pair.settle()
        yoke("show", "ha")

    def _kill(self, meter):
        active = self._active
        self._story.title(f"{active.name}, which has the VIPs, is killed in the middle of "
                          "downloads and wrk")
        meter.begin()
        with concurrent.futures.ThreadPoolExecutor() as pool:
            loads = {address: pool.submit(self._download, address) for address in NAMES}
            wrk = pool.submit(self._wrk)
            time.sleep(1)
            active.signal(signal.SIGKILL, *paired.PARTS)
            whole = {address: load.result() for address, load in loads.items()}
            requests, errors = wrk.result()
        noticed = meter.end()
        cut = list(whole.values()).count(False)
        lost = noticed["lost"] + cut + errors
        say = self._story.say
        self._tell_blackout(noticed)
        say(f"  downloads that came whole     {len(whole) - cut:6,} of {len(whole)}"
            + "".join(f"; not: {NAMES[address]}" for address in whole if not whole[address]))
        say(f"  connections lost              {noticed['lost']:6,} of {noticed['held']} that were "
            "held open")
        say(f"  of wrk's connections lost     {errors:6,} of {WRK_CONNECTIONS}; it had "
            f"{requests:,} requests answered")
        self._tell_dual(noticed)
        self.facts |= {"takeover_ms": round(noticed["blackout_ms"]),
                       "takeover_stall_ms": round(noticed["stall_ms"]), "connections_lost": lost,
                       "downloads_cut": cut,
                       "dual_answers": noticed["dual_answers"]}

    def _hand_over(self, meter):
        killed = self._active
        began = time.monotonic()
        active, _ = self._pair.settle()
        self._story.title(f"{killed.name} is started again; {active.name} is told "
                          "to hand over")
        self._story.say(f"  it stands by                  {1000 * (time.monotonic() - began):6,.0f} "
                        "ms after its start")
        meter.begin()
        time.sleep(0.5)
        self._story.yoke("request", "ha", "failover", unit=active)
        waiting.until(lambda: self._pair.active() is killed, "it has handed over", 30)
        time.sleep(0.5)
        noticed = meter.end()
        self._tell_blackout(noticed)
        say = self._story.say
        say(f"  packets lost                  {noticed['datagrams_lost']:6,} of "
            f"{noticed['datagrams']:,}, one a millisecond")
        say(f"  connections lost              {noticed['lost']:6,} of {noticed['held']} that were "
            "held open")
        self._tell_dual(noticed)
        self._story.yoke("show", "ha", unit=killed)
        self.facts |= {"planned_packets_lost": noticed["datagrams_lost"],
                       "planned_connections_lost": noticed["lost"]}
        self.facts["dual_answers"] += noticed["dual_answers"]

    # ---- telling

    def _tell_blackout(self, noticed):
        self._story.say(f"  no request was answered for   {noticed['blackout_ms']:6,.0f} ms (the "
                        f"machine itself stood still for {noticed['stall_ms']:.0f} ms)")

    def _tell_dual(self, noticed):
        self._story.say(f"  answers by both units         {noticed['dual_answers']:6,} of "
                        f"{noticed['answers']:,}")

    # ---- traffic

    def _download(self, address):
        """Whether it came whole."""
        done = self._lab.client.run(
            "bash", "-c", f"set -o pipefail; curl -sS --speed-time 6 --speed-limit 1 -r 0-{DOWNLOAD_BYTES - 1} "
            f"'http://{address}/slow' | sha256sum", check=False)
        return done.returncode == 0 and done.stdout.split()[0] == self._digest

    def _wrk(self):
        """(requests answered, connections that failed or fell silent). wrk itself tells of no
        connection that waits for ever, so the kernel is asked shortly before its end."""
        with concurrent.futures.ThreadPoolExecutor() as pool:
            run = pool.submit(self._lab.client.run, "wrk", "-t1", f"-c{WRK_CONNECTIONS}",
                              f"-d{WRK_SECONDS}s", f"http://{topology.NAT4}/")
            time.sleep(WRK_SECONDS - 0.5)
            sockets = self._lab.client.run("ss", "-Htnop").stdout.splitlines()
            told = run.result().stdout
        silent = sum('"wrk"' in line and bool(_RETRANSMITTED.search(line)) for line in sockets)
        errors = re.search(r"connect (\d+), read (\d+), write (\d+)", told)
        failed = sum(map(int, errors.groups())) if errors else 0
        return int(re.search(r"(\d+) requests in", told)[1]), min(silent + failed, WRK_CONNECTIONS)
