"""A daemon, and `proa` as people run it: with pipes, on a terminal, in a shell."""
import fcntl
import os
import pty
import struct
import subprocess
import termios

from daemon import BINARY_DIR, DaemonTestCase

PROA = os.path.abspath(os.path.join(BINARY_DIR, "proa"))

HANDLERS = """
import os, time

def echo(event, context):
    print("said", event)
    custom = context.client_context.custom if context.client_context else None
    return {"event": event, "custom": custom}

def fail(event, context):
    raise KeyError("no such thing")

def sleep(event, context):
    time.sleep(event["s"])

def variables(event, context):
    return {name: os.environ.get(name) for name in event}
"""


class VerbTestCase(DaemonTestCase):
    def environment(self, **more):
        kept = {name: value for name, value in os.environ.items()
                if not name.startswith("AWS_") and name not in ("NO_COLOR", "PROA_ENDPOINT")}
        return {**kept, "PROA_ENDPOINT": self.daemon.endpoint, "TERM": "xterm",
                "ASAN_OPTIONS": "detect_leaks=0", **more}

    def run_proa(self, *words, stdin=b"", **more):
        """Code, standard output and standard error, all as bytes."""
        done = subprocess.run([PROA, *words], env=self.environment(**more), input=stdin,
                              capture_output=True, timeout=120, check=False)
        return done.returncode, done.stdout, done.stderr

    def good(self, *words, **more):
        """What it prints when it ends well."""
        code, out, err = self.run_proa(*words, **more)
        self.assertEqual(code, 0, (words, out, err))
        return out

    def bash(self, script, **more):
        done = subprocess.run(["bash", "-c", script], env=self.environment(PROA=PROA, **more),
                              capture_output=True, timeout=120, check=False)
        return done.returncode, done.stdout, done.stderr

    def on_terminal(self, *words, columns=80, keys=b"", **more):
        """What a terminal shows of it, standard error too; and its code."""
        master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        process = subprocess.Popen([PROA, *words], stdin=slave, stdout=slave, stderr=slave,
                                   env=self.environment(**more))
        os.close(slave)
        if keys:
            os.write(master, keys)
        shown = b""
        while True:
            try:
                part = os.read(master, 65536)
            except OSError:  # EIO: nobody writes any more
                break
            if not part:
                break
            shown += part
        os.close(master)
        return process.wait(timeout=60), shown.decode().replace("\r\n", "\n")

    def deploy_handlers(self, *names, **more):
        for name in names:
            self.deploy(name, HANDLERS, handler="app." + name.split("-")[0], **more)
