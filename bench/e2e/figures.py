"""Medians and ranges of rounds, the machine they were measured on, a table and a JSON file."""
import json
import os
import platform
import re
import statistics
import subprocess
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.normpath(os.path.join(HERE, "../.."))


def machine():
    """What a figure means nothing without."""
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        processor = re.search(r"^model name\s*: (.*)$", file.read(), re.MULTILINE)
    with open("/proc/meminfo", encoding="ascii") as file:
        memory = int(re.search(r"MemTotal:\s+(\d+)", file.read())[1])
    git = subprocess.run(["git", "-C", ROOT, "describe", "--always", "--dirty", "--abbrev=12"],
                         capture_output=True, text=True)
    return {
        "processor": processor[1] if processor else platform.machine(),
        "cores": os.cpu_count(),
        "is_guest": is_guest(),
        "memory_mib": memory // 1024,
        "kernel": platform.release(),
        "node": output_of("node", "--version"),
        "python": output_of("/usr/bin/python3", "--version").split()[-1],
        "commit": git.stdout.strip() or "unknown",
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "load_before": round(os.getloadavg()[0], 2),
    }


def is_guest():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        return " hypervisor" in file.read()


def output_of(*words):
    return subprocess.run(words, capture_output=True, text=True).stdout.strip()


def describe(facts):
    guest = ", a virtual machine" if facts["is_guest"] else ""
    return ("{processor}, {cores} cores%s, {memory_mib} MiB; Linux {kernel}; Node {node}, Python "
            "{python}\ncommit {commit}; {time}; load of the machine {load_before} before, "
            "{load_after} after" % guest).format(**facts)


def spread(values):
    """Median, least and most of the rounds."""
    return {"median": statistics.median(values), "min": min(values), "max": max(values)}


def shown(values, digits=0):
    """`median (min-max)` of a spread."""
    texts = [f"{values[name]:.{digits}f}" for name in ("median", "min", "max")]
    return f"{texts[0]} ({texts[1]}-{texts[2]})"


def table(head, rows):
    """Lines with columns as wide as they need to be; the first column is text."""
    cells = [head, *rows]
    widths = [max(len(row[column]) for row in cells) for column in range(len(head))]
    lines = []
    for row in cells:
        first = row[0].ljust(widths[0])
        rest = [text.rjust(width) for text, width in zip(row[1:], widths[1:])]
        lines.append("  ".join([first, *rest]).rstrip())
    lines.insert(1, "-" * max(map(len, lines)))
    return "\n".join(lines)


def save(name, facts, results):
    """Writes build/bench/NAME.json and says so."""
    folder = os.path.join(ROOT, "build/bench")
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, name + ".json")
    with open(path, "w", encoding="utf-8") as file:
        json.dump({"machine": facts, "results": results}, file, indent=1)
    print(f"\n{describe(facts)}\nall figures: {os.path.relpath(path, ROOT)}")
