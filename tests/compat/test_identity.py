"""Keys: from an open loopback daemon to one that verifies every request, with real clients."""
import json
import os
import re
import subprocess
import tempfile
import unittest
import urllib.error
import urllib.request

from daemon import BINARY_DIR, ROLE, DaemonTestCase, free_port, zip_of

ECHO = "def handler(e, c): return e"


class Identity(DaemonTestCase):
    """One story in order: the daemon has no keys before test_1 and is closed behind it."""

    admin = None

    def environments(self, key):
        status = json.loads(self.raw("GET", "/proa/v1/status", key))
        return sum(status["environments"][name] for name in ("idle", "frozen", "running"))

    def raw(self, method, path, key):
        """A request of ours signed by botocore; the body of the answer."""
        from botocore.auth import SigV4Auth
        from botocore.awsrequest import AWSRequest
        from botocore.credentials import Credentials
        request = AWSRequest(method=method, url=self.daemon.endpoint + path)
        SigV4Auth(Credentials(*key), "lambda", "us-east-1").add_auth(request)
        sent = urllib.request.Request(request.url, method=method, headers=dict(request.headers))
        with urllib.request.urlopen(sent, timeout=30) as answer:
            return answer.read()

    def test_1_without_keys_everybody_is_the_default_account(self):
        self.assertIn("auth: off", self.daemon.output())
        status, out, _ = self.proa("key", "list")
        self.assertEqual((status, out), (0, "No keys (auth: off). Make one: proa key create\n"))
        self.deploy("open", ECHO)
        with urllib.request.urlopen(self.daemon.endpoint + "/proa/v1/status", timeout=30) as answer:
            self.assertEqual(json.load(answer)["auth"], "off")

    def test_2_the_first_key_closes_the_daemon_at_once(self):
        status, out, error = self.proa("key", "create", "--description", "first")
        self.assertEqual(status, 0, error)
        self.assertIn("This is the first key: from now on every request must be signed", out)
        found = re.findall(r"export AWS_\w+=(\S+)", out)
        Identity.admin = tuple(found)
        for _ in range(8):  # connections land on all shards
            with self.assertRaises(urllib.error.HTTPError) as raised:
                urllib.request.urlopen(self.daemon.endpoint + "/2015-03-31/functions", timeout=30)
            self.assertEqual(raised.exception.code, 403)
            self.assertEqual(raised.exception.headers["x-amzn-errortype"],
                             "MissingAuthenticationTokenException")
            self.assertEqual(json.load(raised.exception),
                             {"message": "Missing Authentication Token"})
        answer = self.client(self.admin).invoke(FunctionName="open", Payload=b'{"n": 1}')
        self.assertEqual(json.load(answer["Payload"]), {"n": 1})

    def test_3_a_wrong_key_places_nothing(self):
        self.client(self.admin).create_function(
            FunctionName="never", Runtime="python3.11", Handler="app.handler", Role=ROLE,
            Code={"ZipFile": zip_of({"app.py": ECHO})})
        before = self.environments(self.admin)
        for key, name, text in (
                (("AKIANOBODY", "x"), "UnrecognizedClientException",
                 "The security token included in the request is invalid."),
                ((self.admin[0], "wrong"), "InvalidSignatureException",
                 "The request signature we calculated does not match the signature you provided.")):
            with self.assertRaises(Exception) as raised:
                self.client(key).invoke(FunctionName="never", Payload=b"{}")
            answer = raised.exception.response
            self.assertEqual(answer["ResponseMetadata"]["HTTPStatusCode"], 403)
            self.assertEqual(answer["Error"]["Code"], name)
            self.assertTrue(answer["Error"]["Message"].startswith(text))
        self.assertEqual(self.environments(self.admin), before)
        status, _, error = self.proa("key", "list")
        self.assertEqual(status, 5)
        self.assertIn("set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY to one of its keys", error)

    def test_4_the_aws_cli_signs_and_is_served(self):
        said = json.loads(self.aws("lambda", "list-functions", key=self.admin))
        self.assertEqual([one["FunctionName"] for one in said["Functions"]], ["never", "open"])
        with tempfile.TemporaryDirectory() as folder:
            out = os.path.join(folder, "out")
            self.aws("lambda", "invoke", "--function-name",
                     "arn:aws:lambda:us-east-1:000000000000:function:open", "--payload",
                     '{"cli": "ünïcode"}', "--cli-binary-format", "raw-in-base64-out", out,
                     key=self.admin)
            with open(out, encoding="utf-8") as file:
                self.assertEqual(json.load(file), {"cli": "ünïcode"})
        arn = "arn:aws:lambda:us-east-1:000000000000:function:open"
        self.aws("lambda", "tag-resource", "--resource", arn, "--tags", "a=b c", key=self.admin)
        said = json.loads(self.aws("lambda", "list-tags", "--resource", arn, key=self.admin))
        self.assertEqual(said["Tags"], {"a": "b c"})
        self.aws("lambda", "untag-resource", "--resource", arn, "--tag-keys", "a", "b c",
                 key=self.admin)

    def test_5_rights_and_accounts_are_kept_apart(self):
        _, out, _ = self.proa("account", "create", "team", "--json", key=self.admin)
        account = json.loads(out)["account_id"]
        self.assertIn("team", self.proa("account", "list", key=self.admin)[1])
        _, out, _ = self.proa("key", "create", "--account", account, "--right", "invoke", "--right",
                              "deploy", "--json", key=self.admin)
        made = json.loads(out)
        key = (made["access_key_id"], made["secret_access_key"])
        client = self.client(key)
        client.create_function(FunctionName="open", Runtime="python3.11", Handler="app.handler",
                               Role=ROLE, Code={"ZipFile": zip_of({"app.py": "def handler(e, c):\n"
                                                "  return c.invoked_function_arn"})})
        answer = client.invoke(FunctionName="open", Payload=b"{}")
        self.assertEqual(json.load(answer["Payload"]),
                         f"arn:aws:lambda:us-east-1:{account}:function:open")
        with self.assertRaises(Exception) as raised:
            client.invoke(FunctionName="000000000000:function:open", Payload=b"{}")
        self.assertEqual(raised.exception.response["Error"]["Code"], "AccessDeniedException")
        with self.assertRaises(Exception) as raised:
            client.update_function_configuration(FunctionName="open", Timeout=9)
        error = raised.exception.response["Error"]
        self.assertEqual(error["Code"], "AccessDeniedException")
        self.assertIn("is not authorized to perform: lambda:UpdateFunctionConfiguration on "
                      f"resource: arn:aws:lambda:us-east-1:{account}:function:open",
                      error["Message"])
        self.assertEqual(self.proa("key", "list", key=key)[0], 5)
        status, _, error = self.proa("key", "revoke", key[0], key=self.admin)
        self.assertEqual(status, 0, error)
        with self.assertRaisesRegex(Exception, "UnrecognizedClientException"):
            client.invoke(FunctionName="open", Payload=b"{}")

    def test_6_presigned_locations_and_requests_work(self):
        client = self.client(self.admin)
        url = client.get_function(FunctionName="open")["Code"]["Location"]
        with urllib.request.urlopen(url, timeout=30) as answer:
            self.assertTrue(answer.read().startswith(b"PK"))
        url = client.generate_presigned_url("list_functions", ExpiresIn=60)
        with urllib.request.urlopen(url, timeout=30) as answer:
            self.assertIn("Functions", json.load(answer))
        with self.assertRaises(urllib.error.HTTPError) as raised:
            urllib.request.urlopen(url.replace("X-Amz-Expires=60", "X-Amz-Expires=61"), timeout=30)
        self.assertEqual(raised.exception.headers["x-amzn-errortype"], "InvalidSignatureException")

    def test_7_a_large_signed_upload_is_taken_and_a_changed_one_is_not(self):
        client = self.client(self.admin)
        code = zip_of({"app.py": ECHO, "ballast": "x" * (8 << 20)})
        made = client.update_function_code(FunctionName="never", ZipFile=code)
        self.assertEqual(made["CodeSize"], len(code))

    def test_8_keys_are_there_after_a_restart_and_stay_secret(self):
        self.assertEqual(self.daemon.stop(), 0)
        self.daemon.start()
        self.assertIn("auth: on", self.daemon.output())
        self.client(self.admin).invoke(FunctionName="open", Payload=b"{}")
        for folder, _, files in os.walk(os.path.join(self.daemon.folder, "data", "catalog")):
            for name in files:
                mode = os.stat(os.path.join(folder, name)).st_mode & 0o077
                self.assertEqual(mode, 0, name)
        self.assertNotIn(self.admin[1], self.daemon.output())


class OpenToOthers(unittest.TestCase):
    def refusal(self, *arguments, status):
        with tempfile.TemporaryDirectory(prefix="proa-compat-") as folder:
            os.chmod(folder, 0o755)
            done = subprocess.run(
                [os.path.join(BINARY_DIR, "proa"), "serve", "--data", folder + "/data", *arguments],
                capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(done.returncode, status)
        return done.stderr

    def test_another_address_than_loopback_needs_tls_or_plain_http_and_keys(self):
        if os.geteuid() != 0:
            self.skipTest("proa serve needs root")
        listen = f"0.0.0.0:{free_port()}"
        self.assertIn("so it wants TLS: --tls-cert and --tls-key, or --plain-http",
                      self.refusal("--listen", listen, status=2))
        self.assertIn("there are no keys, so anybody could do anything",
                      self.refusal("--listen", listen, "--plain-http", status=1))


if __name__ == "__main__":
    unittest.main()
