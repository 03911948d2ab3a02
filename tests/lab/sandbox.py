#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A place from which nothing outlives its end: processes and mounts of its own.

Everything the lab makes (daemons, network namespaces, XDP programs, files below /run) belongs to a
process namespace and a mount namespace. The kernel ends the first with its first process, and the
rest goes with the last process in it. So there is nothing to clean up after Ctrl-C or kill -9, and
nothing that could be forgotten; only huge pages are the machine's (huge_pages.py).

    sandbox.py COMMAND...    runs COMMAND inside, as root; its exit status is the command's
"""

import os
import pathlib
import select
import signal
import sys

import huge_pages
import kernel

HUGE_PAGES = 256  # for two units of 128 MiB of packet buffers, and their tables
_STOP = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}


class Sandbox:
    """Started at once; wait() or stop() ends it. `main` runs inside as the first process and
    returns the exit status."""

    def __init__(self, main):
        # Signals are waited for, never handled: there is no moment at which one is lost.
        signal.pthread_sigmask(signal.SIG_BLOCK, _STOP | {signal.SIGCHLD})
        self.loan = huge_pages.Loan(HUGE_PAGES)
        read_end, write_end = os.pipe()
        outside = os.open("/proc/self/ns/pid", os.O_RDONLY | os.O_CLOEXEC)
        try:
            kernel.unshare(kernel.CLONE_NEWPID)
        except OSError as error:
            self.loan.give_back()
            sys.exit(f"the lab needs process and mount namespaces of its own: {error}")
        self.process = os.fork()
        if self.process == 0:
            os.close(write_end)
            _run_inside(main, read_end, self.loan)
        kernel.setns(outside, kernel.CLONE_NEWPID)
        os.close(outside)
        os.close(read_end)
        os.write(write_end, b"1")
        self._lifeline = write_end

    def wait(self, message=None):
        """Exit status of `main`, or None once it has written to the pipe `message`; a stop signal
        ends everything at once."""
        while True:
            arrived = signal.sigtimedwait(_STOP | {signal.SIGCHLD}, 0.1 if message else 3600)
            if arrived and arrived.si_signo in _STOP:
                self.stop()
                return 128 + arrived.si_signo
            ended, status = os.waitpid(self.process, os.WNOHANG)
            if ended:
                self.loan.give_back()
                return os.waitstatus_to_exitcode(status) & 0xFF
            if message and select.select([message], [], [], 0)[0] and os.read(message, 1):
                return None

    def stop(self):
        """Returns when the last process inside is gone."""
        os.kill(self.process, signal.SIGKILL)
        os.waitpid(self.process, 0)
        self.loan.give_back()

    def let_go(self):
        """The sandbox lives on without this process, which handles its signals again."""
        self.loan.leave_to_children()
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOP | {signal.SIGCHLD})


def _run_inside(main, lifeline, loan):
    """The first process of the namespace. Never returns."""
    status = 1
    try:
        kernel.set_parent_death_signal(signal.SIGKILL)
        if os.read(lifeline, 1) != b"1":  # the parent died before it could be noticed
            os._exit(1)
        os.close(lifeline)
        os.setsid()  # Ctrl-C is the parent's business
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOP | {signal.SIGCHLD})
        _mount_own()
        os.environ["YOKE_HUGE_PAGES"] = str(loan.pages)
        os.environ["YOKE_NO_HUGE_PAGES_REASON"] = loan.reason
        os.environ["TMPDIR"] = "/run/tmp"
        status = main()
    except OSError as error:
        print(f"the lab cannot be laid: {error}", file=sys.stderr)
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 1
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status or 0)


def _mount_own():
    kernel.unshare(kernel.CLONE_NEWNS)
    kernel.mount(None, "/", None, kernel.MS_REC | kernel.MS_PRIVATE)
    kernel.mount("proc", "/proc", "proc")
    records = os.open(huge_pages.RECORDS, os.O_PATH) if huge_pages.RECORDS.exists() else None
    kernel.mount("tmpfs", "/run", "tmpfs", 0, "mode=755")
    pathlib.Path("/run/tmp").mkdir(mode=0o1777)
    if records is not None:  # a run inside this one borrows in the machine's books
        huge_pages.RECORDS.mkdir()
        kernel.mount(f"/proc/self/fd/{records}", str(huge_pages.RECORDS), None, kernel.MS_BIND)
        os.close(records)


def _main():
    if len(sys.argv) < 2:
        sys.exit(__doc__.strip())

    def run_command():
        os.execvp(sys.argv[1], sys.argv[1:])

    sys.exit(Sandbox(run_command).wait())


if __name__ == "__main__":
    _main()
