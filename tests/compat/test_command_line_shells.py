"""What terminals, programs and shells get of `proa`: colours, JSON, completion."""
import json
import os
import pty
import re
import shutil
import subprocess
import tempfile
import unittest

from verb_case import PROA, VerbTestCase


class Shells(VerbTestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        case = cls()
        case.deploy_handlers("variables")
        case.doCleanups()

    def test_colours_and_cut_lines_are_for_terminals(self):
        code, shown = self.on_terminal("list", columns=50)
        self.assertEqual(code, 0)
        self.assertIn("\x1b[1mNAME", shown)
        for line in shown.splitlines():
            self.assertLessEqual(len(re.sub("\x1b\\[[0-9;]*m", "", line)), 50)
        self.assertIn("\u2026", shown)
        for more in ({"NO_COLOR": "1"}, {"TERM": "dumb"}):
            self.assertNotIn("\x1b", self.on_terminal("list", **more)[1])
        self.assertNotIn("\x1b", self.on_terminal("list", "--json")[1])
        self.assertIn("\x1b[1;31mproa:\x1b[0m", self.on_terminal("show", "none")[1])
        out = self.good("list")
        self.assertNotIn(b"\x1b", out)
        self.assertNotIn("\u2026".encode(), out)

    def test_json_is_one_document_and_alone(self):
        for words in (("list",), ("list", "--tags"), ("show", "variables"), ("config", "variables"),
                      ("invoke", "variables", "[]"), ("invoke", "variables", "[]", "--async"),
                      ("invoke", "variables", "--dry-run"), ("status",), ("account", "list"),
                      ("key", "list"), ("dead-letters", "list")):
            code, out, err = self.run_proa(*words, "--json")
            self.assertEqual((code, err), (0, b""), words)
            json.loads(out)

    def test_bash_completes(self):
        def complete(*words):
            script = ("source <($PROA completion bash); COMP_WORDS=($PROA \"$@\"); "
                      "COMP_CWORD=$#; _proa; printf '%s\\n' \"${COMPREPLY[@]}\"")
            done = subprocess.run(["bash", "-c", script, "bash", *words], timeout=60, check=True,
                                  env=self.environment(PROA=PROA), capture_output=True)
            self.assertEqual(done.stderr, b"")
            return done.stdout.decode().split()

        self.assertEqual(complete("inv"), ["invoke"])
        self.assertEqual(complete("invoke", "vari"), ["variables"])
        self.assertEqual(complete("invoke", "variables", "--payload-f"), ["--payload-file"])
        self.assertEqual(complete("config", "variables", "mem"), ["memory="])
        self.assertEqual(complete("key", ""), ["create", "list", "revoke"])
        self.assertEqual(complete("serve", "--log-level", "w"), ["warn"])

    @unittest.skipUnless(shutil.which("fish"), "fish is not installed")
    def test_fish_completes(self):
        def complete(line):
            script = f"$PROA completion fish | source; complete -C '{line}'"
            done = subprocess.run(["fish", "-N", "-c", script], timeout=60, check=True,
                                  env=self.with_proa_on_path(), capture_output=True)
            return [each.split("\t")[0] for each in done.stdout.decode().splitlines()]

        self.assertEqual(complete("proa inv"), ["invoke"])
        self.assertEqual(complete("proa invoke vari"), ["variables"])
        self.assertEqual(complete("proa invoke variables --payload-f"), ["--payload-file"])

    @unittest.skipUnless(shutil.which("zsh"), "zsh is not installed")
    def test_zsh_completes(self):
        for typed, wanted in (("proa inv", "proa invoke "), ("proa invoke vari",
                                                             "proa invoke variables "),
                              ("proa config variables mem", "proa config variables memory=")):
            self.assertIn(f"<{wanted}>", self.zsh_line_after_tab(typed))

    def zsh_line_after_tab(self, typed):
        """What zsh's line editor holds once the Tab key was pressed behind `typed`."""
        script = ("autoload -U compinit; compinit -u -D; source <($PROA completion zsh)\n"
                  "show() { print -r -- \"<$BUFFER>\"; exit }; zle -N show; bindkey '^X' show\n"
                  "print ready\n")
        master, slave = pty.openpty()
        with tempfile.NamedTemporaryFile("w", suffix=".zsh") as file:
            file.write(script)
            file.flush()
            process = subprocess.Popen(["zsh", "-f", "-i"], stdin=slave, stdout=slave, stderr=slave,
                                       env=self.with_proa_on_path(), start_new_session=True)
            os.close(slave)
            os.write(master, f"source {file.name}\n".encode())
            shown = self.read_until(master, b"\nready")
            os.write(master, typed.encode() + b"\t\x18")
            shown += self.read_until(master, None)
            process.wait(timeout=60)
        os.close(master)
        return shown.decode()

    def read_until(self, master, mark):
        """All that is shown until `mark`, or until the end."""
        shown = b""
        while mark is None or mark not in shown:
            try:
                shown += os.read(master, 65536)
            except OSError:
                break
        return shown

    def with_proa_on_path(self):
        return self.environment(PROA=PROA, PATH=os.path.dirname(PROA) + ":" + os.environ["PATH"])


if __name__ == "__main__":
    unittest.main()
