"""Real AWS keys for functions of a role: `proa role`, with boto3 inside and outside."""
import glob
import json
import os
import stat
import time
import unittest
import urllib.request

from daemon import ROLE, DaemonTestCase, patience, zip_of

KEY = "AKIAPROATESTROLE0001"
SECRET = "verysecretverysecretverysecretverysecret"
TOKEN = "temporarytokentemporarytoken"
SECRETS = (SECRET, TOKEN)
ROLE_OF_TEST = "arn:aws:iam::000000000000:role/real"

SHOWS = """
import os
def handler(event, context):
    import time
    time.sleep(event.get('s', 0))
    return {name: os.environ.get(name) for name in (
        'AWS_ACCESS_KEY_ID', 'AWS_SESSION_TOKEN', 'AWS_ENDPOINT_URL')} | {
        'secret': sum(os.environ['AWS_SECRET_ACCESS_KEY'].encode())}
"""
# Signs by hand, as every SDK does with the variables that it finds.
CALLS = """
import datetime, hashlib, hmac, http.client, json, os
def keyed(key, text): return hmac.new(key, text.encode(), hashlib.sha256).digest()
def signed(host, path, body, wrong):
    now = datetime.datetime.utcnow().strftime("%Y%m%dT%H%M%SZ")
    scope = now[:8] + "/us-east-1/lambda/aws4_request"
    canonical = "\\n".join(["POST", path, "", "host:" + host, "x-amz-date:" + now, "",
                           "host;x-amz-date", hashlib.sha256(body.encode()).hexdigest()])
    text = "\\n".join(["AWS4-HMAC-SHA256", now, scope,
                      hashlib.sha256(canonical.encode()).hexdigest()])
    key = ("AWS4" + os.environ["AWS_SECRET_ACCESS_KEY"] + wrong).encode()
    for part in scope.split("/"): key = keyed(key, part)
    headers = {"X-Amz-Date": now, "Authorization":
               "AWS4-HMAC-SHA256 Credential=" + os.environ["AWS_ACCESS_KEY_ID"] + "/" + scope +
               ", SignedHeaders=host;x-amz-date, Signature=" + keyed(key, text).hex()}
    token = os.environ.get("AWS_SESSION_TOKEN")
    return {**headers, "X-Amz-Security-Token": token} if token else headers
def handler(event, context):
    host = os.environ["AWS_ENDPOINT_URL_LAMBDA"].removeprefix("http://")
    path = "/2015-03-31/functions/roleshow/invocations"
    api = http.client.HTTPConnection(host)
    api.request("POST", path, "{}", signed(host, path, "{}", event.get("wrong", "")))
    answer = api.getresponse()
    return [answer.status, json.loads(answer.read())]
"""


def file_of(profiles):
    lines = []
    for name, values in profiles.items():
        lines.append(f"[{name}]")
        lines += [f"{key} = {value}" for key, value in values.items()]
    return "\n".join(lines) + "\n"


KEYS = {"aws_access_key_id": KEY, "aws_secret_access_key": SECRET}


class Roles(DaemonTestCase):
    arguments = ["--log-level", "debug"]

    def credentials(self, profiles):
        path = os.path.join(self.daemon.folder, "credentials")
        with open(path, "w", encoding="utf-8") as file:
            file.write(file_of(profiles))
        os.chmod(path, 0o600)
        return path

    def set(self, profiles, *words, role=ROLE_OF_TEST):
        self.addCleanup(self.proa, "role", "delete", ROLE_OF_TEST)
        return self.proa("role", "set", role, "--credentials-file", self.credentials(profiles),
                         *words)

    def must(self, said):
        code, text, errors = said
        self.assertEqual(code, 0, errors)
        return text

    def create(self, name, code, role=ROLE_OF_TEST):
        client = self.client()
        client.create_function(FunctionName=name, Runtime="python3.11", Handler="app.handler",
                               Role=role, Timeout=30, MemorySize=256,
                               Code={"ZipFile": zip_of({"app.py": code})})
        self.addCleanup(client.delete_function, FunctionName=name)
        return client

    @staticmethod
    def call(client, name, event=None):
        answer = client.invoke(FunctionName=name, Payload=json.dumps(event or {}).encode())
        return json.load(answer["Payload"])

    def test_functions_of_the_role_see_its_keys_and_others_do_not(self):
        client = self.create("roleshow", SHOWS)
        self.create("other", SHOWS, role=ROLE)
        own = self.call(client, "roleshow")
        self.assertTrue(own["AWS_ACCESS_KEY_ID"].startswith("ASIA"))
        self.assertNotEqual(own["AWS_SESSION_TOKEN"], None)
        self.must(self.set({"default": KEYS}))
        seen = self.call(client, "roleshow")
        self.assertEqual(seen["AWS_ACCESS_KEY_ID"], KEY)
        self.assertEqual(seen["secret"], sum(SECRET.encode()))
        self.assertIsNone(seen["AWS_SESSION_TOKEN"], "these keys have none")
        self.assertIsNone(seen["AWS_ENDPOINT_URL"], "other services are AWS's")
        self.assertTrue(self.call(client, "other")["AWS_ACCESS_KEY_ID"].startswith("ASIA"))
        temporary = {**KEYS, "aws_session_token": TOKEN}
        self.must(self.set({"a": temporary, "b": KEYS}, "--profile", "a"))
        self.assertEqual(self.call(client, "roleshow")["AWS_SESSION_TOKEN"], TOKEN)
        self.must(self.proa("role", "delete", ROLE_OF_TEST))
        self.assertTrue(self.call(client, "roleshow")["AWS_ACCESS_KEY_ID"].startswith("ASIA"))

    def test_functions_call_functions_all_the_same(self):
        client = self.create("roleshow", SHOWS)
        self.create("caller", CALLS)
        for keys in (KEYS, {**KEYS, "aws_session_token": TOKEN}):
            self.must(self.set({"default": keys}))
            status, said = self.call(client, "caller")
            self.assertEqual((status, said["AWS_ACCESS_KEY_ID"]), (200, KEY))
            self.assertEqual(said["AWS_SESSION_TOKEN"], keys.get("aws_session_token"))
            status, _ = self.call(client, "caller", {"wrong": "x"})
            self.assertEqual(status, 403, "the id alone is not enough")

    def test_a_call_that_runs_goes_on_and_its_environment_goes(self):
        import threading
        client = self.create("roleshow", SHOWS)
        self.call(client, "roleshow")  # from now on a call runs at once
        answers = []
        call = threading.Thread(
            target=lambda: answers.append(self.call(client, "roleshow", {"s": 2})))
        call.start()
        time.sleep(0.7)
        self.must(self.set({"default": KEYS}))
        call.join(patience(60))
        self.assertTrue(answers[0]["AWS_ACCESS_KEY_ID"].startswith("ASIA"))
        self.assertEqual(self.call(client, "roleshow")["AWS_ACCESS_KEY_ID"], KEY)

    def test_the_secret_is_told_nowhere(self):
        client = self.create("roleshow", SHOWS)
        said = [self.must(self.set({"default": {**KEYS, "aws_session_token": TOKEN}}))]
        self.call(client, "roleshow")
        said.append(self.must(self.proa("role", "list")))
        self.assertIn(ROLE_OF_TEST, said[-1])
        said.append(self.must(self.proa("role", "list", "--json")))
        self.assertTrue(json.loads(said[-1])["roles"][0]["is_temporary"])
        for path in ("/proa/v1/status", "/metrics", "/proa/v1/environments", "/proa/v1/usage",
                     "/proa/v1/functions/roleshow/explain", "/proa/v1/roles",
                     "/2015-03-31/functions/roleshow"):
            with urllib.request.urlopen(self.daemon.endpoint + path) as answer:
                said.append(answer.read().decode())
        said.append(self.daemon.output())
        data = os.path.join(self.daemon.folder, "data")
        stores = glob.glob(os.path.join(data, "catalog", "roles.db*"))
        self.assertTrue(stores)
        for path in stores:
            self.assertEqual(stat.S_IMODE(os.stat(path).st_mode) & 0o077, 0, path)
        for folder, folders, files in os.walk(data):
            if "disks" in folders:
                folders.remove("disks")  # of environments: sparse, and gigabytes to read
            for file in files:
                path = os.path.join(folder, file)
                if path in stores or not os.path.isfile(path):
                    continue
                with open(path, "rb") as content:
                    said.append(content.read().decode(errors="replace"))
        for text in said:
            for secret in SECRETS:
                self.assertNotIn(secret, text)

    def test_they_outlive_the_daemon(self):
        self.must(self.set({"default": KEYS}))
        self.assertEqual(self.daemon.stop(), 0)
        self.daemon.start()
        client = self.create("roleshow", SHOWS)
        self.assertEqual(self.call(client, "roleshow")["AWS_ACCESS_KEY_ID"], KEY)
        self.must(self.proa("role", "delete", ROLE_OF_TEST))
        code, _, errors = self.proa("role", "delete", ROLE_OF_TEST)
        self.assertNotEqual(code, 0)
        self.assertIn("no credentials for the role", errors)

    def test_the_file_is_read_as_aws_does_and_says_what_is_wrong(self):
        code, _, errors = self.set({"a": KEYS, "b": KEYS})
        self.assertNotEqual(code, 0)
        self.assertIn("--profile", errors)
        self.assertIn("a, b", errors)
        code, _, errors = self.set({"a": KEYS}, "--profile", "c")
        self.assertNotEqual(code, 0)
        self.assertIn("no profile 'c'", errors)
        code, _, errors = self.set({"a": {"aws_access_key_id": KEY}})
        self.assertNotEqual(code, 0)
        self.assertIn("aws_secret_access_key", errors)
        code, _, errors = self.set({"a": KEYS}, role="arn:aws:s3:::bucket")
        self.assertNotEqual(code, 0)
        self.assertIn("is no role", errors)
        code, _, errors = self.set({"a": {**KEYS, "aws_session_token": TOKEN,
                                          "x_security_token_expires": "2020-01-01T00:00:00Z"}})
        self.assertEqual(code, 0)
        self.assertIn("expired", errors)
        self.assertNotIn(SECRET, errors)


if __name__ == "__main__":
    unittest.main()
