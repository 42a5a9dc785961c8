"""The package and the unit inside the guest, for its tests (tools/dev/guest.sh boots it)."""
import contextlib
import ctypes
import glob
import json
import os
import re
import subprocess
import sys
import time

PACKAGE = "/guest/proa.deb"
UNIT_GROUP = "/sys/fs/cgroup/system.slice/proa.service"


def run(*words, check=True, **more):
    """A command; its standard output. A failure shows all it said."""
    done = subprocess.run(words, capture_output=True, text=True, timeout=600, check=False, **more)
    if check and done.returncode != 0:
        raise AssertionError(f"{' '.join(words)}: status {done.returncode}\n{done.stdout}"
                             f"{done.stderr}\n{journal()}")
    return done.stdout


def journal():
    return subprocess.run(["journalctl", "-u", "proa", "--no-pager", "-n", "40", "-o", "cat"],
                          capture_output=True, text=True, timeout=60, check=False).stdout


def install():
    run("dpkg", "--force-confold", "--force-unsafe-io", "-i", PACKAGE,
        env=dict(os.environ, DEBIAN_FRONTEND="noninteractive"))


def purge():
    run("dpkg", "--purge", "proa")


def is_active():
    return run("systemctl", "is-active", "proa", check=False).strip() == "active"


def start():
    """The package installed and its unit running."""
    if not os.path.exists("/usr/bin/proa"):
        install()
    run("systemctl", "start", "proa")


def restarts():
    return int(run("systemctl", "show", "-P", "NRestarts", "proa"))


def main_process():
    return int(run("systemctl", "show", "-P", "MainPID", "proa"))


def text_of(*path):
    with open(os.path.join(*path), encoding="utf-8") as file:
        return file.read().strip()


def instance_group():
    """The control group that the environments are below."""
    found = [path for path in glob.glob(UNIT_GROUP + "/proa-*") if not path.endswith(".self")]
    if len(found) != 1:
        raise AssertionError(f"control groups of instances: {found}\n{journal()}")
    return found[0]


def environment_groups():
    """Control groups with processes in them."""
    found = []
    for path in glob.glob(instance_group() + "/*/"):
        with contextlib.suppress(FileNotFoundError):  # went meanwhile
            if "populated 1" in text_of(path, "cgroup.events"):
                found.append(path)
    return found


def deploy(name, folder, code, *words, runtime="python3.11", file="app.py"):
    """Makes a function of one file, as a user does."""
    place = os.path.join(folder, name)
    os.makedirs(place, exist_ok=True)
    with open(os.path.join(place, file), "w", encoding="utf-8") as out:
        out.write(code)
    run("proa", "deploy", place, "--runtime", runtime, "--handler",
        file.rsplit(".", 1)[0] + ".handler", *words)


def invoke(name, event):
    """What a call comes to: its answer, and the function's error if it failed."""
    done = subprocess.run(["proa", "invoke", name, json.dumps(event), "--json"], timeout=600,
                          capture_output=True, text=True, check=False)
    if not done.stdout:
        raise AssertionError(f"proa invoke {name}: status {done.returncode}\n{done.stderr}"
                             f"{journal()}")
    document = json.loads(done.stdout)
    return document["payload"], document.get("function_error")


def show(name, *lines):
    """What was seen, for who reads the log: a test's name alone does not say it."""
    for line in "\n".join(lines).splitlines():
        print(f"    {name}: {line}", file=sys.stderr)


class Written:
    """Notes that a file is written to; kernel files such as cgroup.kill tell nothing else."""

    _IN_MODIFY = 2

    def __init__(self, path):
        libc = ctypes.CDLL(None, use_errno=True)
        self._fd = libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        if libc.inotify_add_watch(self._fd, os.fsencode(path), self._IN_MODIFY) < 0:
            raise OSError(ctypes.get_errno(), f"watch {path}")
        self._was = False

    def __bool__(self):
        with contextlib.suppress(BlockingIOError):
            self._was = bool(os.read(self._fd, 4096)) or self._was
        return self._was

    def close(self):
        os.close(self._fd)


def waits_for(condition, seconds=60):
    """Whether it becomes true."""
    end = time.monotonic() + seconds
    while not (value := condition()) and time.monotonic() < end:
        time.sleep(0.1)
    return value


def processes_named(pattern):
    found = []
    for path in glob.glob("/proc/[0-9]*/comm"):
        try:
            name = text_of(path)
        except OSError:
            continue
        if re.fullmatch(pattern, name):
            found.append(int(path.split("/")[2]))
    return found
