#!/usr/bin/env python3
"""microvm: functions in virtual machines beside the same in containers.

For every kernel that is there (the stock one, which apt brings, and those in build/kernels): how
long it boots until its first process answers, first calls (with a connection) of machines that
boot, of copies and of copies that waited, warm calls, what an idle machine weighs, booted and
copied, and how many copies a second answer when many functions are called at once. Of the same
functions in containers the same; and how much faster all that is than a machine of the stock kernel
that boots.
"""
import argparse
import concurrent.futures
import json
import os
import shutil
import subprocess
import sys
import time

import daemon
import figures

LANGUAGES = {"python": daemon.PYTHON, "node": daemon.NODE}
KERNELS = os.path.join(figures.ROOT, "build/kernels")
# Parked environments have Lambda's default; a function that wants another size starts cold.
UNPARKED = {"EphemeralStorage": {"Size": 1024}}
MEMORY_MB = 256


def parse(arguments):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--samples", type=int, default=5, help="boots and first calls of each kind")
    parser.add_argument("--warm", type=int, default=300, help="warm calls")
    parser.add_argument("--burst", type=int, default=12, help="functions that are called at once")
    parser.add_argument("--quick", action="store_true", help="little of everything: does it work?")
    options = parser.parse_args(arguments)
    if options.quick:
        options.samples, options.warm, options.burst = 1, 10, 2
    return options


def why_not():
    """Why no machine runs here; None if one can."""
    if os.geteuid() != 0:
        return "proa serve needs root to make environments"
    for program in ("/usr/bin/qemu-system-x86_64", "/usr/bin/mkfs.erofs"):
        if not os.access(program, os.X_OK):
            return f"{program} is not installed"
    return None if os.path.exists("/dev/net/tun") else "there is no /dev/net/tun"


class Machines(daemon.Daemon):
    """A daemon with all kernels that there are."""

    def wait_until_ready(self):
        super().wait_until_ready()
        self.environment = dict(os.environ, PROA_ENDPOINT=f"http://127.0.0.1:{self.port}")
        self.kernels = {}
        self.proa("kernel", "add", "stock")
        for kernel in json.loads(self.proa("kernel", "list", "--json"))["kernels"]:
            if kernel["name"] != "stock":  # compiles nothing: the same with this proa-init
                self.proa("kernel", "build", kernel["name"])
        for kernel in json.loads(self.proa("kernel", "list", "--json"))["kernels"]:
            self.kernels.setdefault(kernel["name"], kernel["id"])

    def proa(self, *words):
        done = subprocess.run([os.path.join(daemon.BINARY_DIR, "proa"), *words], timeout=900,
                              env=self.environment, capture_output=True, text=True)
        if done.returncode != 0:
            raise daemon.Refused(done.stderr.strip())
        return done.stdout


def bring_kernels(folder):
    """What `./dev kernels` has built, to a data folder that does not exist yet."""
    os.makedirs(folder, exist_ok=True)
    if os.path.isdir(KERNELS):
        shutil.copytree(KERNELS, os.path.join(folder, "kernels"))


def boots_ms(proa, kernel, samples):
    told = [json.loads(proa.proa("kernel", "verify", kernel, "--boot", "--json"))
            for _ in range(samples)]
    return [one["boot"]["took_ms"] for one in told]


def first_ms(proa, name, language, more):
    path = proa.create(name, *language, **{"MemorySize": MEMORY_MB, "Timeout": 60, **more})
    begin = time.monotonic()
    status, head, body = proa.request("POST", path, "{}")
    if status != 200:
        raise daemon.Refused(body.decode(errors="replace"))
    return path, head["X-Proa-Start"], (time.monotonic() - begin) * 1000


def weigh(proa):
    """KiB (PSS) of each machine that is there, by its process."""
    found = {}
    for pid in daemon.descendants(proa.process.pid):
        try:
            with open(f"/proc/{pid}/comm", encoding="ascii") as file:
                if file.read().startswith("qemu-system"):
                    found[pid] = daemon.pss_kib(pid)
        except OSError:
            continue
    return found


def measure_kind(proa, kind, language, more, options):
    times, path = [], None
    for number in range(options.samples):
        path, start, time_ms = first_ms(proa, f"{kind}-{number}", language, more)
        times.append(time_ms)
    warm = daemon.load(proa.port, path=path, clients=1, calls=options.warm, seconds=120)
    return {"first_ms": figures.spread(times), "start": start,
            "warm_p50_ms": warm["answer"]["p50_us"] / 1000}


def tags_of(proa, kernel):
    tags = {"proa:isolation": "microvm"}
    if len(proa.kernels) > 1:
        tags["proa:kernel"] = kernel
    return {"Tags": tags}


def await_template(proa, count):
    deadline = time.monotonic() + 300
    while proa.status()["guests"]["templates"] < count:
        if time.monotonic() > deadline:
            raise daemon.Refused("no template came")
        time.sleep(0.1)


def measure_copies(proa, options, results):
    """What measure() does of machines that boot, of copies that are made for their call."""
    results["copies_kib"] = {}
    for count, (name, kernel) in enumerate(
            [(name, kernel) for name in LANGUAGES for kernel in proa.kernels], start=1):
        more = tags_of(proa, kernel)
        first_ms(proa, f"{name}-{kernel}-wake", LANGUAGES[name], more)
        await_template(proa, count)
        before = weigh(proa)
        results["calls"][f"{name}: copy, {kernel}"] = measure_kind(
            proa, f"{name}-{kernel}-copy", LANGUAGES[name], more, options)
        results["copies_kib"][f"{name}, {kernel}"] = [
            weight for pid, weight in weigh(proa).items() if pid not in before]


def measure_burst(proa, options, results):
    """Copies a second: functions that are called at once, four at a time."""
    language = LANGUAGES["python"]
    kernel = "net" if "net" in proa.kernels else next(iter(proa.kernels))
    paths = [proa.create(f"burst-{number}", *language, MemorySize=MEMORY_MB, Timeout=60,
                         **tags_of(proa, kernel)) for number in range(options.burst)]
    before = weigh(proa)
    begin = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda path: proa.request("POST", path, "{}"), paths))
    took = time.monotonic() - begin
    starts = [head["X-Proa-Start"] for _, head, _ in answers]
    after = weigh(proa)
    results["burst"] = {
        "kernel": kernel, "starts": starts, "seconds": took, "per_second": len(paths) / took,
        "kib": [weight for pid, weight in after.items() if pid not in before]}


def measure_waiting(proa, options, results):
    """First calls of copies that were there before their call."""
    for name in list(LANGUAGES)[:1 if options.quick else None]:
        for kernel in proa.kernels:
            times = []
            for number in range(40 + options.samples):
                path, start, time_ms = first_ms(
                    proa, f"{name}-{kernel}-waited-{number}", LANGUAGES[name],
                    tags_of(proa, kernel))
                if start == "parked":
                    times.append(time_ms)
                if len(times) == options.samples:
                    break
                time.sleep(4)
            else:
                raise daemon.Refused(f"no machine with {kernel} waited")
            warm = daemon.load(proa.port, path=path, clients=1, calls=options.warm, seconds=120)
            results["calls"][f"{name}: copy that waited, {kernel}"] = {
                "first_ms": figures.spread(times), "start": start,
                "warm_p50_ms": warm["answer"]["p50_us"] / 1000}


def ratios(results):
    """How many times faster a first call is than one for which a stock kernel boots."""
    rows = []
    for name in LANGUAGES:
        stock = results["calls"].get(f"{name}: machine, stock")
        for kind, one in results["calls"].items():
            if stock is None or not kind.startswith(name) or one is stock:
                continue
            times = stock["first_ms"]["median"] / one["first_ms"]["median"]
            rows.append([f"{kind} against a boot of stock", f"{times:.1f} times", ""])
    return rows


def measure(proa, options):
    results = {"boot_ms": {}, "calls": {}}
    for kernel in proa.kernels:
        results["boot_ms"][kernel] = figures.spread(boots_ms(proa, kernel, options.samples))
    for name, language in LANGUAGES.items():
        kinds = {"container, parked": {}, "container, cold": UNPARKED}
        for kernel in proa.kernels:
            kinds[f"machine, {kernel}"] = tags_of(proa, kernel)
        for kind, more in kinds.items():
            # Interpreters, code and roots that are made once are not what is measured.
            word = kind.replace(", ", "-")
            first_ms(proa, f"{name}-{word}-wake", language, more)
            time.sleep(1)
            results["calls"][f"{name}: {kind}"] = measure_kind(
                proa, f"{name}-{word}", language, more, options)
    results["idle_kib"] = list(weigh(proa).values())
    return results


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
        with Machines("--max-parked", "0", prepare=bring_kernels) as proa:
            measure_copies(proa, options, results)
            measure_burst(proa, options, results)
            guests["template_bytes"] = proa.status()["guests"]["template_bytes"]
        with Machines(prepare=bring_kernels) as proa:
            measure_waiting(proa, options, results)
    except daemon.Refused as refused:
        print(f"skipped: {refused}")
        return 0
    facts["load_after"] = round(os.getloadavg()[0], 2)
    print(f"Virtual machines, by {guests['accelerator']} ({guests['reason'].split(';')[0]}): "
          "median (least-most)")
    rows = [[f"boot of {kernel}, ms", figures.shown(times), ""]
            for kernel, times in results["boot_ms"].items()]
    for kind, one in results["calls"].items():
        rows.append([f"{kind}: first call, ms ({one['start']})", figures.shown(one["first_ms"], 1),
                     f"warm p50 {one['warm_p50_ms']:.3f} ms"])
    if results["idle_kib"]:
        weights = figures.spread([each / 1024 for each in results["idle_kib"]])
        rows.append(["an idle machine of %d MB, MiB (PSS)" % MEMORY_MB, figures.shown(weights),
                     f"{len(results['idle_kib'])} machines"])
    for kind, weights in results["copies_kib"].items():
        if weights:
            rows.append([f"an idle copy ({kind}), MiB (PSS)",
                         figures.shown(figures.spread([each / 1024 for each in weights])),
                         f"{len(weights)} machines"])
    burst = results["burst"]
    copies = burst["starts"].count("restored")
    rows.append([f"copies a second, {burst['kernel']}, {len(burst['starts'])} functions at once",
                 f"{burst['per_second']:.2f}", f"{copies} of them copies"])
    rows += ratios(results)
    rows.append(["templates, MiB", f"{guests['template_bytes'] / 2**20:.0f}", "all of them"])
    print(figures.table(["", "figure", ""], rows))
    figures.save("microvm", facts, results)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
