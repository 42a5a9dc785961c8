"""The verbs of `proa` for functions and calls, with real functions: bytes, codes, pages, races."""
import io
import json
import re
import signal
import subprocess
import tempfile
import threading
import time
import unittest
import zipfile

from daemon import ROLE, zip_of
from verb_case import HANDLERS, PROA, VerbTestCase

# Answers with bytes that are no JSON and no text.
BINARY_BOOTSTRAP = """#!/usr/bin/python3 -u
import http.client, os
api = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
root = "/2018-06-01/runtime/invocation/"
while True:
    api.request("GET", root + "next")
    answer = api.getresponse()
    answer.read()
    api.request("POST", root + answer.headers["Lambda-Runtime-Aws-Request-Id"] + "/response",
                body=bytes(range(256)) * 4)
    api.getresponse().read()
"""


class Invoke(VerbTestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        case = cls()
        case.deploy_handlers("echo", "fail", "sleep", Timeout=60)
        case.doCleanups()

    def test_the_payload_comes_from_three_places(self):
        event = {"text": "ä\n\"", "list": [1, 2], "n": 1.5}
        answer = {"event": event, "custom": None}
        text = json.dumps(event)
        self.assertEqual(json.loads(self.good("invoke", "echo", text)), answer)
        with tempfile.NamedTemporaryFile() as file:
            file.write(text.encode())
            file.flush()
            self.assertEqual(json.loads(self.good("invoke", "echo", "--payload-file", file.name)),
                             answer)
        self.assertEqual(json.loads(self.good("invoke", "echo", stdin=text.encode())), answer)
        self.assertEqual(
            json.loads(self.good("invoke", "echo", "--payload-file", "-", stdin=text.encode())),
            answer)
        code, out, err = self.bash("$PROA invoke echo --payload-file <(echo '[1, 2]')")
        self.assertEqual((code, json.loads(out)["event"]), (0, [1, 2]), err)
        self.assertEqual(json.loads(self.good("invoke", "echo", "[1,2]"))["event"], [1, 2])
        self.assertEqual(json.loads(self.good("invoke", "echo", "--", "-5"))["event"], -5)
        self.assertEqual(json.loads(self.good("invoke", "echo"))["event"], {})

    def test_the_answer_is_bytes_and_the_rest_is_beside_it(self):
        code, out, err = self.run_proa("invoke", "echo", '{"a": 1}', "--tail")
        self.assertEqual((code, out), (0, b'{"event": {"a": 1}, "custom": null}'))
        said = err.decode()
        self.assertRegex(said, r"(?m)^START RequestId: (\S+) Version: \$LATEST$")
        self.assertIn("said {'a': 1}\n", said)
        request = re.search(r"START RequestId: (\S+)", said)[1]
        self.assertRegex(said, rf"done in [0-9.]+ ms \(\w+\), request id {request}\n$")
        document = json.loads(self.good("invoke", "echo", "1", "--json", "--tail"))
        self.assertEqual(document["payload"], {"event": 1, "custom": None})
        self.assertIn("said 1", document["log_tail"])

    def test_bytes_that_are_no_text(self):
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as archive:
            entry = zipfile.ZipInfo("bootstrap")
            entry.external_attr = 0o100755 << 16
            archive.writestr(entry, BINARY_BOOTSTRAP)
        self.client().create_function(FunctionName="binary", Runtime="provided.al2023", Role=ROLE,
                                      Handler="x", Code={"ZipFile": out.getvalue()})
        self.assertEqual(self.good("invoke", "binary"), bytes(range(256)) * 4)
        self.assertIn("payload_base64", json.loads(self.good("invoke", "binary", "--json")))
        for payload in (b"\0", b"\xff\xfe", b"{\"a\": \"\xff\"}"):
            code, out, err = self.run_proa("invoke", "echo", stdin=payload)
            self.assertEqual((code, out), (1, b""))
            self.assertIn(b"Could not parse request body into json", err)

    def test_a_function_that_fails(self):
        code, out, err = self.run_proa("invoke", "fail", "{}")
        self.assertEqual(code, 7)
        self.assertEqual(json.loads(out)["errorType"], "KeyError")
        self.assertTrue(err.startswith(b"KeyError: 'no such thing'\n"), err)
        self.assertIn(b'raise KeyError("no such thing")', err)
        code, out, _ = self.run_proa("invoke", "fail", "{}", "--json")
        self.assertEqual((code, json.loads(out)["function_error"]), (7, "Unhandled"))

    def test_client_context_dry_run_and_names_of_all_forms(self):
        context = {"custom": {"k": "v"}}
        for name in ("echo", "echo:$LATEST", "arn:aws:lambda:us-east-1:000000000000:function:echo"):
            answer = self.good("invoke", name, "1", "--client-context", json.dumps(context))
            self.assertEqual(json.loads(answer), {"event": 1, "custom": {"k": "v"}})
        code, out, err = self.run_proa("invoke", "echo", "--dry-run")
        self.assertEqual((code, out, err), (0, b"", b"echo is there and may be called.\n"))
        self.assertEqual(self.run_proa("invoke", "none", "--dry-run")[0], 4)

    def test_an_event_is_followed_by_its_request_id(self):
        code, out, err = self.run_proa("invoke", "echo", '"by and by"', "--async")
        self.assertEqual(code, 0, err)
        request = out.decode().strip()
        self.assertIn(f"proa logs echo --request-id {request}".encode(), err)
        deadline = time.monotonic() + 30
        while b"said by and by" not in self.good("logs", "echo", "--request-id", request):
            self.assertLess(time.monotonic(), deadline, "the event never ran")
            time.sleep(0.1)

    def test_what_is_not_there_yet_is_refused_in_words(self):
        for words in (("echo", "--qualifier", "live"), ("echo:7",), ("echo:live",)):
            code, out, err = self.run_proa("invoke", *words, "{}")
            self.assertIn(code, (1, 4), err)
            self.assertEqual(out, b"")
            self.assertTrue(err.startswith(b"proa: "), err)

    def test_payloads_over_the_limits_get_the_daemons_text(self):
        code, out, err = self.run_proa("invoke", "echo", stdin=b'"' + b"x" * (7 << 20) + b'"')
        self.assertEqual((code, out), (1, b""))
        self.assertIn(b"Request must be smaller than 6291456 bytes", err)
        code, _, err = self.run_proa("invoke", "echo", "--async",
                                     stdin=b'"' + b"x" * (2 << 20) + b'"')
        self.assertEqual(code, 1)
        self.assertIn(b"too large for the Event invocation type", err)
        answer = self.good("invoke", "echo", stdin=b'"' + b"x" * (5 << 20) + b'"')
        self.assertEqual(len(json.loads(answer)["event"]), 5 << 20)

    def test_ctrl_c_ends_it_as_a_signal_does(self):
        process = subprocess.Popen([PROA, "invoke", "sleep", '{"s": 30}'], env=self.environment(),
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        with process:
            time.sleep(1)
            process.send_signal(signal.SIGINT)
            self.assertEqual(process.wait(timeout=20), -signal.SIGINT)

    def test_nobody_who_reads(self):
        code, out, err = self.bash("$PROA invoke echo '1' | true; echo ${PIPESTATUS[0]}")
        self.assertIn(out.strip(), (b"0", b"141"), err)
        self.assertNotIn(b"rror", err)
        code, _, err = self.bash("$PROA invoke echo '1' > /dev/full")
        self.assertEqual(code, 1)
        self.assertIn(b"cannot write to standard output: No space left on device", err)


class Functions(VerbTestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        case = cls()
        case.deploy_handlers("variables", Environment={"Variables": {"SECRET": "hush"}},
                             Tags={"team": "x", "proa:idle": "freeze=1s"})
        case.doCleanups()

    def test_list_has_all_pages(self):
        client = self.client()
        code = {"ZipFile": zip_of({"app.py": HANDLERS})}
        names = [f"many-{i:02}" for i in range(60)]
        for name in names:
            client.create_function(FunctionName=name, Runtime="python3.11", Handler="app.echo",
                                   Role=ROLE, Code=code)
        lines = self.good("list").decode().splitlines()
        self.assertRegex(lines[0], r"^NAME +RUNTIME +MEMORY +TIMEOUT +CODE +MODIFIED$")
        listed = [line.split()[0] for line in lines[1:]]
        self.assertEqual([name for name in listed if name.startswith("many-")], names)
        document = json.loads(self.good("ls", "--json"))
        self.assertEqual({function["FunctionName"] for function in document["Functions"]},
                         set(listed))
        code, out, err = self.bash("$PROA list | head -1")
        self.assertEqual((code, out.split()[0], err), (0, b"NAME", b""))
        self.assertEqual(self.run_proa("delete", *names)[0], 2)
        out = self.good("delete", "--yes", *names)
        self.assertEqual(out.decode(), "".join(f"{name} is deleted.\n" for name in names))
        self.assertNotIn(b"many-", self.good("list"))

    def test_delete_goes_on_behind_a_failure(self):
        self.deploy_handlers("echo-1", "echo-2")
        code, out, err = self.run_proa("delete", "echo-1", "none", "echo-2", "--yes")
        self.assertEqual((code, out), (4, b"echo-1 is deleted.\necho-2 is deleted.\n"))
        self.assertIn(b"proa: none: Function not found", err)

    def test_delete_asks_on_a_terminal(self):
        self.deploy_handlers("echo-3")
        code, shown = self.on_terminal("delete", "echo-3", keys=b"n\n")
        self.assertEqual(code, 2)
        self.assertIn("Delete echo-3 for good? [y/N]", shown)
        self.good("show", "echo-3")
        code, shown = self.on_terminal("delete", "echo-3", keys=b"y\n")
        self.assertEqual((code, "echo-3 is deleted." in shown), (0, True), shown)

    def test_show_tells_everything_and_hides_values(self):
        shown = self.good("show", "variables").decode()
        for line in ("  handler       app.variables\n", "  memory        128 MB\n",
                     "  setting       idle=freeze=1s\n", "  tag           team=x\n",
                     "  concurrency   not reserved\n",
                     "  log           Text to /aws/lambda/variables\n"):
            self.assertIn(line, shown)
        self.assertIn("SECRET", shown)
        self.assertNotIn("hush", shown)
        self.assertIn("SECRET=hush", self.good("show", "variables", "--show-env").decode())
        document = json.loads(self.good("show", "variables", "--json"))
        self.assertEqual(document["Configuration"]["Environment"]["Variables"], {"SECRET": "hush"})
        self.assertEqual(document["Tags"]["team"], "x")
        self.assertIn("Location", document["Code"])

    def test_config_changes_what_the_daemon_runs(self):
        self.deploy_handlers("variables-1", Environment={"Variables": {"AA": "1", "BB": "2"}})
        out = self.good("config", "variables-1", "memory=256mb", "timeout=1m", "env:CC=x=y z",
                        "env:BB=", "network=none", "idle=freeze=1s remove=2m", "concurrency=3",
                        "description=my function", "log-format=json", "tmp=1gb").decode()
        self.assertIn("memory=256mb (was 128mb)\n", out)
        self.assertIn("env:BB is removed\n", out)
        answer = self.good("invoke", "variables-1", '["AA", "BB", "CC"]')
        self.assertEqual(json.loads(answer), {"AA": "1", "BB": None, "CC": "x=y z"})
        got = self.client().get_function(FunctionName="variables-1")
        configuration = got["Configuration"]
        self.assertEqual((configuration["MemorySize"], configuration["Timeout"],
                          configuration["EphemeralStorage"]["Size"],
                          configuration["Description"]), (256, 60, 1024, "my function"))
        self.assertEqual(got["Tags"], {"proa:network": "none", "proa:idle": "freeze=1s remove=2m"})
        self.assertEqual(got["Concurrency"], {"ReservedConcurrentExecutions": 3})
        values = json.loads(self.good("config", "variables-1", "--json"))
        self.assertEqual([values[key] for key in ("memory", "network", "concurrency", "log-format",
                                                      "env:CC")],
                         ["256mb", "none", "3", "JSON", "x=y z"])
        out = self.good("config", "variables-1", "--unset", "network", "concurrency=none",
                        "--unset", "env:AA").decode()
        self.assertIn("network is removed (was none)\n", out)
        got = self.client().get_function(FunctionName="variables-1")
        self.assertEqual((got["Tags"], got.get("Concurrency")),
                         ({"proa:idle": "freeze=1s remove=2m"}, None))
        self.assertEqual(got["Configuration"]["Environment"]["Variables"], {"CC": "x=y z"})

    def test_config_refuses_before_it_changes(self):
        before = self.client().get_function(FunctionName="variables")["Configuration"]
        for word, said in (("memroy=1", "did you mean 'memory'?"), ("memory=lots", "memory=lots"),
                           ("network=moon", "proa:network"), ("network=host:80", "not supported"),
                           ("kernel=auto", "not supported"), ("memory", "no value")):
            code, out, err = self.run_proa("config", "variables", "timeout=9", word)
            self.assertEqual((code, out), (2, b""), word)
            self.assertIn(said.encode(), err)
        code, _, err = self.run_proa("config", "variables", "memory=9999999")
        self.assertEqual(code, 1)
        self.assertIn(b"memorySize", err)
        after = self.client().get_function(FunctionName="variables")["Configuration"]
        self.assertEqual(before["RevisionId"], after["RevisionId"])

    def test_two_writers_keep_each_others_variables(self):
        self.deploy_handlers("variables-2")
        codes = []

        def write(letter):
            for i in range(6):
                codes.append(self.run_proa("config", "variables-2", f"env:{letter}{i}=1"))

        writers = [threading.Thread(target=write, args=(letter,)) for letter in "AB"]
        for writer in writers:
            writer.start()
        for writer in writers:
            writer.join()
        self.assertEqual([each for each in codes if each[0] != 0], [])
        got = self.client().get_function_configuration(FunctionName="variables-2")
        self.assertEqual(set(got["Environment"]["Variables"]),
                         {f"{letter}{i}" for letter in "AB" for i in range(6)})

    def test_names_that_are_none(self):
        for name in ("a/b", "../../proa/v1/keys", "a b", "ä", "x" * 200, "a%2Fb", "a?b", "a\nb"):
            for words in (("show", name), ("invoke", name, "{}"), ("config", name),
                          ("delete", name, "--yes"), ("logs", name)):
                code, out, err = self.run_proa(*words)
                self.assertIn(code, (1, 4), (words, out, err))
                self.assertNotIn(b"Sanitizer", err)
        self.assertEqual(self.run_proa("show", "")[0], 2)

class Refused(VerbTestCase):
    """Codes that need keys: last in the file, because a daemon's keys stay."""

    def test_codes_of_denials_and_conflicts(self):
        self.good("account", "create", "team", "--id", "123456789012")
        self.assertEqual(self.run_proa("account", "create", "team", "--id", "123456789012")[0], 6)
        key = json.loads(self.good("key", "create", "--json"))
        signed = {"AWS_ACCESS_KEY_ID": key["access_key_id"],
                  "AWS_SECRET_ACCESS_KEY": key["secret_access_key"]}
        self.good("list", **signed)
        code, out, err = self.run_proa("list")
        self.assertEqual((code, out), (5, b""))
        self.assertIn(b"AWS_ACCESS_KEY_ID", err)
        self.assertEqual(self.run_proa("list", **{**signed, "AWS_SECRET_ACCESS_KEY": "x"})[0], 5)
        caller = json.loads(self.good("key", "create", "--right", "invoke", "--json", **signed))
        weak = {"AWS_ACCESS_KEY_ID": caller["access_key_id"],
                "AWS_SECRET_ACCESS_KEY": caller["secret_access_key"]}
        self.assertEqual(self.run_proa("delete", "f", "--yes", **weak)[0], 5)
        self.assertEqual(self.run_proa("key", "revoke", "PROANONE", **signed)[0], 4)


if __name__ == "__main__":
    unittest.main()
