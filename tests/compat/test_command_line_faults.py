"""`proa` with no daemon, an odd one, and wrong words: codes and texts, never a crash."""
import json
import os
import socket
import subprocess
import threading
import unittest

from daemon import free_port
from verb_case import PROA


class OddDaemons(unittest.TestCase):
    """What answers is no Proa, or dies: a clear error, never a crash."""

    VERBS = (("list",), ("list", "--tags"), ("show", "f"), ("config", "f"),
             ("config", "f", "memory=256"), ("invoke", "f", "{}"), ("logs", "f"), ("usage",),
             ("status",), ("account", "list"), ("key", "list"), ("key", "create"),
             ("dead-letters", "list"))

    def run_proa(self, endpoint, *words):
        environment = dict(os.environ, PROA_ENDPOINT=endpoint, ASAN_OPTIONS="detect_leaks=0")
        done = subprocess.run([PROA, *words], env=environment, stdin=subprocess.DEVNULL,
                              capture_output=True, timeout=60, check=False)
        return done.returncode, done.stdout, done.stderr

    def answering(self, answer):
        """The endpoint of a server that sends `answer` and closes."""
        listener = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(listener.close)

        def serve():
            while True:
                try:
                    client, _ = listener.accept()
                except OSError:
                    return
                with client:
                    client.recv(65536)
                    client.sendall(answer)

        threading.Thread(target=serve, daemon=True).start()
        return f"http://127.0.0.1:{listener.getsockname()[1]}"

    def test_nobody_there(self):
        for words in self.VERBS:
            code, out, err = self.run_proa(f"http://127.0.0.1:{free_port()}", *words)
            self.assertEqual((code, out), (3, b""), words)
            self.assertIn(b"Is proa serve running?", err)

    def test_gone_before_the_answer_ended(self):
        for answer in (b"", b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"Functions\":"):
            endpoint = self.answering(answer)
            for words in self.VERBS:
                code, out, err = self.run_proa(endpoint, *words)
                self.assertEqual((code, out), (3, b""), (words, err))

    def test_answers_that_are_not_expected(self):
        members = ("Functions", "Configuration", "events", "records", "keys", "accounts",
                   "dead_letters", "environments", "host", "interpreters", "next")
        for body in (b"<html>", b"[]", b"null", b"{}", b"[" * 100000,
                     json.dumps({name: [7, None, []] for name in members}).encode(),
                     json.dumps({name: {"limits": [], "records": 7} for name in members}).encode()):
            endpoint = self.answering(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s"
                                      % (len(body), body))
            for words in self.VERBS:
                code, _, err = self.run_proa(endpoint, *words)
                self.assertIn(code, (0, 1), (words, body, err))
                self.assertNotIn(b"Sanitizer", err)
                self.assertNotIn(b"terminate", err)

    def test_words_that_are_wrong(self):
        for words, said in ((("lst",), "did you mean 'proa list'?"), (("key",), "say what"),
                            (("list", "--odd"), "--odd"), ((), "proa --help"),
                            (("invoke",), "name is required")):
            code, out, err = self.run_proa("http://127.0.0.1:1", *words)
            self.assertEqual((code, out), (2, b""), words)
            self.assertIn(said.encode(), err)
        self.assertEqual(self.run_proa("ftp://x", "list")[0], 2)

    def test_help_names_the_variables(self):
        code, out, _ = self.run_proa("http://127.0.0.1:1", "--help")
        self.assertEqual(code, 0)
        for head in ("Serve:", "Functions:", "Calls:", "Access:", "Operating:"):
            self.assertIn(f"\n{head}\n".encode(), out)
        verbs = self.run_proa("http://127.0.0.1:1", "complete", "--", "")[1].split()
        for verb in verbs:
            code, out, _ = self.run_proa("http://127.0.0.1:1", verb.decode(), "--help")
            self.assertEqual(code, 0)
            self.assertIn(b"Examples:\n", out)
            if verb not in (b"serve", b"uninstall"):  # they ask no daemon
                self.assertIn(b"PROA_ENDPOINT", out)


if __name__ == "__main__":
    unittest.main()
