#!/usr/bin/env python3
"""kernels: what each guest kernel costs, side by side.

For the stock kernel (which apt brings) and those in build/kernels: size, how long it boots until
its first process answers, the least memory with which it does, what it keeps of a machine, and with
a function in Python of 128 MB first calls, warm calls, and the memory that the function finds.
Boots and first calls take turns, so that other work on the machine meets all kernels. --write puts
the table into docs/reference/kernels.md.
"""
import argparse
import json
import os
import re
import sys

import daemon
import figures
from microvm import Machines, bring_kernels, first_ms, why_not

PAGE = os.path.join(figures.ROOT, "docs/reference/kernels.md")
BEGIN = "<!-- ./dev bench kernels -- --write -->\n"
END = "<!-- end of what is written by the command -->\n"
ORDER = ["nonet", "local", "net", "full", "stock"]
LOOK = ("python", "app.handler", {"app.py": """
def handler(event, context):
    with open("/proc/meminfo") as file:
        return dict(line.split()[:2] for line in file)
"""})


def parse(arguments):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--samples", type=int, default=5, help="boots and first calls of each")
    parser.add_argument("--warm", type=int, default=200, help="warm calls of each")
    parser.add_argument("--write", action="store_true", help="into docs/reference/kernels.md")
    parser.add_argument("--quick", action="store_true", help="little of everything: does it work?")
    options = parser.parse_args(arguments)
    if options.quick:
        options.samples, options.warm = 1, 10
    return options


def tags_of(name):
    return {"Tags": {"proa:isolation": "microvm", "proa:kernel": name}, "MemorySize": 128}


def options_on(proa, kernel):
    """How many options of a kernel that was built here are on; None for another one."""
    path = os.path.join(proa.folder, "data/kernels", kernel["id"], "config")
    if not os.path.exists(path):
        return None
    with open(path, encoding="utf-8") as file:
        return sum(line.endswith("=y\n") for line in file)


def found_inside(proa, path):
    """MiB that a function finds: MemTotal and MemAvailable."""
    told = json.loads(proa.request("POST", path, "{}")[2])
    return [int(told[name]) / 1024 for name in ("MemTotal:", "MemAvailable:")]


def measure(proa, options):
    kernels = [name for name in ORDER if name in proa.kernels]
    results = {name: {"boot_ms": [], "first_ms": []} for name in kernels}
    for name in kernels:
        told = json.loads(proa.proa("kernel", "measure", name, "--json"))
        results[name].update(id=told["id"], version=told["version"], measured=told["measured"],
                             kernel=told["kernel"]["bytes"], initrd=told["initrd"]["bytes"],
                             options=options_on(proa, told))
        # Roots and code that are made once are not what is measured.
        first_ms(proa, f"wake-{name}", LOOK, tags_of(name))
    for number in range(options.samples):
        for name in kernels:
            boot = json.loads(proa.proa("kernel", "verify", name, "--boot", "--json"))["boot"]
            results[name]["boot_ms"].append(boot["took_ms"])
        for name in kernels:
            path, _, time_ms = first_ms(proa, f"first-{name}-{number}", LOOK,
                                        tags_of(name))
            results[name]["first_ms"].append(time_ms)
            results[name]["found_mib"] = found_inside(proa, path)
    for name in kernels:
        path = proa.create(f"warm-{name}", *daemon.PYTHON, Timeout=60, **tags_of(name))
        proa.request("POST", path, "{}")
        warm = daemon.load(proa.port, path=path, clients=1, calls=options.warm, seconds=120)
        results[name]["warm_ms"] = warm["answer"]["p50_us"] / 1000
    return results


def rows_of(results):
    """Name of a figure, and its text for each kernel."""
    def mb(count):
        return f"{count / 1e6:.1f} MB"

    def seconds(values):
        told = figures.spread([each / 1000 for each in values])
        return figures.shown(told, 2)

    rows = {
        "options that are on": lambda one: str(one["options"] or "-"),
        "kernel, initrd": lambda one: f"{mb(one['kernel'])}, {mb(one['initrd'])}",
        "boot until the first process answers, s": lambda one: seconds(one["boot_ms"]),
        "least memory that boots, MiB": lambda one: str(one["measured"]["memory_min_mib"]),
        "kept of a machine of 128 MiB, MiB": lambda one: str(one["measured"]["memory_kept_mib"]),
        "first call of a function of 128 MB, s": lambda one: seconds(one["first_ms"]),
        "what it finds: MemTotal, MemAvailable, MiB":
            lambda one: ", ".join(f"{each:.0f}" for each in one["found_mib"]),
        "warm call, median, ms": lambda one: f"{one['warm_ms']:.1f}",
    }
    return [[name, *[text(one) for one in results.values()]] for name, text in rows.items()]


def write_page(results, facts, guests):
    with open(PAGE, encoding="utf-8") as file:
        page = file.read()
    head = ["", *[f"`{name}`" for name in results]]
    lines = [head, ["---"] * len(head), *rows_of(results)]
    table = "".join("| " + " | ".join(line) + " |\n" for line in lines)
    versions = ", ".join(sorted({one["version"] for one in results.values()}))
    told = (f"{figures.describe(facts)}. Guests by {guests['accelerator']} "
            f"({guests['reason'].split(';')[0]}); kernels {versions}. Medians, least and most of "
            f"{len(next(iter(results.values()))['boot_ms'])} that took turns.\n")
    begin, end = page.index(BEGIN) + len(BEGIN), page.index(END)
    page = page[:begin] + "\n" + table + "\n" + re.sub(r"\n(?=.)", " ", told) + page[end:]
    with open(PAGE, "w", encoding="utf-8") as file:
        file.write(page)


def main(arguments):
    options = parse(arguments)
    if reason := why_not():
        print("skipped: " + reason)
        return 0
    facts = figures.machine()
    try:
        with Machines("--templates", "off", prepare=bring_kernels) as proa:
            results = measure(proa, options)
            guests = proa.status()["guests"]
    except daemon.Refused as refused:
        print(f"skipped: {refused}")
        return 0
    facts["load_after"] = round(os.getloadavg()[0], 2)
    print(f"Guest kernels, by {guests['accelerator']} ({guests['reason'].split(';')[0]}): "
          "median (least-most)")
    print(figures.table(["", *results], rows_of(results)))
    if options.write:
        write_page(results, facts, guests)
    figures.save("kernels", facts, results)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
