#!/usr/bin/env python3
"""Counts real tests in a CTest log: those inside GoogleTest, unittest and node:test programs.

Usage: tools/test_counts.py LastTest.log. Prints `passed failed skipped` on the first line, then one
line for every skipped test with its reason, and one for every failed CTest test. A CTest test
whose output names no inner tests counts as one.
"""

import re
import sys
from pathlib import Path
from typing import NamedTuple


class Counts(NamedTuple):
    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def __add__(self, other):
        return Counts(*(mine + theirs for mine, theirs in zip(self, other)))


class Entry(NamedTuple):
    """One CTest test of the log."""

    name: str
    output: str
    has_passed: bool


def entries_of(log: str) -> list[Entry]:
    """The tests of a LastTest.log (Testing/Temporary/ of a build folder)."""
    entries = []
    for part in re.split(r"^\d+/\d+ Testing: ", log, flags=re.MULTILINE)[1:]:
        name = part.split("\n", 1)[0].strip()
        output, _, verdict = part.rpartition("<end of output>")
        output = re.sub(r"\A.*?^Output:\n-+\n", "", output, flags=re.MULTILINE | re.DOTALL)
        has_passed = re.search(r"^Test Passed\.", verdict, re.MULTILINE) is not None
        entries.append(Entry(name, output, has_passed))
    return entries


def _sum(pattern: str, output: str) -> int:
    return sum(int(number) for number in re.findall(pattern, output, flags=re.MULTILINE))


def _gtest(output: str) -> Counts:
    return Counts(_sum(r"^\[  PASSED  \] (\d+) test", output),
                  _sum(r"^\[  FAILED  \] (\d+) tests?, listed below", output),
                  _sum(r"^\[  SKIPPED \] (\d+) tests?, listed below", output))


def _unittest(output: str) -> Counts:
    ran = _sum(r"^Ran (\d+) tests? in", output)
    verdicts = " ".join(re.findall(r"^(?:OK|FAILED) \((.*)\)$", output, flags=re.MULTILINE))
    number = lambda word: _sum(rf"(?<!\w )\b{word}=(\d+)", verdicts)
    failed = number("failures") + number("errors") + _sum(r"unexpected successes=(\d+)", verdicts)
    skipped = number("skipped")
    return Counts(max(0, ran - failed - skipped), failed, skipped)


def _node(output: str) -> Counts:
    number = lambda word: _sum(rf"^(?:#|ℹ) {word} (\d+)$", output)
    return Counts(number("pass"), number("fail") + number("cancelled"),
                  number("skipped") + number("todo"))


def count_entry(entry: Entry) -> Counts:
    """Tests inside `entry`. One that failed without a failed inner test (a crash, a sanitizer's
    report, a time-out) counts as one failure more."""
    counts = _gtest(entry.output) + _unittest(entry.output) + _node(entry.output)
    if not entry.has_passed and counts.failed == 0:
        return counts + Counts(failed=1)
    return counts if any(counts) else Counts(passed=1)


def skips_of(entry: Entry) -> list[str]:
    """`TEST: reason` for every skipped inner test."""
    found = []
    for block, name in re.findall(
            r"^\[ RUN      \][^\n]*\n((?:(?!\[ ).*\n)*)\[  SKIPPED \] (\S+) \(", entry.output,
            flags=re.MULTILINE):
        reason = " ".join(block.partition(": Skipped")[2].split()) or "no reason given"
        found.append(f"{name}: {reason}")
    for name, reason in re.findall(r"^(\S+ \(\S+\)).*\.\.\. skipped (.*)$", entry.output,
                                   flags=re.MULTILINE):
        found.append(f"{name}: {reason.strip(chr(39) + chr(34))}")
    for name, reason in re.findall(r"^\s*(?:﹣|ok \d+ -) (.*?) (?:\([\d.]+ms\) )?# SKIP ?(.*)$",
                                   entry.output, flags=re.MULTILINE):
        found.append(f"{name}: {reason or 'no reason given'}")
    return found


def main(arguments: list[str]) -> int:
    path = Path(arguments[0])
    log = path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""
    entries = entries_of(log)
    print(*sum(map(count_entry, entries), Counts()))
    for entry in entries:
        for skip in skips_of(entry):
            print(f"skipped  {entry.name}  {skip}")
    for entry in entries:
        if not entry.has_passed:
            print(f"FAILED   {entry.name}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
