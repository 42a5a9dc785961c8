#!/usr/bin/env python3
"""What failed in `./dev test`, so that a log of which only the end is kept still tells it.

Usage: tools/test_failures.py FOLDER STAGE...: of each stage that failed reads FOLDER/STAGE.log, all
that it printed, and FOLDER/STAGE.ctest.log if it ran CTest. Prints the last lines of what each
failed test wrote itself, then one line for every failed test: `failed  STAGE  TEST  INNER: why`.
"""

import re
import sys
from pathlib import Path
from typing import NamedTuple

from test_counts import Entry, entries_of

LINES = 40  # of one failed test's own output
BLOCKS = 8  # outputs that are shown; the failures after these are only named
WIDTH = 200  # of a reason

SANITIZER = re.compile(r"^.*(?:ERROR: \w*Sanitizer|WARNING: ThreadSanitizer|runtime error:).*$",
                       re.MULTILINE)


class Failure(NamedTuple):
    name: str
    reason: str
    output: str


def _one_line(text: str) -> str:
    words = " ".join(text.split())
    return words if len(words) <= WIDTH else words[:WIDTH - 3] + "..."


def _gtest(output: str) -> list[Failure]:
    """Each from its `[ RUN` to its `[  FAILED  ]`, or to the end if the program ended in it."""
    found = []
    for block in re.split(r"^(?=\[ RUN      \] )", output, flags=re.MULTILINE)[1:]:
        name = block.split("\n", 1)[0].removeprefix("[ RUN      ] ")
        end = re.search(r"^(.*)\[(       OK |  SKIPPED |  FAILED  )\] (?!\d+ test)", block,
                        re.MULTILINE)
        if end is not None and end[2] != "  FAILED  ":
            continue
        if end is not None:
            block = block[:block.find("\n", end.start()) + 1]
        first = re.search(r"^(?:.*/)?([^/\n]+:\d+): Failure\n((?:(?!\[ ).+\n)*)", block,
                          re.MULTILINE)
        reason = f"{first[1]}: {first[2]}" if first is not None else _of_a_crash(block, end)
        found.append(Failure(name, _one_line(reason), block))
    return found


def _of_a_crash(block: str, end: re.Match | None) -> str:
    report = SANITIZER.search(block)
    if report is not None:
        return report[0]
    return "no message" if end is not None else "the program ended in this test"


def _unittest(output: str) -> list[Failure]:
    found = []
    for block in re.split(r"^={70}\n", output, flags=re.MULTILINE)[1:]:
        block = re.split(r"^-{70}\nRan \d+ test", block, flags=re.MULTILINE)[0]
        kind, _, name = block.split("\n", 1)[0].partition(": ")
        last = block.rpartition("Traceback (most recent call last):\n")[2]
        message = re.search(r"^(?! |Traceback)\S.*(?:\n(?! |Traceback).*)*", last, re.MULTILINE)
        is_error = "Traceback (most" in block and message is not None
        found.append(Failure(name, _one_line(message[0] if is_error else kind.lower()), block))
    return found


def _node(output: str) -> list[Failure]:
    """Of node:test, which writes TAP into a pipe."""
    found = []
    for indent, name, rest in re.findall(
            r"^( *)not ok \d+ - (.*)\n((?:\1  .*\n)*)", output, flags=re.MULTILINE):
        if "failureType: 'subtestsFailed'" in rest:  # what failed inside has a line of its own
            continue
        error = re.search(r"^ *error: (?:\|-\n((?: {4}.*\n)+)|'?(.*?)'?$)",
                          re.sub(rf"^{indent}", "", rest, flags=re.MULTILINE), re.MULTILINE)
        reason = (error[1] or error[2]) if error is not None else "no message"
        found.append(Failure(name, _one_line(reason), f"{indent}not ok - {name}\n{rest}"))
    return found


def failures_of(entry: Entry, verdict: str = "Failed") -> list[Failure]:
    """The failed tests inside `entry`, without a name if it is the program that failed: then for
    CTest's own `verdict`."""
    if entry.has_passed:
        return []
    inner = _gtest(entry.output) + _unittest(entry.output) + _node(entry.output)
    if inner:
        return inner
    report = SANITIZER.search(entry.output)
    reason = f"{verdict}: {report[0].strip()}" if report is not None else verdict
    return [Failure("", _one_line(reason), entry.output)]


def failures_of_log(log: str) -> list[Failure]:
    """Of a stage without CTest: each line `FAILED  NAME`, which follows what NAME has printed. The
    whole stage is what failed where there is none, as when something cannot be compiled."""
    parts = re.split(r"^(?:passed|skipped|FAILED)  +\S.*\n", log, flags=re.MULTILINE)
    marks = re.findall(r"^(?:passed|skipped|FAILED)  +\S.*$", log, flags=re.MULTILINE)
    found = []
    for output, mark in zip(parts, marks):
        if mark.startswith("FAILED"):
            name, _, reason = mark.removeprefix("FAILED").strip().partition(": ")
            report = SANITIZER.search(output)
            found.append(Failure(name, _one_line(report[0] if report else reason or "failed"),
                                 output))
    return found or [Failure("", "the stage failed, its log is the above", log)]


def _of_stage(folder: Path, stage: str) -> list[tuple[str, Failure]]:
    """Pairs of what ran the test and the failure."""
    log, ctest_log = (path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""
                      for path in (folder / f"{stage}.log", folder / f"{stage}.ctest.log"))
    verdicts = dict(re.findall(r"^ *\d+/\d+ Test +#\d+: (\S+) \.*\*\*\*(.*?) +[\d.]+ sec", log,
                               flags=re.MULTILINE))
    found = [(f"{stage}  {entry.name}", failure) for entry in entries_of(ctest_log)
             for failure in failures_of(entry, verdicts.get(entry.name, "Failed"))]
    return found or [(stage, failure) for failure in failures_of_log(log)]


def _title(place: str, failure: Failure) -> str:
    return f"{place}  {failure.name}" if failure.name else place


def main(arguments: list[str]) -> int:
    folder = Path(arguments[0])
    found = [pair for stage in arguments[1:] for pair in _of_stage(folder, stage)]
    for place, failure in found[:BLOCKS]:
        lines = failure.output.rstrip("\n").split("\n")
        print(f"---- {_title(place, failure)}")
        print(*([f"... {len(lines) - LINES} lines before"] if len(lines) > LINES else []),
              *lines[-LINES:], sep="\n")
    for place, failure in found:
        print(f"failed   {_title(place, failure)}: {failure.reason}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
