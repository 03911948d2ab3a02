#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Counts a JUnit file: prints "PASSED FAILED SKIPPED", and on stderr which failed and which were
skipped, why. `tally.py FILE`"""

import sys
import xml.etree.ElementTree


def outcome(case):
    """'passed', 'failed' or 'skipped', and the reason in a line."""
    for kind, tags in (("failed", ("failure", "error")), ("skipped", ("skipped",))):
        for tag in tags:
            found = case.find(tag)
            if found is not None:
                text = found.get("message") or found.text or ""
                return kind, text.strip().split("\n")[0][:200]
    if case.get("status") in ("disabled", "notrun"):
        return "skipped", case.get("status")
    return "passed", ""


def main(path):
    counts = {"passed": 0, "failed": 0, "skipped": 0}
    for case in xml.etree.ElementTree.parse(path).getroot().iter("testcase"):
        kind, why = outcome(case)
        counts[kind] += 1
        if kind != "passed":
            print(f"    {kind}: {case.get('name')}: {why}", file=sys.stderr)
    print(counts["passed"], counts["failed"], counts["skipped"])
    return 0 if sum(counts.values()) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
