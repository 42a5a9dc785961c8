"""What a daemon must not leave on its host when it has ended, however it ended."""
import glob
import os
import time


def left_of(daemon, instance):
    """Paths and lines of what is still there of `daemon`, which had that number of its host."""
    data = os.path.join(daemon.folder, "data")
    run = f"/run/proa/{instance}"
    left = [path for path in glob.glob("/sys/fs/cgroup/**/proa*", recursive=True)
            if path.endswith(f"/proa-{instance}") or f"/proa-{instance}/" in path]
    left += glob.glob(run) + glob.glob(f"/run/proa/instance-{instance}.lock")
    left += glob.glob(data + "/disks/*/*")
    for name in glob.glob("/sys/block/loop*/loop/backing_file"):
        try:
            with open(name, encoding="utf-8") as backing:
                left += [name] if data in backing.read() else []
        except OSError:
            pass  # went meanwhile
    for name in glob.glob("/sys/class/net/*/ifalias"):
        try:
            with open(name, encoding="utf-8") as alias:
                left += [name] if alias.read().strip() == f"proa:{instance}" else []
        except OSError:
            pass
    with open("/proc/mounts", encoding="utf-8") as mounts:
        left += [line for line in mounts if data in line or run in line]
    return left


def wait_until_nothing_is_left(test, daemon, instance, processes, more=list):
    """For a daemon that has ended; `more` tells of what else should be gone, as a list."""
    deadline = time.monotonic() + 60
    left = None
    while left != [] and time.monotonic() < deadline:
        left = [f"process {pid}" for pid in processes if os.path.exists(f"/proc/{pid}/stat")]
        left += left_of(daemon, instance) + more()
        time.sleep(0.05)
    test.assertEqual(left, [])
