# SPDX-License-Identifier: Apache-2.0
"""Huge pages of the machine, borrowed: what was added is taken away again, also after a run that
was killed. Several runs at a time add up."""

import contextlib
import fcntl
import os
import pathlib
import tempfile

# One file a borrower, locked as long as it or a child of it lives. A sandbox sees the machine's own.
RECORDS = pathlib.Path("/run/yoke-huge-pages")
PAGE_KIB = 2048
_TOTAL = pathlib.Path("/proc/sys/vm/nr_hugepages")


class Loan:
    """PAGES huge pages that are free now: `pages` is that number, or 0 with a `reason`."""

    def __init__(self, pages):
        self.pages = 0
        self.reason = ""
        self._record = None
        try:
            with _records_locked():
                _give_back_abandoned()
                self._borrow(pages)
        except OSError as error:
            self.reason = error.strerror

    def _borrow(self, pages):
        if _meminfo("Hugepagesize") != PAGE_KIB:
            self.reason = "the kernel has none of 2 MiB"
            return
        # Those that are free may be another run's, which has not come to use them yet.
        descriptor, path = tempfile.mkstemp(dir=RECORDS)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        os.write(descriptor, str(pages).encode())
        before, free = int(_TOTAL.read_text()), _meminfo("HugePages_Free")
        _TOTAL.write_text(str(before + pages))
        added = int(_TOTAL.read_text()) - before
        if added == pages:
            self._record, self.pages = descriptor, pages
            return
        _TOTAL.write_text(str(before))
        os.unlink(path)
        os.close(descriptor)
        if free >= pages:
            self.pages = pages
        else:
            self.reason = f"memory is in pieces: {added} of {pages} pages"

    def leave_to_children(self):
        """The pages stay until the last process that was forked since has ended."""
        if self._record is not None:
            os.close(self._record)
            self._record = None

    def give_back(self):
        self.leave_to_children()
        give_back_abandoned()


def give_back_abandoned():
    """Takes away what was borrowed for processes that are no more."""
    with contextlib.suppress(OSError), _records_locked():
        _give_back_abandoned()


def _give_back_abandoned():
    for path in RECORDS.iterdir():
        with open(path, encoding="ascii") as record:
            try:
                fcntl.flock(record, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            pages = int(record.read() or 0)
            _TOTAL.write_text(str(max(0, int(_TOTAL.read_text()) - pages)))
            path.unlink()


@contextlib.contextmanager
def _records_locked():
    """The folder is there, and ours alone; gone afterwards if nobody borrows."""
    while True:
        RECORDS.mkdir(mode=0o700, exist_ok=True)
        descriptor = os.open(RECORDS, os.O_DIRECTORY)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        if RECORDS.exists() and os.path.samestat(os.fstat(descriptor), os.stat(RECORDS)):
            break
        os.close(descriptor)  # another run has removed it meanwhile
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            RECORDS.rmdir()
        os.close(descriptor)


def _meminfo(name):
    for line in pathlib.Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
        key, _, value = line.partition(":")
        if key == name:
            return int(value.split()[0])
    return 0
