"""The API by TLS: unmodified clients, what is no TLS, and files that are wrong."""
import http.client
import json
import os
import shutil
import socket
import ssl
import subprocess
import tempfile
import time
import unittest

from daemon import BINARY_DIR, ROLE, zip_of
from test_traces import CALLS
from tls_world import USER, TlsTestCase, TlsWorld, openssl

ECHO = "def handler(event, context):\n    return event\n"


class Tls(TlsTestCase):
    def test_the_start_line_says_https(self):
        self.assertRegex(self.daemon.endpoint, r"^https://127\.0\.0\.1:[1-9][0-9]*$")

    def test_boto3_with_large_events(self):
        client = self.client()
        client.create_function(FunctionName="large", Runtime="python3.11", Handler="app.handler",
                               Role=ROLE, Code={"ZipFile": zip_of({"app.py": ECHO})})
        event = json.dumps("x" * (6 * 1024 * 1024 - 100)).encode()
        answer = client.invoke(FunctionName="large", Payload=event)
        self.assertEqual(answer["Payload"].read(), event)
        self.assertTrue(client.get_function(FunctionName="large")["Code"]["Location"]
                        .startswith(self.daemon.endpoint + "/"))

    def test_the_aws_cli(self):
        done = subprocess.run(
            ["/usr/bin/aws", "--endpoint-url", self.daemon.endpoint, "--ca-bundle", self.world.ca,
             "lambda", "list-functions"], capture_output=True, timeout=60, check=False,
            env=dict(os.environ, AWS_ACCESS_KEY_ID="any", AWS_SECRET_ACCESS_KEY="any",
                     AWS_DEFAULT_REGION="us-east-1"))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("Functions", json.loads(done.stdout))

    def test_node(self):
        script = """
            fetch(process.argv[1] + "/proa/v1/health").then(r => console.log(r.status),
                                                            e => console.log(String(e.cause)));"""
        if shutil.which("node") is None:
            self.skipTest("there is no node")
        done = subprocess.run(["node", "-e", script, self.daemon.endpoint], capture_output=True,
                              env=dict(os.environ, NODE_EXTRA_CA_CERTS=self.world.ca),
                              timeout=60, check=False)
        self.assertEqual(done.stdout.decode().strip(), "200", done.stderr)

    def test_curl_and_its_refusal_of_what_it_does_not_know(self):
        url = self.daemon.endpoint + "/proa/v1/health"
        done = subprocess.run(["curl", "-sS", "--cacert", self.world.ca, url], capture_output=True,
                              timeout=60, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        done = subprocess.run(["curl", "-sS", url], capture_output=True, timeout=60, check=False)
        self.assertEqual(done.returncode, 60)  # the certificate is not trusted

    def test_a_function_calls_a_function_as_before(self):
        client = self.client()
        for name, code in (("called", ECHO), ("calls", CALLS)):
            client.create_function(FunctionName=name, Runtime="python3.11", Handler="app.handler",
                                   Role=ROLE, Timeout=60,
                                   Code={"ZipFile": zip_of({"app.py": code})})
        answer = client.invoke(FunctionName="calls", Payload=json.dumps({"name": "called"}))
        said = json.loads(answer["Payload"].read())
        self.assertNotIn("FunctionError", answer, said)
        self.assertEqual(said[1], {})

    def test_a_function_url_says_https_to_its_function(self):
        client = self.client()
        client.create_function(FunctionName="url", Runtime="python3.11", Handler="app.handler",
                               Role=ROLE, Code={"ZipFile": zip_of({"app.py": ECHO})})
        made = client.create_function_url_config(FunctionName="url", AuthType="NONE")
        self.assertRegex(made["FunctionUrl"], r"^https://[a-z0-9]+\.lambda-url\.us-east-1\."
                         rf"localhost:{self.port}/$")
        client.add_permission(FunctionName="url", StatementId="open", Principal="*",
                              Action="lambda:InvokeFunctionUrl", FunctionUrlAuthType="NONE")
        connection = self.connection()
        host = made["FunctionUrl"][len("https://"):-1]
        connection.request("GET", "/path", headers={"Host": host})
        event = json.load(connection.getresponse())
        self.assertEqual((event["headers"]["x-forwarded-proto"],
                          event["headers"]["x-forwarded-port"]), ("https", str(self.port)))

    def test_a_plain_request_is_told_what_is_spoken_here(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        self.addCleanup(connection.close)
        connection.request("POST", "/2015-03-31/functions", body=b"x" * 100_000)
        answer = connection.getresponse()
        self.assertEqual((answer.status, answer.read()),
                         (400, b"This address speaks TLS: use https:// in place of http://.\n"))

    def test_what_a_handshake_offers(self):
        said = openssl("s_client", "-connect", f"127.0.0.1:{self.port}", "-CAfile", self.world.ca,
                       "-alpn", "h2,http/1.1", "-verify_return_error", text=b"")
        self.assertIn("ALPN protocol: http/1.1", said)
        self.assertIn("TLSv1.3", said)
        self.assertNotIn("New Session Ticket", said)
        openssl("s_client", "-connect", f"127.0.0.1:{self.port}", "-tls1_2", text=b"")
        for old in (["-tls1_1", "-cipher", "ALL:@SECLEVEL=0"],
                    ["-tls1_2", "-cipher", "AES128-SHA"]):
            with self.assertRaises(RuntimeError, msg=old):
                openssl("s_client", "-connect", f"127.0.0.1:{self.port}", *old, text=b"")

    def test_clients_that_never_finish_or_send_anything_hinder_nobody(self):
        held = []
        for text in (b"", b"\x16\x03\x01\x02\x00\x01", b"\0" * 500, os.urandom(2000),
                     b"\x16\x03\x01\xff\xff" + b"a" * 70_000):
            peer = socket.create_connection(("127.0.0.1", self.port), timeout=60)
            self.addCleanup(peer.close)
            try:
                peer.sendall(text)
            except OSError:
                pass  # it was closed in the middle
            held.append(peer)
        connection = self.connection()
        connection.request("GET", "/proa/v1/health")
        self.assertEqual(connection.getresponse().status, 200)
        # The one that said nothing at all is closed too, ten seconds later.
        begin = time.monotonic()
        held[0].settimeout(30)
        self.assertEqual(held[0].recv(1), b"")
        self.assertGreater(time.monotonic() - begin, 5)

    def test_a_body_that_is_cut_short_is_served_never(self):
        connection = self.connection()
        connection.request("POST", "/2015-03-31/functions/none/invocations", body=b"123",
                           headers={"Content-Length": "10"})
        connection.sock.unwrap().close()
        self.assertNotIn("internal", self.daemon.output())
        again = self.connection()
        again.request("GET", "/proa/v1/health")
        self.assertEqual(again.getresponse().status, 200)


class WrongFiles(unittest.TestCase):
    """Each ends the start with status 2 and names the file."""

    @classmethod
    def setUpClass(cls):
        if os.geteuid() != 0:
            raise unittest.SkipTest("proa serve needs root to make environments")
        cls.world = TlsWorld()
        cls.addClassCleanup(cls.world.close)
        cls.certificate, cls.key = cls.world.certificate()

    def refusal(self, certificate, key, *more):
        with tempfile.TemporaryDirectory(prefix="proa-compat-") as folder:
            os.chmod(folder, 0o755)
            options = ["--tls-cert", certificate] if certificate else []
            options += ["--tls-key", key] if key else []
            done = subprocess.run(
                [os.path.join(BINARY_DIR, "proa"), "serve", "--config", "/dev/null",
                 "--listen", "127.0.0.1:0", "--data", folder + "/data", "--user", str(USER),
                 *options, *more],
                capture_output=True, text=True, timeout=60, check=False,
                env=dict(os.environ, ASAN_OPTIONS="detect_leaks=0"))
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertNotIn("proa serves", done.stdout)
        return done.stderr

    def file(self, name, content, mode=0o644, owner=USER):
        path = self.world.path(name)
        with open(path, "wb") as file:
            file.write(content)
        os.chown(path, owner, owner)
        os.chmod(path, mode)
        return path

    def test_one_of_the_two_alone(self):
        self.assertIn("--tls-key", self.refusal(self.certificate, None))
        self.assertIn("--tls-cert", self.refusal(None, self.key))
        self.assertIn("--plain-http", self.refusal(self.certificate, self.key, "--plain-http"))

    def test_files_that_are_not_there_or_nothing_of_the_kind(self):
        none = self.world.path("none")
        self.assertIn(f"--tls-cert {none}: No such file", self.refusal(none, self.key))
        self.assertIn(f"--tls-key {none}: No such file", self.refusal(self.certificate, none))
        self.assertIn("is no regular file", self.refusal(self.world.folder, self.key))
        text = self.file("text", b"hello\n")
        self.assertIn(f"--tls-cert {text}: is not a PEM file", self.refusal(text, self.key))
        empty = self.file("empty", b"")
        self.assertIn(f"--tls-cert {empty}: is empty", self.refusal(empty, self.key))
        self.assertIn("holds a key, no certificate", self.refusal(self.key, self.key))
        public = self.file("public", content_of(self.certificate), 0o600)
        self.assertIn("holds a certificate, no private key", self.refusal(public, public))

    def test_keys_that_are_encrypted_or_anothers(self):
        locked = self.world.path("locked.key")
        openssl("pkey", "-in", self.key, "-aes256", "-passout", "pass:secret", "-out", locked)
        self.world.give(locked)
        self.assertIn(f"--tls-key {locked}: the key is encrypted",
                      self.refusal(self.certificate, locked))
        _, other = self.world.certificate("other")
        self.assertIn(f"--tls-key {other}: is not the key of the certificate in "
                      f"--tls-cert {self.certificate} (CN=server)",
                      self.refusal(self.certificate, other))

    def test_keys_that_too_many_or_too_few_may_read(self):
        open_key = self.file("open.key", content_of(self.key), 0o644)
        self.assertIn(f"--tls-key {open_key}: every user of this host may read the key",
                      self.refusal(self.certificate, open_key))
        roots = self.file("roots.key", content_of(self.key), 0o600, owner=0)
        self.assertIn(f"--tls-key {roots}: uid {USER}, which the daemon is, may not read it, and "
                      "must at every reload: it is root:root, mode 0600",
                      self.refusal(self.certificate, roots))
        closed = self.world.path("closed")
        os.mkdir(closed, 0o700)
        key = shutil.copy(self.key, closed)
        self.assertIn(f"the folder {closed} is closed to it (root:root, mode 0700)",
                      self.refusal(self.certificate, key))

    def test_an_expired_certificate_is_served_with_a_warning(self):
        certificate, key = self.world.certificate("old", days="0", key=self.key)
        daemon = self.world.daemon(certificate, key)
        self.addCleanup(daemon.close)
        self.assertIn("tls_certificate_problem", daemon.output())
        with urlopen(daemon.endpoint + "/proa/v1/status") as answer:
            self.assertRegex(json.load(answer)["tls"]["problem"], "^expire[ds] on 20")

    def test_an_address_that_others_reach_wants_tls_and_keys(self):
        with tempfile.TemporaryDirectory(prefix="proa-compat-") as folder:
            os.chmod(folder, 0o755)
            done = subprocess.run(
                [os.path.join(BINARY_DIR, "proa"), "serve", "--config", "/dev/null",
                 "--listen", "0.0.0.0:0", "--data", folder + "/data", "--user", str(USER),
                 "--tls-cert", self.certificate, "--tls-key", self.key],
                capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("there are no keys, so anybody could do anything", done.stderr)


def content_of(path):
    with open(path, "rb") as file:
        return file.read()


def urlopen(url):
    import urllib.request
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return urllib.request.urlopen(url, context=context, timeout=60)


if __name__ == "__main__":
    unittest.main()
