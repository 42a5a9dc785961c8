#!/usr/bin/env python3
"""Holds the tree against the rules of CONTRIBUTING.md that no compiler checks.

Usage: tools/tidy.py [ROOT]            one line a finding; ends with 1 if there are any
       tools/tidy.py --allow RULE WHY  puts all present findings of RULE on the list

Findings that are known and accepted stand in tools/tidy_allow.txt, a list that may only shrink: an
entry that no longer matches a finding fails, and so does a number of entries other than its
`limit:` line.
"""

import ast
import os
import re
import sys
from pathlib import Path
from typing import Iterable, Iterator, NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parent))
import cpp_text  # noqa: E402  (found beside this file)

FILE_LINES_MAX = 500
FUNCTION_LINES_MAX = 60
COLUMNS_MAX = 100
HEADER_COMMENT_LINES = range(5, 21)
FORBIDDEN = {"manager", "handler", "helper", "util", "common", "core", "engine", "misc", "data",
             "info"}
FORBIDDEN |= {name + "s" for name in FORBIDDEN if not name.endswith(("data", "info", "misc"))}
# One header per type, so others include what they need; every other folder has one public header.
OPEN_FOLDERS = {"base", "model", "os"}
# frames.h is freestanding, so what only the host has stands in a public header of its own, and so
# does the body of proa-init. The others declare what only main constructs: kept apart so that a
# folder's callers do not see it. A metrics.h declares what main collects (telemetry/metrics.h: with
# what), and is public in every folder; telemetry/spans.h is what dispatch records and otlp sends.
SECOND_PUBLIC_HEADERS = {
    "frames/guest_devices.h", "frames/init_up.h", "frames/link.h", "frames/streams.h",
    "frames/init/container.h", "frames/init/guest.h", "launcher/supervisor.h",
    "dispatch/admission.h", "dispatch/async_queue.h", "dispatch/shard_dispatcher.h",
    "logs/filter_pattern.h", "logs/log_keeper.h", "logs/log_tail.h", "sandbox/backends.h",
    "sandbox/container.h", "sandbox/job.h", "sandbox/microvm.h", "sandbox/template_shelf.h",
    "storage/batch_store.h",
    "storage/data_format.h", "storage/disk_use.h", "storage/segment_log.h", "storage/snapshot.h",
    "telemetry/spans.h"}
ALLOW_LIST = "tools/tidy_allow.txt"
SKIPPED_FOLDERS = {"build", ".git", ".cache", "node_modules", "__pycache__", "corpus"}
CODE_SUFFIXES = {".cpp", ".h", ".c", ".py", ".js", ".mjs", ".cjs", ".sh", ".cmake", ".txt", ""}
TEXT_SUFFIXES = CODE_SUFFIXES | {".md", ".json", ".yml", ".yaml", ".toml", ".html", ".css"}
NAMED_FOLDERS = ("apps", "bench", "cmake", "fuzz", "src", "tests", "tools")


class Finding(NamedTuple):
    rule: str
    path: str
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.message} [{self.rule}]"


class Source(NamedTuple):
    """One text file: path relative to the root, with forward slashes, and its content."""

    path: str
    text: str

    @property
    def name(self) -> Path:
        return Path(self.path)

    @property
    def is_cpp(self) -> bool:
        return self.name.suffix in {".cpp", ".h"}

    @property
    def folder(self) -> str:
        """Folder below src/, or nothing: src/pool/idle_policy.cpp is in `pool`."""
        parts = self.name.parts
        return parts[1] if len(parts) > 2 and parts[0] == "src" else ""


def read_sources(root: Path) -> list[Source]:
    """Every text file of the project in the order of its path."""
    sources = []
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(name for name in folders if name not in SKIPPED_FOLDERS)
        for name in sorted(files):
            path = Path(folder, name)
            if path.suffix not in TEXT_SUFFIXES or path.is_symlink():
                continue
            try:
                text = path.read_text(encoding="utf-8")
            except UnicodeDecodeError:
                continue
            sources.append(Source(path.relative_to(root).as_posix(), text))
    return sources


def check_lengths(source: Source) -> Iterator[Finding]:
    if source.name.suffix not in CODE_SUFFIXES or source.name.name == "LICENSE":
        return
    lines = source.text.splitlines()
    if len(lines) > FILE_LINES_MAX:
        yield Finding("file-length", source.path, 1, f"{len(lines)} lines; the limit is 500")
    for number, line in enumerate(lines, 1):
        if len(line) > COLUMNS_MAX:
            yield Finding("columns", source.path, number, f"{len(line)} columns; the limit is 100")
    for number, lines, name in function_lengths(source):
        if lines > FUNCTION_LINES_MAX:
            message = f"{lines} lines in a function; the limit is 60: {name[-60:]}"
            yield Finding("function-length", source.path, number, message)


def function_lengths(source: Source) -> Iterator[tuple[int, int, str]]:
    """First line, number of lines and name of each function of a C++ or Python file."""
    if source.is_cpp:
        yield from cpp_text.functions(cpp_text.strip_comments_and_strings(source.text))
    elif source.name.suffix == ".py":
        try:
            tree = ast.parse(source.text)
        except SyntaxError:
            return
        for node in ast.walk(tree):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                yield node.lineno, node.end_lineno - node.lineno + 1, node.name


def opening_comment(text: str) -> int:
    """Number of `//` lines that the file starts with."""
    count = 0
    for line in text.splitlines():
        if not line.startswith("//"):
            break
        count += 1
    return count


def check_header(source: Source) -> Iterator[Finding]:
    if source.name.suffix != ".h" or source.path.startswith("cmake/"):
        return
    if not re.search(r"^#pragma once$", source.text, re.MULTILINE):
        yield Finding("pragma-once", source.path, 1, "no #pragma once")
    count = opening_comment(source.text)
    is_public = source.path == f"src/{source.folder}/{source.folder}.h"
    if is_public and source.folder not in OPEN_FOLDERS and count not in HEADER_COMMENT_LINES:
        message = f"a public header opens with 5 to 20 lines of comment, this one with {count}"
        yield Finding("header-comment", source.path, 1, message)
    elif count == 0:
        yield Finding("header-comment", source.path, 1, "a header opens with a comment")


def modules_of(sources: Iterable[Source]) -> dict[str, list[str]]:
    """Folders of src/ and what each may include, in the order of src/CMakeLists.txt."""
    modules = {}
    for source in sources:
        if source.path != "src/CMakeLists.txt":
            continue
        text = re.sub(r"#[^\n]*", "", source.text)
        for match in re.finditer(r"proa_module\(([^)]*)\)", text):
            words = match.group(1).split()
            depends = words[words.index("DEPENDS") + 1 :] if "DEPENDS" in words else []
            stop = depends.index("LIBRARIES") if "LIBRARIES" in depends else len(depends)
            modules[words[0]] = depends[:stop]
    return modules


def check_modules(sources: list[Source], modules: dict[str, list[str]]) -> Iterator[Finding]:
    """Arrows point down only, every folder is a module, and has its one public header."""
    seen = set()
    for name, depends in modules.items():
        for other in depends:
            if other not in seen:
                message = f"{name} depends on {other}, which does not stand above it"
                yield Finding("arrow", "src/CMakeLists.txt", 1, message)
        seen.add(name)
    paths = {source.path for source in sources}
    for folder in sorted({source.folder for source in sources if source.folder}):
        path = f"src/{folder}"
        if folder not in modules:
            yield Finding("arrow", path, 1, "no proa_module() in src/CMakeLists.txt")
        if folder not in OPEN_FOLDERS and f"{path}/{folder}.h" not in paths:
            yield Finding("public-header", path, 1, f"no {folder}/{folder}.h")


def check_includes(source: Source, modules: dict[str, list[str]]) -> Iterator[Finding]:
    top = source.name.parts[0]
    if not source.is_cpp or top not in {"src", "apps"}:
        return
    for number, line in enumerate(source.text.splitlines(), 1):
        match = re.match(r'\s*#\s*include\s+"([^"/]+)/([^"]+)"', line)
        if not match or match.group(1) == source.folder or match.group(1) not in modules:
            continue
        other, header = match.groups()
        if top == "src" and other not in modules.get(source.folder, []):
            message = f"{source.folder} may not include {other}/ (DEPENDS in src/CMakeLists.txt)"
            yield Finding("arrow", source.path, number, message)
        elif other not in OPEN_FOLDERS and header != f"{other}.h" and (
                f"{other}/{header}" not in SECOND_PUBLIC_HEADERS) and header != "metrics.h":
            message = f"{other}/{header} is private: others include {other}/{other}.h"
            yield Finding("private-header", source.path, number, message)


def check_names(source: Source) -> Iterator[Finding]:
    top = source.name.parts[0]
    if top not in NAMED_FOLDERS:
        return
    for part in (*source.name.parts[:-1], source.name.stem.removesuffix("_test")):
        if part.lower() in FORBIDDEN:
            yield Finding("name", source.path, 1, f"'{part}' says nothing: name what it is")
    if not source.is_cpp:
        return
    stripped = cpp_text.strip_comments_and_strings(source.text)
    pattern = r"\b(?:class|struct|namespace|concept)\s+(\w+)"
    for match in re.finditer(pattern, stripped):
        if match.group(1).lower() in FORBIDDEN:
            number = stripped.count("\n", 0, match.start()) + 1
            message = f"'{match.group(1)}' says nothing: name what it is"
            yield Finding("name", source.path, number, message)


def check_awaits(source: Source) -> Iterator[Finding]:
    if not source.is_cpp:
        return
    stripped = cpp_text.strip_comments_and_strings(source.text)
    for number, fault in cpp_text.await_faults(stripped):
        message = f"{fault} in a co_await expression (GCC 12): name it first and move it"
        yield Finding("await", source.path, number, message)


def check_skips(source: Source) -> Iterator[Finding]:
    if not source.is_cpp:
        return
    stripped = cpp_text.strip_comments_and_strings(source.text)
    for match in re.finditer(r"\bGTEST_SKIP\s*\(\s*\)(?!\s*<<)", stripped):
        number = stripped.count("\n", 0, match.start()) + 1
        yield Finding("skip", source.path, number, "GTEST_SKIP() without a reason")


def check_words(source: Source, machine_paths: Iterable[str]) -> Iterator[Finding]:
    """Unfinished places and merges, and paths that only exist on somebody's machine."""
    unfinished = re.compile(r"\b(TO" r"DO|FIX" r"ME)\b")
    for number, line in enumerate(source.text.splitlines(), 1):
        match = unfinished.search(line)
        if match:
            yield Finding("unfinished", source.path, number, f"{match.group(0)} left in the tree")
        if line.startswith(("<" * 7 + " ", ">" * 7 + " ")):
            yield Finding("conflict", source.path, number, "a merge's conflict marker")
        if any(path in line for path in machine_paths):
            yield Finding("machine-path", source.path, number, "a path of one machine")


def check_mirrors(sources: list[Source]) -> Iterator[Finding]:
    """src/FOLDER/x.cpp has tests in tests/unit/FOLDER/x_test.cpp; subfolders may be left out."""
    paths = {source.path for source in sources}
    for source in sources:
        if not source.folder or source.name.suffix != ".cpp":
            continue
        nested = "tests/unit/" + source.path[len("src/") : -len(".cpp")] + "_test.cpp"
        flat = f"tests/unit/{source.folder}/{source.name.stem}_test.cpp"
        if nested not in paths and flat not in paths:
            yield Finding("mirror", source.path, 1, f"no unit test {flat}")


# Folders that stand on every machine, so that their names say nothing about one of them.
EVERYWHERE = {"/", "/home", "/opt", "/root", "/srv", "/tmp", "/usr", "/usr/src", "/var", "/var/tmp"}


def machine_paths_of(root: Path) -> list[str]:
    """Where this tree and its neighbours are: such a path belongs in no file."""
    return [f"{path}/" for path in (root, root.parent) if str(path) not in EVERYWHERE]


def findings_of(root: Path) -> list[Finding]:
    sources = read_sources(root)
    modules = modules_of(sources)
    machine_paths = machine_paths_of(root)
    found = list(check_modules(sources, modules)) + list(check_mirrors(sources))
    for source in sources:
        found += check_lengths(source)
        found += check_header(source)
        found += check_includes(source, modules)
        found += check_names(source)
        found += check_awaits(source)
        found += check_skips(source)
        found += check_words(source, machine_paths)
    return sorted(found, key=lambda finding: (finding.path, finding.line, finding.rule))


class AllowList(NamedTuple):
    """`RULE PATH  # reason`, one a line, and one line `limit: N` with their number."""

    entries: dict[tuple[str, str], int]
    faults: list[Finding]


def read_allow_list(path: Path, name: str) -> AllowList:
    entries, faults, limit = {}, [], 0
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    for number, line in enumerate(lines, 1):
        entry, _, reason = line.partition("#")
        words = entry.split()
        if not words:
            continue
        if words[0] == "limit:" and len(words) == 2 and words[1].isdigit():
            limit = int(words[1])
        elif len(words) != 2 or not reason.strip():
            faults.append(Finding("allow", name, number, "expected `RULE PATH  # reason`"))
        elif (words[0], words[1]) in entries:
            faults.append(Finding("allow", name, number, "stands here twice"))
        else:
            entries[(words[0], words[1])] = number
    if limit != len(entries):
        message = f"limit is {limit}, entries are {len(entries)}: the list may only shrink"
        faults.append(Finding("allow", name, 1, message))
    return AllowList(entries, faults)


def check_tree(root: Path) -> tuple[list[Finding], list[Finding]]:
    """What must be mended, and what the list allows for now."""
    allow = read_allow_list(root / ALLOW_LIST, ALLOW_LIST)
    found = findings_of(root)
    allowed = [finding for finding in found if (finding.rule, finding.path) in allow.entries]
    refused = [finding for finding in found if (finding.rule, finding.path) not in allow.entries]
    used = {(finding.rule, finding.path) for finding in allowed}
    for entry, number in allow.entries.items():
        if entry not in used:
            message = f"'{entry[0]} {entry[1]}' is not found any more: remove the line"
            refused.append(Finding("allow", ALLOW_LIST, number, message))
    return refused + allow.faults, allowed


def allow(root: Path, rule: str, reason: str) -> None:
    """Adds every finding of `rule` that is not on the list yet, and corrects the limit."""
    path = root / ALLOW_LIST
    known = read_allow_list(path, ALLOW_LIST).entries
    found = {(found.rule, found.path) for found in findings_of(root) if found.rule == rule}
    new = sorted(found - set(known))
    text = path.read_text(encoding="utf-8") if path.exists() else "limit: 0\n"
    text = re.sub(r"^limit:.*$", f"limit: {len(known) + len(new)}", text, flags=re.MULTILINE)
    text += "".join(f"{name} {where}  # {reason}\n" for name, where in new)
    path.write_text(text, encoding="utf-8")


def main(arguments: list[str]) -> int:
    here = Path(__file__).parent.parent
    if arguments[:1] == ["--allow"]:
        if len(arguments) != 3 or not arguments[2].strip():
            print("usage: tools/tidy.py --allow RULE WHY", file=sys.stderr)
            return 2
        allow(here.resolve(), arguments[1], arguments[2])
        return 0
    root = Path(arguments[0] if arguments else here).resolve()
    refused, allowed = check_tree(root)
    for finding in allowed:
        print(f"allowed for now: {finding}")
    for finding in refused:
        print(finding)
    print(f"tidy: {len(refused)} findings, {len(allowed)} allowed by tools/tidy_allow.txt")
    return 1 if refused else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
