#!/usr/bin/env python3
"""start: how long the daemon takes to start and to stop, and what it weighs while nothing happens.

Each start has an empty data folder. Times count from before the daemon is executed: to the first
answer on a connection that was tried all the time, to the line that says where it serves, and to
the first runtime process that waits for a function (asked for every 2 ms: the question waits its
turn in the launcher, behind the slots that it makes).
"""
import argparse
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

import daemon
import figures

SECONDS = 30
FIGURES = [("answer_ms", "exec to the first answer, ms", 0),
           ("line_ms", "exec to the start line, ms", 0),
           ("parked_ms", "exec to the first parked process, ms", 0),
           ("stop_ms", "SIGTERM to the end, ms", 0),
           ("own_pss_mib", "daemon alone, idle: PSS, MiB", 1),
           ("pss_mib", "daemon and launcher, idle: PSS, MiB", 1),
           ("rss_mib", "the same: RSS, MiB", 1)]


def parse(arguments):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--starts", type=int, default=21)
    parser.add_argument("--quick", action="store_true", help="one start: does it work?")
    parser.add_argument("--serve-option", action="append", default=[], help="for proa serve")
    options = parser.parse_args(arguments)
    if options.quick:
        options.starts = 1
    return options


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Start:
    """One daemon whose start is watched from its first moment."""

    def __init__(self, folder, serve_options):
        self.port = free_port()  # known beforehand, so that it can be asked before it says anything
        self.line_s = None
        words = [os.path.join(daemon.BINARY_DIR, "proa"), "serve", "--config", "/dev/null",
                 "--listen", f"127.0.0.1:{self.port}",
                 "--data", os.path.join(folder, "data"), *serve_options]
        with open(os.path.join(folder, "log"), "w", encoding="utf-8") as log:
            self.begin_s = time.monotonic()
            self.process = subprocess.Popen(words, stdin=subprocess.DEVNULL, text=True,
                                            stdout=subprocess.PIPE, stderr=log)
        self.reader = threading.Thread(target=self.read_line)
        self.reader.start()

    def read_line(self):
        line = self.process.stdout.readline()
        if line.startswith("proa serves"):
            self.line_s = time.monotonic()

    def ms_until(self, moment_s):
        return (moment_s - self.begin_s) * 1000

    def check(self):
        if self.process.poll() is not None or time.monotonic() > self.begin_s + SECONDS:
            raise RuntimeError("proa serve did not start")

    def connect(self):
        while True:
            try:
                return socket.create_connection(("127.0.0.1", self.port), timeout=SECONDS)
            except ConnectionRefusedError:
                self.check()
                time.sleep(0.0005)

    def times(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port)
        connection.sock = self.connect()

        def ask(path):
            connection.request("GET", path)
            answer = connection.getresponse()
            body = json.loads(answer.read())
            if answer.status != 200:
                raise RuntimeError(f"{path} answered {answer.status}: {body}")
            return body, time.monotonic()

        _, answered_s = ask(daemon.API)
        self.reader.join(SECONDS)
        if self.line_s is None:
            raise RuntimeError("proa serve did not say that it serves")
        while (asked := ask("/proa/v1/status"))[0]["environments"]["parked"] == 0:
            self.check()
            time.sleep(0.002)
        while ask("/proa/v1/status")[0]["environments"]["starting"] > 0:
            self.check()
            time.sleep(0.02)
        connection.close()
        return {"answer_ms": self.ms_until(answered_s), "line_ms": self.ms_until(self.line_s),
                "parked_ms": self.ms_until(asked[1])}

    def sizes(self):
        """MiB of the daemon and its launcher; what runs functions is not theirs."""
        own = daemon.memory_kib(self.process.pid)
        pss, rss = own
        for pid in daemon.descendants(self.process.pid):
            if not is_inside(pid):
                one = daemon.memory_kib(pid)
                pss, rss = pss + one[0], rss + one[1]
        return {"own_pss_mib": own[0] / 1024, "pss_mib": pss / 1024, "rss_mib": rss / 1024}

    def stop(self):
        begin_s = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(SECONDS)
        if status != 0:
            raise RuntimeError(f"proa serve ended with status {status}")
        return {"stop_ms": (time.monotonic() - begin_s) * 1000}

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.reader.join()
        self.process.stdout.close()


def is_inside(pid):
    """Whether a process belongs to an environment: it is in a process namespace of its own, and
    its first process is proa-init."""
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        for line in file:
            if line.startswith("NSpid:") and len(line.split()) > 2:
                return not is_uplink(pid)
    return False


def is_uplink(pid):
    with open(f"/proc/{pid}/comm", encoding="ascii") as file:
        return file.read().strip() in ("proa-uplink", "pasta", "pasta.avx2", "passt.avx2")


def measure(serve_options):
    with tempfile.TemporaryDirectory(prefix="proa-bench-") as folder:
        os.chmod(folder, 0o755)
        start = Start(folder, serve_options)
        try:
            result = start.times()
            time.sleep(0.5)
            result.update(start.sizes())
            result.update(start.stop())
        finally:
            start.close()
    return result


def main(arguments):
    options = parse(arguments)
    if os.geteuid() != 0:
        print("skipped: proa serve needs root to make environments")
        return 0
    facts = figures.machine()
    rounds = [measure(options.serve_option) for _ in range(options.starts)]
    results = {name: figures.spread([one[name] for one in rounds]) for name, _, _ in FIGURES}
    facts["load_after"] = round(os.getloadavg()[0], 2)
    print(f"Starts of the daemon: median (least-most) of {options.starts}")
    print(figures.table(["", "figure"], [[text, figures.shown(results[name], digits)]
                                         for name, text, digits in FIGURES]))
    figures.save("start", facts, {"starts": rounds, "figures": results})
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
