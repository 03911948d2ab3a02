# SPDX-License-Identifier: Apache-2.0
"""Waiting for an event, with a deadline; never for a time."""

import time


class Late(AssertionError):
    """What was waited for did not happen in time."""


def until(happened, what, seconds=10.0, every=0.02):
    """Calls `happened` until it returns something true, and returns that."""
    deadline = time.monotonic() + seconds
    while True:
        result = happened()
        if result:
            return result
        if time.monotonic() > deadline:
            raise Late(f"not within {seconds:g} s: {what}; last seen: {result!r}")
        time.sleep(every)
