"""Peers of the warm benchmark that come from npm: installed when asked for, run, and ended.

Each has a folder peers/NAME with its package.json, the lock of all it needs and its settings. It
runs the function of daemon.NODE in a process group of its own, from a temporary folder.
"""
import hashlib
import http.client
import json
import os
import platform
import shutil
import signal
import socket
import subprocess
import tempfile
import time

import daemon
import figures

EVENT = b'{"k":"v"}'  # what bench_load sends
INSTALL_S = 1800
START_S = 120


class Unavailable(Exception):
    """A peer that was asked for cannot be installed or started; says which and why."""


def install(name):
    """The folder build/bench/peers/NAME with what the lock of the peer names, made once."""
    source = os.path.join(daemon.HERE, "peers", name)
    target = os.path.join(figures.ROOT, "build/bench/peers", name)
    with open(os.path.join(source, "package-lock.json"), "rb") as file:
        key = hashlib.sha256(file.read()).hexdigest()
    if is_made(target, key):
        return target
    shutil.rmtree(target, ignore_errors=True)
    os.makedirs(target)
    for file in ("package.json", "package-lock.json"):
        shutil.copy(os.path.join(source, file), target)
    print(f"installing the peer {name} to {os.path.relpath(target, figures.ROOT)}", flush=True)
    run_npm(name, target)
    with open(os.path.join(target, "made"), "w", encoding="ascii") as file:
        file.write(key)
    return target


def is_made(target, key):
    try:
        with open(os.path.join(target, "made"), encoding="ascii") as file:
            return file.read() == key
    except FileNotFoundError:
        return False


def run_npm(name, folder):
    """Installs the lock's packages without running a script of theirs."""
    words = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    try:
        done = subprocess.run(words, cwd=folder, stdin=subprocess.DEVNULL, timeout=INSTALL_S,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unavailable(f"peer {name} cannot be installed: {error}") from error
    if done.returncode != 0:
        raise Unavailable(f"peer {name} cannot be installed: npm ci ended with "
                          f"{done.returncode}:\n{done.stdout.strip()}")


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class NpmPeer:
    """One of them, answering. A subclass says its name, path, settings and program."""

    name = path = None
    settings = ()  # files of peers/NAME that stand beside the function

    @classmethod
    def version(cls):
        """The version that is installed, as its package.json pins it."""
        path = os.path.join(daemon.HERE, "peers", cls.name, "package.json")
        with open(path, encoding="utf-8") as file:
            return json.load(file)["dependencies"][cls.name]

    def words(self):
        """The command line that serves on self.port from self.folder."""
        raise NotImplementedError

    def __init__(self):
        self.installed = install(self.name)
        self.port = free_port()
        self.folder = tempfile.mkdtemp(prefix="proa-bench-peer-")
        self.process = None
        try:
            self.write_folder()
            self.start()
            self.wait_until_it_answers()
        except BaseException:  # also when the benchmark is told to end
            self.close()
            raise

    def write_folder(self):
        for file in self.settings:
            shutil.copy(os.path.join(daemon.HERE, "peers", self.name, file), self.folder)
        for file, text in daemon.NODE[2].items():
            with open(os.path.join(self.folder, file), "w", encoding="utf-8") as out:
                out.write(text)

    def start(self):
        # The folder is its home, too: the user's settings change nothing, nothing is left there.
        environment = {"PATH": os.environ["PATH"], "HOME": self.folder, "LANG": "C.UTF-8",
                       "SLS_TELEMETRY_DISABLED": "1", "SLS_TRACKING_DISABLED": "1",
                       "SLS_NOTIFICATIONS_MODE": "off"}
        with open(os.path.join(self.folder, "log"), "w", encoding="utf-8") as log:
            try:
                self.process = subprocess.Popen(
                    self.words(), cwd=self.folder, env=environment, stdin=subprocess.DEVNULL,
                    stdout=log, stderr=subprocess.STDOUT, start_new_session=True)
            except OSError as error:
                raise Unavailable(f"peer {self.name} cannot be started: {error}") from error

    def wait_until_it_answers(self):
        deadline = time.monotonic() + START_S
        while (answer := self.call()) is None:
            if (ended := self.process.poll()) is not None:
                self.refuse(f"ended with {ended}")
            if time.monotonic() > deadline:
                self.refuse(f"does not answer after {START_S} s")
            time.sleep(0.05)
        if answer != (200, EVENT):
            self.refuse(f"answers {answer}, not its event")

    def refuse(self, why):
        raise Unavailable(f"peer {self.name} cannot be started: it {why}:\n{self.output()}")

    def call(self):
        """Status and body of one call; None: it does not listen yet."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request("POST", self.path, EVENT)
            answer = connection.getresponse()
            return answer.status, answer.read()
        except (OSError, http.client.HTTPException):
            return None
        finally:
            connection.close()

    def output(self):
        with open(os.path.join(self.folder, "log"), encoding="utf-8", errors="replace") as log:
            return log.read()[-4000:]

    def close(self):
        if self.process is not None:
            self.signal_group(signal.SIGTERM)
            try:
                self.process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                pass
            self.signal_group(signal.SIGKILL)  # also what it started and left
            self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def signal_group(self, number):
        try:
            os.killpg(self.process.pid, number)
        except ProcessLookupError:
            pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Workerd(NpmPeer):
    """Cloudflare's runtime: V8 isolates in one process, here one in one thread."""

    name, path = "workerd", "/"
    settings = ("config.capnp", "main.mjs")

    def words(self):
        # The package's own program is a script that an install script replaces; this is the binary.
        kind = {"x86_64": "64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
        program = os.path.join(self.installed, "node_modules/@cloudflare", f"workerd-linux-{kind}",
                               "bin/workerd")
        return [program, "serve", "config.capnp", "--socket-addr", f"http=127.0.0.1:{self.port}"]


class ServerlessOffline(NpmPeer):
    """The emulator's Lambda endpoint: a Node server that runs functions in worker threads."""

    name, path = "serverless-offline", f"{daemon.API}/echo/invocations"
    settings = ("serverless.yml",)

    def words(self):
        modules = os.path.join(self.installed, "node_modules")
        os.symlink(modules, os.path.join(self.folder, "node_modules"))
        return ["node", os.path.join(modules, "serverless/bin/serverless.js"), "offline", "start",
                "--host", "127.0.0.1", "--lambdaPort", str(self.port)]


PEERS = {peer.name: peer for peer in (Workerd, ServerlessOffline)}
