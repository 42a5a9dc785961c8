"""provided.*: a package's own bootstrap on the HTTP Runtime API, and start variables (M3)."""
import base64
import io
import json
import os
import textwrap
import threading
import time
import unittest
import zipfile

from daemon import NOT_AHEAD, ROLE, DaemonTestCase

# A custom runtime on http.client alone. BEHAVIOUR is a function of (event, id, api, headers).
BOOTSTRAP = """\
#!/usr/bin/python3 -u
import http.client, json, os, sys, time
api = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
ROOT = "/2018-06-01/runtime"
def ask(method, path, body=None, headers={}):
    api.request(method, ROOT + path, body=body, headers=headers)
    answer = api.getresponse()
    return answer.status, answer.read(), answer.headers
BEHAVIOUR
while True:
    status, event, headers = ask("GET", "/invocation/next")
    behave(json.loads(event), headers["Lambda-Runtime-Aws-Request-Id"], headers)
"""


def package(files, mode=0o755):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, text in files.items():
            entry = zipfile.ZipInfo(name)
            entry.external_attr = (0o100000 | mode) << 16
            archive.writestr(entry, text)
    return out.getvalue()


def bootstrap(behaviour):
    return BOOTSTRAP.replace("BEHAVIOUR", textwrap.dedent(behaviour))


ECHO = """
def behave(event, id, headers):
    print("custom", event)
    ask("POST", f"/invocation/{id}/response", json.dumps(
        {"event": event, "handler": os.environ["_HANDLER"], "uid": os.getuid(),
         "cwd": os.getcwd(), "arn": headers["Lambda-Runtime-Invoked-Function-Arn"],
         "left": int(headers["Lambda-Runtime-Deadline-Ms"]) - int(time.time() * 1000),
         "trace": headers["Lambda-Runtime-Trace-Id"],
         "context": headers.get("Lambda-Runtime-Client-Context"), "id": id}))
"""


class CustomRuntimes(DaemonTestCase):
    def deploy_custom(self, name, behaviour=None, files=None, mode=0o755, **more):
        client = self.client()
        files = files or {"bootstrap": bootstrap(behaviour)}
        settings = dict(Runtime="provided.al2023", Handler="any.thing", Role=ROLE)
        settings.update(more)
        client.create_function(FunctionName=name, Code={"ZipFile": package(files, mode)},
                               **settings)
        return client

    def call(self, client, name, event=None, **more):
        answer = client.invoke(FunctionName=name, Payload=json.dumps(event or {}), **more)
        answer["json"] = json.loads(answer["Payload"].read() or b"null")
        return answer

    def test_a_bootstrap_gets_events_and_answers(self):
        client = self.deploy_custom("echo", ECHO, Timeout=7)
        context = base64.b64encode(b'{"custom":{"k":"v"}}').decode()
        answer = self.call(client, "echo", {"n": 1}, LogType="Tail", ClientContext=context)
        said = answer["json"]
        self.assertEqual(said["event"], {"n": 1})
        self.assertEqual((said["handler"], said["uid"], said["cwd"]),
                         ("any.thing", 993, "/var/task"))
        self.assertTrue(said["arn"].endswith(":function:echo"))
        self.assertTrue(5000 < said["left"] <= 7000, said["left"])
        self.assertTrue(said["trace"].startswith("Root=1-"))
        self.assertEqual(json.loads(said["context"]), {"custom": {"k": "v"}})
        headers = answer["ResponseMetadata"]["HTTPHeaders"]
        self.assertEqual(said["id"], headers["x-amzn-requestid"])
        self.assertIn(headers["x-proa-start"], NOT_AHEAD)
        log = base64.b64decode(answer["LogResult"]).decode()
        self.assertRegex(log, r"START .*\ncustom \{'n': 1\}\nEND .*\nREPORT .*Init Duration")
        again = self.call(client, "echo", {"n": 2})
        self.assertEqual(again["json"]["event"], {"n": 2})
        self.assertEqual(again["ResponseMetadata"]["HTTPHeaders"]["x-proa-start"], "warm")

    def test_a_bash_bootstrap_with_curl_runs(self):
        folder = os.path.join(os.environ.get("PROA_SOURCE_DIR", "../.."), "examples/bash-hello")
        files = {}
        for name in ("bootstrap", "function.sh"):
            with open(os.path.join(folder, name), encoding="utf-8") as file:
                files[name] = file.read()
        client = self.deploy_custom("bash", files=files, Handler="function.hello", Timeout=20)
        self.assertEqual(self.call(client, "bash", {"name": "Ada"})["json"]["length"], 15)
        failure = self.call(client, "bash", {"fail": 1})
        self.assertEqual(failure["FunctionError"], "Unhandled")
        self.assertEqual(failure["json"]["errorType"], "Function.Failed")
        self.assertEqual(self.call(client, "bash", {"name": "Bob"})["json"]["length"], 15)

    def test_reported_errors_are_passed_on_and_the_process_lives(self):
        client = self.deploy_custom("errors", """
            def behave(event, id, headers):
                body = json.dumps({"errorMessage": "no", "errorType": "My.Error",
                                   "stackTrace": ["x"]})
                if event.get("empty"): body = None
                if event.get("fail"):
                    ask("POST", f"/invocation/{id}/error", body,
                        {"Lambda-Runtime-Function-Error-Type": "Header.Type"})
                else:
                    ask("POST", f"/invocation/{id}/response", str(os.getpid()))
            """)
        first = self.call(client, "errors")["json"]
        failure = self.call(client, "errors", {"fail": 1})
        self.assertEqual(failure["FunctionError"], "Unhandled")
        self.assertEqual(failure["json"], {"errorMessage": "no", "errorType": "My.Error",
                                           "stackTrace": ["x"]})
        empty = self.call(client, "errors", {"fail": 1, "empty": 1})
        self.assertEqual(empty["json"]["errorType"], "Header.Type")
        self.assertEqual(self.call(client, "errors")["json"], first)

    def test_an_init_error_is_the_answer_and_the_next_call_starts_anew(self):
        client = self.deploy_custom("init", files={"bootstrap": bootstrap("""
            marker = "/tmp/starts"
            starts = os.path.exists(marker) and len(open(marker).read()) or 0
            open(marker, "a").write("x")
            if starts < 2:
                ask("POST", "/init/error", json.dumps({"errorMessage": f"start {starts}",
                                                       "errorType": "Init.Broken"}))
                sys.exit(1)
            def behave(event, id, headers):
                ask("POST", f"/invocation/{id}/response", json.dumps({"starts": starts}))
            """)})
        failure = self.call(client, "init", LogType="Tail")
        log = base64.b64decode(failure["LogResult"]).decode()
        self.assertRegex(log, r"INIT_REPORT Init Duration: [0-9.]+ ms\tPhase: init\tStatus: error\n"
                              r"INIT_REPORT .*Phase: invoke\tStatus: error\nSTART ")
        self.assertNotRegex(log, r"REPORT RequestId.*Init Duration")
        # Lambda repeats a failed init within the call: the second failure is the answer.
        self.assertEqual(failure["json"], {"errorMessage": "start 1", "errorType": "Init.Broken"})
        # A call that comes while that environment is being reset goes to a new one, with a /tmp of
        # its own; sooner or later one meets an environment whose two starts have failed.
        for _ in range(20):
            answer = self.call(client, "init")["json"]
            if answer == {"starts": 2}:
                break
            self.assertEqual(answer["errorType"], "Init.Broken")
            time.sleep(0.1)
        self.assertEqual(answer, {"starts": 2})

    def test_wrong_requests_are_refused_as_on_lambda(self):
        client = self.deploy_custom("wrong", """
            def behave(event, id, headers):
                seen = [ask("GET", "/invocation/next")[:2],
                        ask("POST", "/invocation/other-id/response", "1")[:2],
                        ask("POST", "/init/error", "{}")[:2],
                        ask("POST", "/invocation/{}/response".format(id), "1",
                            {"Lambda-Runtime-Function-Response-Mode": "odd"})[:2]]
                seen.append(ask("POST", f"/invocation/{id}/response", "1")[:2])
                print(json.dumps([[status, body.decode()] for status, body in seen]))
            """)
        answer = self.call(client, "wrong", LogType="Tail")
        self.assertEqual(answer["json"]["errorType"], "Runtime.Unknown")
        self.assertIn("invalid response mode 'odd'", answer["json"]["errorMessage"])
        # The broken call ended the process before or after it printed: so ask the rest by another.
        client = self.deploy_custom("wrong2", """
            def behave(event, id, headers):
                seen = [ask("GET", "/invocation/next")[:2],
                        ask("POST", "/invocation/other-id/response", "1")[:2],
                        ask("POST", "/init/error", "{}")[:2], ask("GET", "/nowhere")[:2]]
                ask("POST", f"/invocation/{id}/response", json.dumps(seen_last +
                    [[status, json.loads(body)["errorType"]] for status, body in seen]))
                last = ask("POST", f"/invocation/{id}/response", "2")
                seen_last.append([last[0], json.loads(last[1])["errorType"]])
            seen_last = []
            """)
        answer = self.call(client, "wrong2")
        self.assertEqual(answer["json"], [[403, "InvalidStateTransition"],
                                          [400, "InvalidRequestID"],
                                          [403, "InvalidStateTransition"], [404, "NotFound"]])
        self.assertEqual(self.call(client, "wrong2")["json"][0], [403, "InvalidStateTransition"])

    def test_answers_too_large_and_streamed_ones(self):
        client = self.deploy_custom("stream", """
            def chunks(event):
                for i in range(event["chunks"]):
                    yield b"x" * event["size"]
            def behave(event, id, headers):
                if event.get("stream"):
                    api.putrequest("POST", ROOT + f"/invocation/{id}/response")
                    api.putheader("Lambda-Runtime-Function-Response-Mode", "streaming")
                    api.putheader("Transfer-Encoding", "chunked")
                    api.putheader("Trailer", "Lambda-Runtime-Function-Error-Type, "
                                             "Lambda-Runtime-Function-Error-Body")
                    api.endheaders()
                    for chunk in chunks(event):
                        api.send(b"%x\\r\\n%s\\r\\n" % (len(chunk), chunk))
                    end = b"0\\r\\n"
                    if event.get("fail"):
                        import base64
                        body = base64.b64encode(b'{"errorType":"Late","errorMessage":"m"}')
                        end += (b"Lambda-Runtime-Function-Error-Type: Late\\r\\n"
                                b"Lambda-Runtime-Function-Error-Body: " + body + b"\\r\\n")
                    api.send(end + b"\\r\\n")
                    api.getresponse().read()
                else:
                    status, body, _ = ask("POST", f"/invocation/{id}/response",
                                          b"1" * event["size"])
                    print(status)
            """, Timeout=60, MemorySize=512)
        answer = client.invoke(FunctionName="stream", Payload=json.dumps(
            {"stream": 1, "chunks": 3, "size": 70000}))
        self.assertEqual(answer["Payload"].read(), b"x" * 210000)
        failure = self.call(client, "stream", {"stream": 1, "chunks": 1, "size": 5, "fail": 1})
        self.assertEqual(failure["FunctionError"], "Unhandled")
        self.assertEqual(failure["json"], {"errorType": "Late", "errorMessage": "m"})
        limit = 6 * 1024 * 1024 + 100
        most = client.invoke(FunctionName="stream", Payload=json.dumps({"size": limit}))
        self.assertNotIn("FunctionError", most)
        self.assertEqual(len(most["Payload"].read()), limit)
        more = self.call(client, "stream", {"size": limit + 1})
        self.assertEqual(more["json"]["errorType"], "Function.ResponseSizeTooLarge")

    def test_exits_and_time_outs_end_as_on_lambda(self):
        client = self.deploy_custom("ends", """
            def behave(event, id, headers):
                if "exit" in event: os._exit(event["exit"])
                if "sleep" in event: time.sleep(event["sleep"])
                ask("POST", f"/invocation/{id}/response", '"ok"')
                if "after" in event: os._exit(3)
            """, Timeout=2)
        exited = self.call(client, "ends", {"exit": 9})["json"]
        self.assertEqual(exited["errorType"], "Runtime.ExitError")
        self.assertIn("exit status 9", exited["errorMessage"])
        late = self.call(client, "ends", {"sleep": 60})["json"]
        self.assertEqual(late["errorType"], "Sandbox.Timedout")
        self.assertEqual(self.call(client, "ends")["json"], "ok")
        # A runtime that goes after its answer is no failure of the next call.
        self.assertEqual(self.call(client, "ends", {"after": 1})["json"], "ok")
        answers = [self.call(client, "ends") for _ in range(3)]
        self.assertEqual([answer["json"] for answer in answers[1:]], ["ok", "ok"])

    def test_entrypoints_that_cannot_run_are_named(self):
        client = self.deploy_custom("none", files={"other": "x"})
        error = self.call(client, "none")["json"]
        self.assertEqual(error["errorType"], "Runtime.InvalidEntrypoint")
        self.assertIn("Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]",
                      error["errorMessage"])
        self.deploy_custom("mode", files={"bootstrap": bootstrap(ECHO)}, mode=0o644)
        error = self.call(client, "mode")["json"]
        self.assertEqual(error["errorType"], "Runtime.InvalidEntrypoint")
        self.assertIn("fork/exec /var/task/bootstrap: permission denied", error["errorMessage"])
        self.deploy_custom("format", files={"bootstrap": "\0\0nothing"})
        error = self.call(client, "format")["json"]
        self.assertIn("fork/exec /var/task/bootstrap: exec format error", error["errorMessage"])

    def test_many_calls_at_once_each_get_their_own_answer(self):
        client = self.deploy_custom("many", """
            def behave(event, id, headers):
                time.sleep(0.05)
                ask("POST", f"/invocation/{id}/response", json.dumps(event))
            """, Timeout=60)
        answers = {}

        def one(number):
            own = self.client()
            answers[number] = self.call(own, "many", {"n": number})["json"]
        threads = [threading.Thread(target=one, args=(number,)) for number in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(answers, {number: {"n": number} for number in range(12)})


class StartVariables(DaemonTestCase):
    def test_variables_that_count_at_the_start_take_effect(self):
        code = """
import sys
def handler(event, context):
    return [sys.flags.optimize, sys.flags.dont_write_bytecode, __debug__]
"""
        client = self.deploy("optimised", code,
                             Environment={"Variables": {"PYTHONOPTIMIZE": "2"}})
        answer = client.invoke(FunctionName="optimised", Payload=b"{}")
        self.assertEqual(json.load(answer["Payload"])[0], 2)
        self.assertIn(answer["ResponseMetadata"]["HTTPHeaders"]["x-proa-start"], NOT_AHEAD)
        client = self.deploy(
            "options", "exports.handler = async () => process.execArgv.concat("
            "[process.env.NODE_OPTIONS, v8Limit()]);\n"
            "function v8Limit() { return require('v8').getHeapStatistics().heap_size_limit; }",
            runtime="nodejs20.x", handler="index.handler", file="index.js", MemorySize=512,
            Environment={"Variables": {"NODE_OPTIONS": "--max-old-space-size=77"}})
        answer = json.load(client.invoke(FunctionName="options", Payload=b"{}")["Payload"])
        self.assertLess(answer[-1], 150 << 20)

    def test_the_exec_wrapper_runs_the_interpreter(self):
        client = self.client()
        files = {"app.py": "import os\ndef handler(e, c): return os.environ['WRAPPED']\n",
                 "wrap": "#!/bin/bash\nexport WRAPPED=\"yes, $#\"\nexec \"$@\"\n"}
        client.create_function(
            FunctionName="wrapped", Runtime="python3.11", Handler="app.handler", Role=ROLE,
            Code={"ZipFile": package(files)},
            Environment={"Variables": {"AWS_LAMBDA_EXEC_WRAPPER": "/var/task/wrap"}})
        answer = json.load(client.invoke(FunctionName="wrapped", Payload=b"{}")["Payload"])
        self.assertEqual(answer, "yes, 2")
        client.update_function_configuration(
            FunctionName="wrapped",
            Environment={"Variables": {"AWS_LAMBDA_EXEC_WRAPPER": "/opt/nowhere"}})
        error = json.load(client.invoke(FunctionName="wrapped", Payload=b"{}")["Payload"])
        self.assertEqual(error["errorType"], "Runtime.InvalidEntrypoint")
        self.assertIn("/opt/nowhere: no such file or directory", error["errorMessage"])


class FunctionsThatCallFunctions(DaemonTestCase):
    CALLER = """
import datetime, hashlib, hmac, http.client, json, os
def keyed(key, text): return hmac.new(key, text.encode(), hashlib.sha256).digest()
def signed(method, host, path, body, wrong):
    now = datetime.datetime.utcnow().strftime("%Y%m%dT%H%M%SZ")
    scope = now[:8] + "/us-east-1/lambda/aws4_request"
    canonical = "\\n".join([method, path, "", "host:" + host, "x-amz-date:" + now, "",
                           "host;x-amz-date", hashlib.sha256(body.encode()).hexdigest()])
    text = "\\n".join(["AWS4-HMAC-SHA256", now, scope,
                      hashlib.sha256(canonical.encode()).hexdigest()])
    key = ("AWS4" + os.environ["AWS_SECRET_ACCESS_KEY"] + wrong).encode()
    for part in scope.split("/"): key = keyed(key, part)
    return {"X-Amz-Date": now, "X-Amz-Security-Token": os.environ["AWS_SESSION_TOKEN"],
            "Authorization": "AWS4-HMAC-SHA256 Credential=" + os.environ["AWS_ACCESS_KEY_ID"] + "/"
            + scope + ", SignedHeaders=host;x-amz-date, Signature=" + keyed(key, text).hex()}
def handler(event, context):
    host = os.environ["AWS_ENDPOINT_URL_LAMBDA"].removeprefix("http://")
    method, body = event.get("method", "POST"), json.dumps(event.get("payload"))
    sent = signed(method, host, event["path"], body, event.get("wrong", ""))
    if event.get("unsigned"): sent = {}
    api = http.client.HTTPConnection(host)
    api.request(method, event["path"], body, sent)
    answer = api.getresponse()
    return [answer.status, json.loads(answer.read() or b"null")]
"""

    def test_code_calls_another_function_with_its_own_credentials(self):
        client = self.deploy("callee", "def handler(e, c): return {'got': e}")
        self.deploy("caller", self.CALLER, Timeout=30)
        ask = lambda **event: json.load(client.invoke(
            FunctionName="caller", Payload=json.dumps(event))["Payload"])
        path = "/2015-03-31/functions/callee/invocations"
        self.assertEqual(ask(path=path, payload={"n": 1}), [200, {"got": {"n": 1}}])
        status, error = ask(path=path, unsigned=True)
        self.assertEqual(status, 403)
        self.assertEqual(error, {"message": "Missing Authentication Token"})
        status, error = ask(path=path, wrong="x")
        self.assertEqual(status, 403)
        self.assertIn("The request signature we calculated does not match", json.dumps(error))
        status, error = ask(path="/2015-03-31/functions", method="GET")
        self.assertEqual(status, 403)
        self.assertIn("not authorized to perform: lambda:ListFunctions", json.dumps(error))


if __name__ == "__main__":
    unittest.main()
