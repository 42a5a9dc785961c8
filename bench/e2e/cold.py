#!/usr/bin/env python3
"""cold: first calls of functions, and what an idle environment weighs.

A first call is timed from its first byte sent to the first byte of its answer, on a connection made
before; X-Proa-Start of the answer says what the start was.
"""
import argparse
import os
import sys
import time

import daemon
import figures

LANGUAGES = {"python": daemon.PYTHON, "node": daemon.NODE, "native": daemon.NATIVE}
BURST = 50
# Parked environments have Lambda's default; a function that wants another size starts cold.
UNPARKED = {"EphemeralStorage": {"Size": 1024}}


def parse(arguments):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--samples", type=int, default=25, help="first calls of each kind")
    parser.add_argument("--bursts", type=int, default=3)
    parser.add_argument("--sustained", type=int, default=150, help="starts one after the other")
    parser.add_argument("--quick", action="store_true", help="little of everything: does it work?")
    parser.add_argument("--serve-option", action="append", default=[], help="for proa serve")
    options = parser.parse_args(arguments)
    if options.quick:
        options.samples, options.bursts, options.sustained = 2, 1, 10
    return options


def first_call(proa, path):
    """How the environment started, and milliseconds from byte to byte."""
    said = daemon.load(proa.port, path=path, calls=1, seconds=60, tally="X-Proa-Start")
    return next(iter(said["tally"])), said["first_byte_us"][0] / 1000


def wait_for_parked(proa, shards, seconds=5):
    """Until every shard has a parked environment and none is being started."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        counts = proa.status()["environments"]
        if counts["parked"] >= shards and counts["starting"] == 0:
            return
        time.sleep(0.05)


def first_calls(proa, name, language, options):
    """Times of first calls by kind of start, of parked environments and without one."""
    shards = proa.status()["shards"]
    times = {}
    kinds = {"cold": {}} if name == "native" else {"parked": {}, "cold": UNPARKED}
    for number in range(options.samples):
        for kind, more in kinds.items():
            path = proa.create(f"{name}-{kind}-{number}", *language, **more)
            if kind == "parked":
                wait_for_parked(proa, shards)
            start, time_ms = first_call(proa, path)
            times.setdefault(start, []).append(time_ms)
    return times


def burst(proa, name, language):
    """50 calls of a new function at the same moment: times and starts."""
    path = proa.create(name, *language)
    said = daemon.load(proa.port, path=path, clients=BURST, calls=BURST, seconds=60,
                       tally="X-Proa-Start")
    return {"p50": said["first_byte"]["p50_us"] / 1000, "most": said["first_byte"]["max_us"] / 1000,
            "starts": said["tally"]}


def sustained(proa, name, language, count):
    """Environments a second: first calls of `count` functions, four at a time."""
    paths = [proa.create(f"{name}-{number}", *language) for number in range(count)]
    said = daemon.load(proa.port, path=paths, clients=4, calls=count, seconds=60,
                       tally="X-Proa-Start")
    return {"per_s": said["calls_per_s"], "starts": said["tally"]}


def weigh(proa, name, language, count):
    """KiB of the daemon, and of what an idle environment adds to everything but its runtime."""
    def sizes():
        own, inits = {}, 0
        for pid in [proa.process.pid, *daemon.descendants(proa.process.pid)]:
            try:
                with open(f"/proc/{pid}/comm", encoding="ascii") as file:
                    program = file.read().strip()
                if program == "proa" or program.startswith("proa-l"):
                    own[pid] = daemon.pss_kib(pid)
                elif program == "proa-init":
                    inits += daemon.pss_kib(pid)
            except OSError:
                continue
        return own, inits

    before, inits_before = sizes()
    count_before = sum(proa.status()["environments"].values())
    path = proa.create(name, *language)
    daemon.load(proa.port, path=path, clients=count, calls=count, seconds=60)
    time.sleep(1)
    after, inits_after = sizes()
    made = sum(proa.status()["environments"].values()) - count_before
    grown = sum(after.values()) - sum(before.values()) + inits_after - inits_before
    return {"environments": made, "kib_each": grown / max(1, made)}


def measure_language(proa, name, language, options):
    first_call(proa, proa.create(f"{name}-wake", *language))  # from now on one is kept parked
    times = first_calls(proa, name, language, options)
    result = {"first_call_ms": {
        start: {**figures.spread(times[start]), "samples": len(times[start])} for start in times}}
    result["burst"] = [burst(proa, f"{name}-burst-{number}", language)
                       for number in range(options.bursts)]
    result["sustained"] = sustained(proa, f"{name}-sustained", language, options.sustained)
    result["idle"] = weigh(proa, f"{name}-idle", language, 20)
    return result


def counts(tally):
    return " + ".join(f"{count} {start}" for start, count in sorted(tally.items()))


def rows_of(name, result):
    for start, times in sorted(result["first_call_ms"].items()):
        yield [f"{name}: first call, {start}, ms", figures.shown(times, 1),
               f"{times['samples']} calls"]
    for one in result["burst"]:
        yield [f"{name}: burst of {BURST}, ms: p50, last", f"{one['p50']:.1f}, {one['most']:.1f}",
               counts(one["starts"])]
    yield [f"{name}: environments a second", f"{result['sustained']['per_s']:.0f}",
           counts(result["sustained"]["starts"])]
    yield [f"{name}: an idle environment beyond its runtime, KiB",
           f"{result['idle']['kib_each']:.0f}", f"{result['idle']['environments']} environments"]


def main(arguments):
    options = parse(arguments)
    if os.geteuid() != 0:
        print("skipped: proa serve needs root to make environments")
        return 0
    facts = figures.machine()
    results, rows = {}, []
    for name, language in LANGUAGES.items():
        try:
            with daemon.Daemon(*options.serve_option) as proa:
                results[name] = measure_language(proa, name, language, options)
        except daemon.Refused as refused:
            print(f"skipped {name}: {refused}")
            continue
        rows += rows_of(name, results[name])
    facts["load_after"] = round(os.getloadavg()[0], 2)
    print("Cold starts: median (least-most)")
    print(figures.table(["", "figure", "of"], rows))
    figures.save("cold", facts, results)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
