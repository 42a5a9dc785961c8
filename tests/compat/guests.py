"""What the tests of functions in machines need of a host, and of a daemon."""
import fcntl
import glob
import hashlib
import json
import os
import shutil
import subprocess
import tempfile
import unittest

from daemon import BINARY_DIR, ROLE, Daemon, zip_of

MACHINE = {"proa:isolation": "microvm"}
DAEMON_UID = 65519  # of a daemon on a host without a user proa: apt works for anybody


def why_no_kernel():
    """Why apt cannot bring a kernel here; None if it can: tried with a package of 2 KB."""
    try:
        architecture = subprocess.run(["dpkg", "--print-architecture"], capture_output=True,
                                      check=True, text=True, timeout=60).stdout.strip()
        with tempfile.TemporaryDirectory() as folder:
            os.chown(folder, DAEMON_UID, DAEMON_UID)
            done = subprocess.run(
                ["apt-get", "-q", "download", "linux-image-cloud-" + architecture], cwd=folder,
                user=DAEMON_UID, group=DAEMON_UID, extra_groups=[], capture_output=True,
                check=False, text=True, timeout=120)
    except (OSError, subprocess.SubprocessError) as failure:
        return f"there is no apt here: {failure}"
    if done.returncode != 0:
        return "apt brings no kernel: " + " ".join(done.stderr.split()[:40])
    return None


def why_not():
    """Why no machine runs here; None if one can."""
    if os.geteuid() != 0:
        return "proa serve needs root to make environments"
    for program, package in (("/usr/bin/qemu-system-x86_64", "qemu-system-x86"),
                             ("/usr/bin/mkfs.erofs", "erofs-utils")):
        if not os.access(program, os.X_OK):
            return f"{program} is not installed (package {package})"
    if not os.path.exists("/dev/net/tun"):
        return "there is no /dev/net/tun"
    return why_no_kernel()


def add_kernel(endpoint, *words):
    """By `proa kernel WORDS...`; else adds the stock one."""
    environment = dict(os.environ, PROA_ENDPOINT=endpoint, ASAN_OPTIONS="detect_leaks=0")
    words = words or ("add", "stock")
    subprocess.run([os.path.join(BINARY_DIR, "proa"), "kernel", *words], env=environment,
                   capture_output=True, timeout=900, check=True)


def give(daemon, kernel):
    """A stored kernel, a folder, to a daemon that runs; its name."""
    kept = os.path.join(daemon.folder, "data/kernels")
    owner = os.stat(kept)
    path = os.path.join(kept, os.path.basename(kernel))
    shutil.copytree(kernel, path)
    for each in (path, *glob.glob(os.path.join(path, "*"))):
        os.chown(each, owner.st_uid, owner.st_gid)
    add_kernel(daemon.endpoint, "sign", os.path.basename(kernel))  # another's key has signed it
    with open(os.path.join(path, "manifest.json"), encoding="utf-8") as file:
        return json.load(file)["name"]


def give_kernels(daemon):
    """What `./dev kernels` has built, to a daemon; False where it has built none."""
    built = glob.glob(os.path.join(os.environ.get("PROA_SOURCE_DIR", "."), "build/kernels/*/"))
    for kernel in built:
        # Compiles nothing: the same with this proa-init.
        add_kernel(daemon.endpoint, "build", give(daemon, kernel.rstrip("/")))
    return bool(built)


def kept_stock():
    """The stock kernel as this build's daemon stores it, a folder: measuring it takes ten boots, so
    the first test that asks adds it for all."""
    with open(os.path.join(BINARY_DIR, "proa-init"), "rb") as file:
        key = hashlib.sha256(file.read()).hexdigest()[:16]
    kept = os.path.abspath(os.path.join(BINARY_DIR, "../stock-kernel", key))
    os.makedirs(os.path.dirname(kept), exist_ok=True)
    with open(kept + ".lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not os.path.isdir(kept):
            daemon = Daemon()
            try:
                add_kernel(daemon.endpoint)
                shutil.copytree(os.path.join(daemon.folder, "data/kernels"), kept + ".new",
                                dirs_exist_ok=True)
                os.rename(kept + ".new", kept)
                daemon.stop()
            finally:
                daemon.close()
    return glob.glob(os.path.join(kept, "*"))[0]


def give_stock(daemon):
    """For tests with machines, which are skipped where none runs."""
    if reason := why_not():
        raise unittest.SkipTest(reason)
    give(daemon, kept_stock())


def make(folder):
    """A new `folder` with what daemons copy, or why there is nothing, for the tests' skips:
    `/usr/bin/python3 guests.py FOLDER`."""
    import boto3
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    if reason := why_not():
        print("there are no machines: " + reason)
        with open(os.path.join(folder, "why_not"), "w", encoding="utf-8") as file:
            file.write(reason)
        return
    daemon = Daemon(["--isolation", "microvm"])
    try:
        if not give_kernels(daemon):
            give_stock(daemon)
        client = boto3.client("lambda", endpoint_url=daemon.endpoint, region_name="us-east-1",
                              aws_access_key_id="any", aws_secret_access_key="any")
        client.create_function(FunctionName="first", Runtime="python3.11", Handler="app.handler",
                               Role=ROLE, Timeout=60, Code={"ZipFile": zip_of(
                                   {"app.py": "def handler(event, context): return event"})})
        answer = client.invoke(FunctionName="first", Payload=b"1")
        print("kernel:", answer["ResponseMetadata"]["HTTPHeaders"].get("x-proa-kernel"))
        if json.load(answer["Payload"]) != 1:
            raise RuntimeError("a function in a machine does not answer: " + str(answer))
        for name in ("kernels", "images"):
            shutil.copytree(os.path.join(daemon.folder, "data", name), os.path.join(folder, name))
        daemon.stop()
    finally:
        daemon.close()


if __name__ == "__main__":
    import sys
    make(sys.argv[1])
