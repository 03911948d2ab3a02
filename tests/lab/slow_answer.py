# SPDX-License-Identifier: Apache-2.0
"""Answers HTTP on all addresses, as late as a file says: slow_answer.py PORT FILE

The file holds milliseconds; without it there is no delay. Where the kernel of a lab has no netem,
this is how a server is slow.
"""

import http.server
import pathlib
import socket
import sys
import time


class _Server(http.server.ThreadingHTTPServer):
    address_family = socket.AF_INET6  # IPv4 as well


class _Answer(http.server.BaseHTTPRequestHandler):
    delay = pathlib.Path()

    def do_GET(self):  # pylint: disable=invalid-name  # as the base class calls it
        try:
            time.sleep(float(self.delay.read_text(encoding="ascii")) / 1000)
        except FileNotFoundError:
            pass
        self.send_response(200)
        self.send_header("Content-Length", "3")
        self.end_headers()
        self.wfile.write(b"ok\n")

    def log_message(self, *_):  # pylint: disable=arguments-differ
        pass


def main():
    _Answer.delay = pathlib.Path(sys.argv[2])
    _Server(("::", int(sys.argv[1])), _Answer).serve_forever()


if __name__ == "__main__":
    main()
