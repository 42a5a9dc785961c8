#!/usr/bin/env python3
"""events: asynchronous calls: how many are accepted a second, durably, and how many run.

`accepted`: the function is at its reserved concurrency, so nothing runs: each 202 stands for an
event that is on the disk (fsync). `accepted and run`: events of a function that runs them
meanwhile, from the first request to the end of the last event. `disk alone`: a file appended to
and synced by 4 KiB, without any of our code, in the same round.
"""
import argparse
import http.client
import json
import os
import sys
import tempfile
import time

import daemon
import figures

SLEEPER = """
import time
def handler(event, context):
    time.sleep(event.get("s", 0))
"""
FUNCTIONS = {"python": daemon.PYTHON, "node": daemon.NODE, "native": daemon.NATIVE}


def parse(arguments):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2, help="of one round")
    parser.add_argument("--clients", type=int, nargs="*", default=[1, 16, 256])
    parser.add_argument("--line", type=int, default=200_000, help="events that wait in one line")
    parser.add_argument("--quick", action="store_true", help="one very short round: does it work?")
    parser.add_argument("--serve-option", action="append", default=[], help="for proa serve")
    options = parser.parse_args(arguments)
    if options.quick:
        options.rounds, options.seconds, options.line = 1, 0.2, 500
    return options


def commits_per_s(folder, seconds):
    """Appends of 4 KiB with fdatasync, one after the other."""
    count, block = 0, b"x" * 4096
    with tempfile.TemporaryFile(dir=folder) as file:
        begin = time.monotonic()
        while (passed := time.monotonic() - begin) < seconds:
            os.write(file.fileno(), block)
            os.fdatasync(file.fileno())
            count += 1
    return count / passed


def send(proa, path, clients, seconds):
    return daemon.load(proa.port, path=path, clients=clients, seconds=seconds, status=202,
                       header="X-Amz-Invocation-Type: Event")


def measure_accepting(proa, path, clients, seconds):
    before = daemon.run_time_s([proa.process.pid])
    result = send(proa, path, clients, seconds)
    cpu = daemon.run_time_s([proa.process.pid]) - before
    return {"rate": result["calls_per_s"], "p50": result["answer"]["p50_us"],
            "p99": result["answer"]["p99_us"], "cpu": cpu / result["calls"] * 1e6}


def pause(proa):
    """A function whose events wait: it may run once, and that one call sleeps to the end."""
    path = proa.create("paused", "python", "app.handler", {"app.py": SLEEPER}, Timeout=900)
    status, _, body = proa.request("PUT", "/2017-10-31/functions/paused/concurrency",
                                   json.dumps({"ReservedConcurrentExecutions": 1}))
    if status != 200:
        raise daemon.Refused(body.decode())
    connection = http.client.HTTPConnection("127.0.0.1", proa.port)
    connection.request("POST", path, '{"s": 890}')
    while proa.status()["environments"]["running"] == 0:
        time.sleep(0.01)
    return path, connection


def measure_running_beside(proa, path, options):
    """With the paused events beside it, as another function's long line would be."""
    paused = proa.status()["events"]["waiting"]
    before = proa.status()["events"]
    cpu_before = daemon.run_time_s([proa.process.pid])
    begin = time.monotonic()
    accepted = send(proa, path, 16, options.seconds)
    deadline = begin + 120
    while (events := proa.status()["events"])["waiting"] > paused or events["running"] > 1:
        if time.monotonic() > deadline:
            raise RuntimeError(f"events do not end: {events}")
        time.sleep(0.02)
    passed = time.monotonic() - begin
    cpu = daemon.run_time_s([proa.process.pid]) - cpu_before
    ended = events["succeeded"] - before["succeeded"]
    return {"rate": ended / passed, "p50": accepted["answer"]["p50_us"],
            "p99": accepted["answer"]["p99_us"], "cpu": cpu / max(ended, 1) * 1e6}


def measure_line(options):
    """A long line of one function: what it weighs, and what others notice of it."""
    with daemon.Daemon("--stop-timeout", "1", *options.serve_option) as proa:
        paused, _holder = pause(proa)
        other = proa.create("other", *daemon.PYTHON)
        daemon.load(proa.port, path=paused, clients=256, calls=options.line, seconds=600,
                    status=202, header="X-Amz-Invocation-Type: Event")
        rss_mib = daemon.memory_kib(proa.process.pid)[1] / 1024
        times = [ended_after_ms(proa, other, number) for number in range(1, 12)]
        proa.request("DELETE", "/2017-10-31/functions/paused/concurrency")
        while proa.status()["events"]["waiting"] == options.line:  # it pauses, 30 s at most
            time.sleep(0.05)
        begin = time.monotonic()
        while (events := proa.status()["events"])["waiting"] + events["running"] > 0:
            if time.monotonic() > begin + 600:
                raise RuntimeError(f"events do not end: {events}")
            time.sleep(0.05)
        return {"rss_mib": rss_mib, "other_ms": figures.spread(times),
                "worked_off_per_s": options.line / (time.monotonic() - begin)}


def ended_after_ms(proa, path, number):
    begin = time.monotonic()
    proa.request("POST", path, "{}", {"X-Amz-Invocation-Type": "Event"})
    while proa.status()["events"]["succeeded"] < number:
        pass
    return (time.monotonic() - begin) * 1000


def main(arguments):
    options = parse(arguments)
    if os.geteuid() != 0:
        print("skipped: proa serve needs root to make environments")
        return 0
    facts = figures.machine()
    measured = {}
    with daemon.Daemon("--stop-timeout", "1", *options.serve_option) as proa:
        paused, _holder = pause(proa)
        running = {}
        for name, function in FUNCTIONS.items():
            try:
                running[name] = proa.create(name, *function)
            except daemon.Refused as refused:
                print(f"skipped {name}: {refused}")
        for _ in range(options.rounds):
            measured.setdefault("disk alone: appends of 4 KiB", []).append(
                {"rate": commits_per_s(proa.folder, options.seconds / 4)})
            for clients in options.clients:
                measured.setdefault(f"accepted, {clients} client(s)", []).append(
                    measure_accepting(proa, paused, clients, options.seconds))
            for name, path in running.items():
                measured.setdefault(f"accepted and run, {name}, 16 clients", []).append(
                    measure_running_beside(proa, path, options))
    facts["load_after"] = round(os.getloadavg()[0], 2)
    results = {name: {figure: figures.spread([one[figure] for one in rounds])
                      for figure in rounds[0]} for name, rounds in measured.items()}
    print(f"Asynchronous calls, {options.rounds} rounds of {options.seconds} s: "
          "median (least-most)")
    print(figures.table(["", "events/s", "p50 us", "p99 us", "daemon's CPU us"],
                        [[name, *(figures.shown(one[figure]) if figure in one else ""
                                  for figure in ("rate", "p50", "p99", "cpu"))]
                         for name, one in results.items()]))
    line = measure_line(options)
    print(f"{options.line} events of one function wait: the daemon has {line['rss_mib']:.0f} MiB; "
          f"an event of another one ends after {figures.shown(line['other_ms'], 1)} ms; then they "
          f"are worked off at {line['worked_off_per_s']:.0f}/s")
    results["line"] = line
    figures.save("events", facts, results)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
