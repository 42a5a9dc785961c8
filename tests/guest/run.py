"""Runs inside the guest: the tests of plan.json, one after the other, told as CTest tells them.

Started by the unit guest-tests.service of the guest's root (tools/dev/guest.sh). What it writes
goes to the virtio port whose other end is a file of the host; tools/test_counts.py reads that. Or a
shell on the console, among the guest's tests, for who wants to look around.
"""
import json
import os
import subprocess
import sys
import time

PORT = "/dev/virtio-ports/proa.results"
LINE = "-" * 58
# The guest's clock counts a nanosecond for each instruction: slower than a host, more so with
# sanitizers.
SLOWNESS = 4


def run(entry, number, total, out):
    """One program; whether it passed."""
    begin = time.monotonic()
    out.write(f"{number}/{total} Testing: {entry['name']}\nCommand: {entry['command']}\n"
              f"Output:\n{LINE}\n".encode())
    out.flush()
    environment = {**os.environ, "ASAN_OPTIONS": "detect_leaks=0", **entry["environment"]}
    with subprocess.Popen(entry["command"], cwd=entry["folder"], env=environment, stdout=out,
                          stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                          start_new_session=True) as process:
        try:
            status = process.wait(timeout=entry["timeout"] * SLOWNESS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, 9)
            status = "over its time"
    took = time.monotonic() - begin
    verdict = "Test Passed." if status == 0 else f"Test Failed: status {status}."
    out.write(f"\n<end of output>\nTest time = {took:.1f} s\n{LINE}\n{verdict}\n\n".encode())
    out.flush()
    return status == 0


def main(folder):
    with open(os.path.join(folder, "plan.json"), encoding="utf-8") as file:
        plan = json.load(file)
    # The tests' own paths: the tree stands where it stood when they were built.
    os.makedirs(plan["root"], exist_ok=True)
    subprocess.run(["mount", "--bind", os.path.join(folder, "tree"), plan["root"]], check=True)
    if plan["shell"]:
        os.chdir(os.path.join(plan["root"], "tests/guest"))
        os.execlp("bash", "bash", "-i")
    with open(PORT, "wb", buffering=0) as out:
        out.write(b"guest: Linux " + os.uname().release.encode() + b"\n")
        tests = plan["tests"]
        passed = [run(entry, i + 1, len(tests), out) for i, entry in enumerate(tests)]
        out.write(f"guest: {sum(passed)} of {len(passed)} programs passed\n".encode())
        out.write(b"guest: end\n")


if __name__ == "__main__":
    main(sys.argv[1])
