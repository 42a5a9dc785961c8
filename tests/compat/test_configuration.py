"""The settings file of `proa serve`: what it may say, what is refused, and what is documented."""
import os
import re
import subprocess
import tempfile
import unittest

import daemon

PROA = os.path.join(daemon.BINARY_DIR, "proa")
SOURCE_DIR = os.environ.get("PROA_SOURCE_DIR", ".")
KEY = re.compile(r"^#?([a-z0-9-]+) = (.*)$", re.M)


def serve(*words):
    """`proa serve WORDS...` that is not meant to start."""
    return subprocess.run([PROA, "serve", *words], capture_output=True, text=True, timeout=60,
                          check=False, env=dict(os.environ, ASAN_OPTIONS="detect_leaks=0"))


class Files(unittest.TestCase):
    def file(self, text):
        handle, name = tempfile.mkstemp(suffix=".toml")
        self.addCleanup(os.remove, name)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        return name


class Configuration(Files):
    def printed(self, *words):
        done = serve("--print-config", *words)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def test_every_option_is_a_key(self):
        help_text = serve("--help").stdout
        options = set(re.findall(r"^  (?:-h,)?--([a-z0-9-]+)", help_text, re.M))
        self.assertGreater(len(options), 30)
        keys = {key for key, _ in KEY.findall(self.printed("--config", "/dev/null"))}
        self.assertEqual(keys, options - {"help", "config", "print-config"})

    def test_the_document_has_every_key_with_its_default(self):
        place = os.path.join(SOURCE_DIR, "docs", "reference", "configuration.md")
        with open(place, encoding="utf-8") as file:
            rows = re.findall(r"^\| `([a-z0-9-]+)` \| `(.*?)` \|", file.read(), re.M)
        self.assertEqual(sorted(rows), sorted(KEY.findall(self.printed("--config", "/dev/null"))))

    def test_its_own_text_is_a_file_it_takes(self):
        with_all = re.sub("^#(?=[a-z0-9-]+ = )", "", self.printed("--config", "/dev/null"),
                          flags=re.M)
        # Those need something that is there.
        without = re.sub("^(otlp-|trace-sample).*\n", "", with_all, flags=re.M)
        again = self.printed("--config", self.file(without))
        self.assertEqual(re.findall("^[a-z0-9-]+ =", again, re.M).count("listen ="), 1)

    def test_the_file_is_given_and_the_command_line_wins(self):
        name = self.file("log-days = 30\nlisten = '127.0.0.1:1'\nruntime-exact = true\n")
        text = self.printed("--config", name, "--listen", "127.0.0.1:2")
        for line in ("log-days = 30", "listen = '127.0.0.1:2'", "runtime-exact = true"):
            self.assertIn("\n" + line + "\n", text)
        self.assertIn("\n#log-mib = 1024\n", text)

    def test_what_is_wrong_is_named_with_file_and_line(self):
        for text, said in (
                ("log-days = 1\nlog_mib = 5\n",
                 ":2: there is no setting 'log_mib'; did you mean 'log-mib'?"),
                ("log-days = 'many'\n", ":1: log-days: must be a whole number without quotes"),
                ("\n\nuplink = 'pigeon'\n", ":3: uplink: "),
                ("log-days 3\n", ":1: ")):
            name = self.file(text)
            done = serve("--config", name)
            self.assertEqual((done.returncode, done.stdout), (2, ""), text)
            self.assertIn(name + said, done.stderr)

    def test_a_file_that_is_named_must_exist(self):
        done = serve("--config", "/nowhere/proa.toml")
        self.assertEqual(done.returncode, 2)
        self.assertIn("--config: open /nowhere/proa.toml: No such file", done.stderr)


class ADaemonWithAFile(Files):
    def test_it_runs_as_its_file_says(self):
        if os.geteuid() != 0:
            self.skipTest("proa serve needs root to make environments")
        name = self.file("account-id = '123456789012'\nshards = 1\nlog-level = 'debug'\n")
        running = daemon.Daemon(["--config", name, "--log-level", "error"])
        self.addCleanup(running.close)
        self.assertIn("as account 123456789012;", running.output())
        self.assertNotIn('"level":"info"', running.output())
        self.assertEqual(running.stop(), 0)


if __name__ == "__main__":
    unittest.main()
