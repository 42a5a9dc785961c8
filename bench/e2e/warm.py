#!/usr/bin/env python3
"""warm: synchronous calls of warm functions through a real daemon, beside a bare node:http server.

Rounds of all systems follow each other, in reverse order every second round, so that what else the
machine does meets all of them. Figures are medians of the rounds, with least and most.
"""
import argparse
import os
import sys

import daemon
import figures

# name, clients, milliseconds between an answer and the next call
SHAPES = [("1 client", 1, 0), ("16 clients", 16, 0), ("64 clients", 64, 0),
          ("1 client, 2 ms pauses", 1, 2), ("1 client, 100 ms pauses", 1, 100),
          ("16 clients, 2 ms pauses", 16, 2)]
PEER = "node:http"
FUNCTIONS = {"python": daemon.PYTHON, "node": daemon.NODE, "native": daemon.NATIVE}


def parse(arguments):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=0.8, help="of one round of one system")
    parser.add_argument("--quick", action="store_true", help="one very short round: does it work?")
    parser.add_argument("--shape", action="append", help="only shapes whose name contains this")
    parser.add_argument("--only", action="append", help="only these functions (and the peer)")
    parser.add_argument("--serve-option", action="append", default=[], help="for proa serve")
    options = parser.parse_args(arguments)
    if options.quick:
        options.rounds, options.seconds = 1, 0.1
    return options


class System:
    """One thing that is called: the peer or a function."""

    def __init__(self, name, port, path, expect, pid):
        self.name, self.port, self.path, self.expect, self.pid = name, port, path, expect, pid

    def measure(self, seconds, clients, pause):
        """One round. One that met an environment being added is said, and measured again."""
        for _ in range(5):
            try:
                return self.measure_once(seconds, clients, pause)
            except RuntimeError as error:
                if "X-Proa-Start: warm" in str(error):
                    raise
                print("%s, %d clients: an environment was added; again" % (self.name, clients),
                      file=sys.stderr)
        return self.measure_once(seconds, clients, pause)

    def measure_once(self, seconds, clients, pause):
        load = {"clients": clients, "path": self.path, "pause": pause}
        warm_up = min(0.15, seconds)
        daemon.load(self.port, seconds=warm_up, **{**load, "pause": 0})
        below = daemon.descendants(self.pid)
        before = daemon.run_time_s([self.pid]), daemon.run_time_s(below)
        # Five pauses at least, so that something is measured.
        expected = {"expect": self.expect} if self.expect else {}
        result = daemon.load(self.port, seconds=max(seconds, pause / 1000 * 5), **expected, **load)
        after = daemon.run_time_s([self.pid]), daemon.run_time_s(below)
        calls = result["calls"]
        return {"rate": result["calls_per_s"], "p50": result["answer"]["p50_us"],
                "p99": result["answer"]["p99_us"], "most": result["answer"]["max_us"],
                "server_cpu": (after[0] - before[0]) / calls * 1e6,
                "below_cpu": (after[1] - before[1]) / calls * 1e6}


def systems_of(proa, peer, options):
    # --quick is a check: that a busy machine still adds environments is no fault.
    expect = "" if options.quick else "X-Proa-Start: warm"
    yield System(PEER, peer.port, "/", "", peer.process.pid)
    for name, (language, handler, files) in FUNCTIONS.items():
        if options.only and name not in options.only:
            continue
        try:
            path = proa.create(name, language, handler, files)
        except daemon.Refused as refused:
            print(f"skipped {name}: {refused}")
            continue
        yield System(name, proa.port, path, expect, proa.process.pid)


def measure_shape(systems, shape, options):
    _, clients, pause = shape
    rounds = {system.name: [] for system in systems}
    for number in range(options.rounds):
        for system in systems if number % 2 == 0 else reversed(systems):
            rounds[system.name].append(system.measure(options.seconds, clients, pause))
    result = {}
    for name, measured in rounds.items():
        result[name] = {figure: figures.spread([one[figure] for one in measured])
                        for figure in measured[0]}
        peers = rounds[PEER]
        for figure in ("rate", "p50"):
            ratios = [one[figure] / peer[figure] for one, peer in zip(measured, peers)]
            result[name][figure + "_ratio"] = figures.spread(ratios)
    return result


def rows_of(shape, result):
    for name, one in result.items():
        yield [f"{shape[0]}: {name}", figures.shown(one["rate"]),
               figures.shown(one["rate_ratio"], 2), figures.shown(one["p50"], 1),
               figures.shown(one["p50_ratio"], 2), figures.shown(one["p99"]),
               f"{one['most']['max'] / 1000:.1f}",
               f"{one['server_cpu']['median']:.1f} + {one['below_cpu']['median']:.1f}"]


def main(arguments):
    options = parse(arguments)
    if os.geteuid() != 0:
        print("skipped: proa serve needs root to make environments")
        return 0
    facts = figures.machine()
    shapes = [shape for shape in SHAPES
              if not options.shape or any(part in shape[0] for part in options.shape)]
    results, rows = {}, []
    with daemon.Peer() as peer, daemon.Daemon(*options.serve_option) as proa:
        systems = list(systems_of(proa, peer, options))
        for shape in shapes:
            results[shape[0]] = measure_shape(systems, shape, options)
            rows += rows_of(shape, results[shape[0]])
    facts["load_after"] = round(os.getloadavg()[0], 2)
    print(f"Warm calls, {options.rounds} rounds of {options.seconds} s: median (least-most); "
          f"ratios to {PEER} of the same round")
    print(figures.table(["", "calls/s", "ratio", "p50 us", "ratio", "p99 us", "max ms",
                         "CPU us a call: server + functions"], rows))
    figures.save("warm", facts, results)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
