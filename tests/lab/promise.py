# SPDX-License-Identifier: Apache-2.0
"""What must never be seen, not even once. A test that fails for any other reason is run a second time
(tests/run), since a busy machine may be late; one that fails with this is not."""


class Broken(AssertionError):
    """Something happened that Yoke promises never happens."""


def kept(holds, what):
    """Raises Broken with `what` unless `holds`."""
    if not holds:
        raise Broken(what)
