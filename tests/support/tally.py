#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Counts a JUnit file: prints "PASSED FAILED SKIPPED", and on stderr which failed and which were
skipped, why.
`tally.py FILE [SECOND]`: what is in SECOND as well was run again, and counts as it went there; what
passed only then is named as unsteady.
`tally.py --again FILE`: prints what may be run again, as pytest knows it: all that failed, or nothing
if that is more than a few tests, or one of them broke a promise (tests/lab/promise.py)."""

import sys
import xml.etree.ElementTree

FEW = 3


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


def cases_of(path):
    """(class, name): (kind, reason). A test has two entries where its end failed after itself."""
    found = {}
    for case in xml.etree.ElementTree.parse(path).getroot().iter("testcase"):
        name = case.get("classname") or "", case.get("name")
        if name not in found or found[name][0] != "failed":
            found[name] = outcome(case)
    return found


def again(path):
    failed = {name: why for name, (kind, why) in cases_of(path).items() if kind == "failed"}
    if len(failed) <= FEW and not any(why.startswith("promise.Broken") for why in failed.values()):
        for where, name in failed:
            print(f"{where.replace('.', '/')}.py::{name}")
    return 0


def count(path, second=None):
    found = cases_of(path)
    for name, (kind, why) in (cases_of(second) if second else {}).items():
        if kind == "passed" and name in found:
            print(f"    unsteady: {name[1]}: passed when run again, before: {found[name][1]}",
                  file=sys.stderr)
        found[name] = kind, why
    counts = {"passed": 0, "failed": 0, "skipped": 0}
    for (_, name), (kind, why) in found.items():
        counts[kind] += 1
        if kind != "passed":
            print(f"    {kind}: {name}: {why}", file=sys.stderr)
    print(counts["passed"], counts["failed"], counts["skipped"])
    return 0 if found else 1


if __name__ == "__main__":
    sys.exit(again(sys.argv[2]) if sys.argv[1] == "--again" else count(*sys.argv[1:]))
