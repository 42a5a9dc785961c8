#!/usr/bin/env python3
"""warm: synchronous calls of warm functions through a real daemon, beside a bare node:http server
and, when asked, beside what npm has (--peer).

Rounds of all systems follow each other, in reverse order every second round, so that what else the
machine does meets all of them. Figures are medians of the rounds, with least and most.
"""
import argparse
import contextlib
import os
import signal
import subprocess
import sys

import daemon
import figures
import npm_peers

# name, clients, milliseconds between an answer and the next call
SHAPES = [("1 client", 1, 0), ("16 clients", 16, 0), ("64 clients", 64, 0),
          ("1 client, 2 ms pauses", 1, 2), ("1 client, 100 ms pauses", 1, 100),
          ("16 clients, 2 ms pauses", 16, 2)]
PEER = "node:http"
FUNCTIONS = {"python": daemon.PYTHON, "node": daemon.NODE, "native": daemon.NATIVE}


def parse(arguments):
    parser = argparse.ArgumentParser(description=" ".join(__doc__.split("\n\n")[0].split()))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=0.8, help="of one round of one system")
    parser.add_argument("--quick", action="store_true", help="one very short round: does it work?")
    parser.add_argument("--shape", action="append", help="only shapes whose name contains this")
    parser.add_argument("--only", action="append", help="only these functions (and the peers)")
    parser.add_argument("--peer", action="append", default=[], choices=sorted(npm_peers.PEERS),
                        help="beside this one, too; installed to build/bench/peers at first")
    parser.add_argument("--serve-option", action="append", default=[], help="for proa serve")
    options = parser.parse_args(arguments)
    options.peer = list(dict.fromkeys(options.peer))
    if options.quick:
        options.rounds, options.seconds = 1, 0.1
    return options


class System:
    """One thing that is called: a peer or a function."""

    def __init__(self, name, port, path, expect, pid):
        self.name, self.port, self.path, self.expect, self.pid = name, port, path, expect, pid

    def measure(self, seconds, clients, pause):
        """One round. One that met an environment being added is said, and measured again."""
        for _ in range(5):
            try:
                return self.measure_once(seconds, clients, pause)
            except subprocess.SubprocessError as error:
                raise RuntimeError(f"{self.name}: {error}") from error
            except RuntimeError as error:
                if not self.expect or "X-Proa-Start: warm" in str(error):
                    raise RuntimeError(f"{self.name}: {error}") from error
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


def peers_of(options, stack):
    """The peers, node:http first, running until the stack closes."""
    bare = stack.enter_context(daemon.Peer())
    yield System(PEER, bare.port, "/", "", bare.process.pid)
    for name in options.peer:
        peer = stack.enter_context(npm_peers.PEERS[name]())
        yield System(name, peer.port, peer.path, "", peer.process.pid)


def functions_of(proa, options):
    # --quick is a check: that a busy machine still adds environments is no fault.
    expect = "" if options.quick else "X-Proa-Start: warm"
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
        result[name]["ratios"] = {peer: ratios_of(measured, rounds[peer])
                                  for peer in (PEER, *options.peer)}
    return result


def ratios_of(measured, peers):
    """Of each round to the peer's of the same round."""
    return {figure: figures.spread([one[figure] / peer[figure]
                                    for one, peer in zip(measured, peers)])
            for figure in ("rate", "p50")}


def rows_of(shape, result):
    for name, one in result.items():
        ratios = one["ratios"][PEER]
        yield [f"{shape}: {name}", figures.shown(one["rate"]),
               figures.shown(ratios["rate"], 2), figures.shown(one["p50"], 1),
               figures.shown(ratios["p50"], 2), figures.shown(one["p99"]),
               f"{one['most']['max'] / 1000:.1f}",
               f"{one['server_cpu']['median']:.1f} + {one['below_cpu']['median']:.1f}"]


def ratio_rows(shape, result, peers):
    """The ratios to what --peer names, a row a system."""
    for name, one in result.items():
        yield [f"{shape}: {name}", *(figures.shown(one["ratios"][peer][figure], 2)
                                        for peer in peers for figure in ("rate", "p50"))]


def show(options, results):
    print(f"Warm calls, {options.rounds} rounds of {options.seconds} s: median (least-most); "
          f"ratios to {PEER} of the same round")
    print(figures.table(["", "calls/s", "ratio", "p50 us", "ratio", "p99 us", "max ms",
                         "CPU us a call: server + functions"],
                        [row for item in results.items() for row in rows_of(*item)]))
    if options.peer:
        print("\nRatios to the other peers of the same round")
        print(figures.table(["", *(f"{figure} to {peer}" for peer in options.peer
                                   for figure in ("calls/s", "p50"))],
                            [row for item in results.items()
                             for row in ratio_rows(*item, options.peer)]))


def measure(shapes, options):
    """The figures of every shape, by its name. Whatever was started is ended."""
    with contextlib.ExitStack() as stack:
        systems = list(peers_of(options, stack))
        proa = stack.enter_context(daemon.Daemon(*options.serve_option))
        systems += functions_of(proa, options)
        return {shape[0]: measure_shape(systems, shape, options) for shape in shapes}


def main(arguments):
    options = parse(arguments)
    if os.geteuid() != 0:
        print("skipped: proa serve needs root to make environments")
        return 0
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # ends what it started
    shapes = [shape for shape in SHAPES
              if not options.shape or any(part in shape[0] for part in options.shape)]
    facts = figures.machine()
    try:
        results = measure(shapes, options)
    except npm_peers.Unavailable as unavailable:
        print(f"warm: {unavailable}", file=sys.stderr)
        return 1
    facts["load_after"] = round(os.getloadavg()[0], 2)
    facts["peers"] = {name: npm_peers.PEERS[name].version() for name in options.peer}
    show(options, results)
    figures.save("warm", facts, results)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
