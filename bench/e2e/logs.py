#!/usr/bin/env python3
"""logs: how soon a line can be read, what a flood costs, and how fast a log is read.

`seen after`: a function prints the time and goes on running; a follower notes when the line is
there. `proa logs -f` and `aws logs tail --follow` are the programs themselves; the CLI's first
five seconds, in which it sleeps, are not measured. `flood`: one call prints lines of 1 KiB, or of
1 MiB, as fast as they are taken.
"""
import argparse
import http.client
import json
import os
import re
import shutil
import subprocess
import sys
import threading
import time

import daemon
import figures

PRINTER = """
import os, time
def handler(event, context):
    for _ in range(event.get("lines", 0)):
        print("printed at %.6f" % time.time(), flush=True)
        time.sleep(event["pause_s"])
    if "flood_mib" in event:
        line = b"x" * (event["line_bytes"] - 1) + b"\\n"
        for _ in range((event["flood_mib"] << 20) // len(line)):
            os.write(1, line)
"""
MARK = re.compile(r"printed at ([0-9.]+)")


def parse(arguments):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--lines", type=int, default=40, help="that a follower waits for")
    parser.add_argument("--flood-mib", type=int, default=1024)
    parser.add_argument("--quick", action="store_true", help="one very short round: does it work?")
    parser.add_argument("--serve-option", action="append", default=[], help="for proa serve")
    options = parser.parse_args(arguments)
    if options.quick:
        options.rounds, options.lines, options.flood_mib = 1, 3, 8
    return options


def call(proa, path, **event):
    connection = http.client.HTTPConnection("127.0.0.1", proa.port, timeout=600)
    connection.request("POST", path, json.dumps(event))
    answer = connection.getresponse()
    answer.read()
    connection.close()
    if answer.status != 200 or answer.headers.get("X-Amz-Function-Error"):
        raise RuntimeError(f"the call failed: {answer.status}")


def follow(proa, words, path, lines, settle_s):
    """Milliseconds from a line's print to its sight, of each line."""
    environment = dict(os.environ, PROA_ENDPOINT=f"http://127.0.0.1:{proa.port}",
                       AWS_ACCESS_KEY_ID="any", AWS_SECRET_ACCESS_KEY="any",
                       AWS_DEFAULT_REGION="us-east-1", PYTHONUNBUFFERED="1")
    follower = subprocess.Popen(words, stdout=subprocess.PIPE, text=True, env=environment)
    watch = threading.Timer(120, follower.kill)  # then there is no line more to read
    watch.start()
    try:
        time.sleep(settle_s)
        begin = time.time()
        printing = threading.Thread(target=call, args=(proa, path),
                                    kwargs={"lines": lines, "pause_s": 0.05})
        printing.start()
        seen = []
        while len(seen) < lines:
            line = follower.stdout.readline()
            now = time.time()
            if not line:
                raise RuntimeError(f"{words[0]} showed {len(seen)} of {lines} lines")
            mark = MARK.search(line)
            if mark and float(mark[1]) >= begin:
                seen.append((now - float(mark[1])) * 1000)
        printing.join()
        return seen
    finally:
        watch.cancel()
        follower.kill()
        follower.wait()
        follower.stdout.close()


def measure_following(proa, path, options):
    program = os.path.join(daemon.BINARY_DIR, "proa")
    followers = {"proa logs -f": ([program, "logs", "printer", "-f"], 1)}
    if shutil.which("/usr/bin/aws"):
        followers["aws logs tail --follow"] = (
            ["/usr/bin/aws", "--endpoint-url", f"http://127.0.0.1:{proa.port}", "logs", "tail",
             "/aws/lambda/printer", "--follow", "--since", "1m"], 10)
    return {name: follow(proa, words, path, options.lines, settle)
            for name, (words, settle) in followers.items()}


def measure_flood(proa, path, mib, line_bytes):
    most = [daemon.memory_kib(proa.process.pid)[1]]
    before = most[0]
    flood = threading.Thread(target=call, args=(proa, path),
                             kwargs={"flood_mib": mib, "line_bytes": line_bytes})
    cpu = daemon.run_time_s([proa.process.pid])
    begin = time.monotonic()
    flood.start()
    while flood.is_alive():
        most.append(daemon.memory_kib(proa.process.pid)[1])
        time.sleep(0.02)
    passed = time.monotonic() - begin
    return {"mib_per_s": mib / passed, "grown_mib": (max(most) - before) / 1024,
            "cpu_ms_per_mib": (daemon.run_time_s([proa.process.pid]) - cpu) * 1000 / mib}


def measure_reading(proa):
    """A search for what is nowhere, through everything that is kept of the flood."""
    stored = proa.status()["logs"]["stored_bytes"] / 2**20
    begin = time.monotonic()
    after = ""
    while True:
        page = json.loads(proa.request(
            "GET", f"/proa/v1/logs?function=printer&filter=nowhere&after={after}")[2])
        if page["is_end"]:
            return stored / (time.monotonic() - begin)
        after = page["next"]


def main(arguments):
    options = parse(arguments)
    if os.geteuid() != 0:
        print("skipped: proa serve needs root to make environments")
        return 0
    facts = figures.machine()
    seen, floods, reading = {}, {}, []
    with daemon.Daemon("--stop-timeout", "1", "--log-mib", "256", *options.serve_option) as proa:
        path = proa.create("printer", "python", "app.handler", {"app.py": PRINTER}, Timeout=600)
        call(proa, path)
        for _ in range(options.rounds):
            for name, times in measure_following(proa, path, options).items():
                seen.setdefault(name, []).extend(times)
            for line_bytes, what in ((1024, "lines of 1 KiB"), (2**20, "lines of 1 MiB")):
                floods.setdefault(what, []).append(
                    measure_flood(proa, path, options.flood_mib, line_bytes))
            reading.append(measure_reading(proa))
        dropped = proa.status()["logs"]["dropped_entries"]
    facts["load_after"] = round(os.getloadavg()[0], 2)
    results = {"seen after ms": {name: figures.spread(times) for name, times in seen.items()},
               "flood": {what: {figure: figures.spread([one[figure] for one in rounds])
                                for figure in rounds[0]} for what, rounds in floods.items()},
               "read MiB/s": figures.spread(reading), "dropped": dropped}
    print("A line that a running function prints is seen after: median (least-most) ms")
    print(figures.table(["", "ms"], [[name, figures.shown(times, 1)]
                                     for name, times in results["seen after ms"].items()]))
    print(f"\nOne call prints {options.flood_mib} MiB ({dropped} entries dropped)")
    print(figures.table(
        ["", "MiB/s", "daemon grows by MiB", "daemon's CPU ms/MiB"],
        [[what, figures.shown(one["mib_per_s"]), figures.shown(one["grown_mib"], 1),
          figures.shown(one["cpu_ms_per_mib"], 2)] for what, one in results["flood"].items()]))
    print(f"\nsearched through at {figures.shown(results['read MiB/s'])} MiB/s")
    figures.save("logs", facts, results)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
