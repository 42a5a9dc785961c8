"""`proa` over https://: whom it believes, and what it says when it does not."""
import os
import subprocess

from daemon import BINARY_DIR, Daemon
from tls_world import TlsTestCase


class CommandLine(TlsTestCase):
    def proa(self, *words, endpoint=None, **variables):
        kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        done = subprocess.run([os.path.join(BINARY_DIR, "proa"), *words], timeout=60, check=False,
                              env={**kept, "PROA_ENDPOINT": endpoint or self.daemon.endpoint,
                                   "ASAN_OPTIONS": "detect_leaks=0", **variables},
                              capture_output=True, text=True)
        return done.returncode, done.stdout, done.stderr

    def trusted(self, *words, **more):
        return self.proa(*words, PROA_CA_FILE=self.world.ca, **more)

    def test_an_authority_is_named_by_either_variable(self):
        for name in ("PROA_CA_FILE", "AWS_CA_BUNDLE"):
            code, said, why = self.proa("status", **{name: self.world.ca})
            self.assertEqual(code, 0, why)
            self.assertRegex(said, r"(?m)^tls +CN=server, serial 03E8, expires 20")
        code, _, _ = self.proa("status", PROA_CA_FILE=self.world.ca, AWS_CA_BUNDLE="/none")
        self.assertEqual(code, 0)

    def test_verbs_with_large_bodies_work(self):
        folder = self.world.path("code")
        os.mkdir(folder)
        with open(os.path.join(folder, "app.py"), "w", encoding="utf-8") as file:
            file.write("def handler(event, context):\n    return len(event)\n")
        with open(os.path.join(folder, "ballast"), "wb") as file:
            file.write(os.urandom(9_000_000))
        code, _, why = self.trusted("deploy", folder, "--name", "large", "--runtime", "python3.11",
                                    "--handler", "app.handler")
        self.assertEqual(code, 0, why)
        event = self.world.path("event.json")
        with open(event, "w", encoding="utf-8") as file:
            file.write('"' + "x" * 5_000_000 + '"')
        code, said, why = self.trusted("invoke", "large", "--payload-file", event)
        self.assertEqual((code, said.strip()), (0, "5000000"), why)

    def test_an_unknown_authority_is_named_with_what_to_do(self):
        code, said, why = self.proa("status")
        self.assertEqual((code, said), (2, ""))
        self.assertIn(f"the certificate of 127.0.0.1:{self.port} is signed by an authority that is "
                      "not known here: CN=Test CA", why)
        self.assertIn("PROA_CA_FILE=FILE", why)
        self.assertNotIn("Is proa serve running", why)

    def test_a_name_that_the_certificate_does_not_have(self):
        certificate, key = self.world.certificate("elsewhere", names="DNS:elsewhere.example")
        daemon = self.world.daemon(certificate, key)
        self.addCleanup(daemon.close)
        code, _, why = self.trusted("status", endpoint=daemon.endpoint)
        self.assertEqual(code, 2)
        self.assertIn("is for elsewhere.example, and not for 127.0.0.1", why)

    def test_files_of_authorities_that_are_none(self):
        code, _, why = self.proa("status", PROA_CA_FILE="/none/ca.pem")
        self.assertEqual(code, 2)
        self.assertIn("PROA_CA_FILE: open /none/ca.pem: No such file or directory", why)
        code, _, why = self.proa("status", AWS_CA_BUNDLE=__file__)
        self.assertEqual(code, 2)
        self.assertIn(f"AWS_CA_BUNDLE {__file__}: is not a PEM file", why)

    def test_http_and_https_taken_for_each_other(self):
        plain = self.daemon.endpoint.replace("https://", "http://")
        code, _, why = self.proa("status", endpoint=plain)
        self.assertEqual(code, 1)
        self.assertIn("This address speaks TLS: use https:// in place of http://.", why)
        daemon = Daemon()
        self.addCleanup(daemon.close)
        tls = daemon.endpoint.replace("http://", "https://")
        code, _, why = self.trusted("status", endpoint=tls)
        self.assertEqual(code, 2)
        self.assertIn("speaks HTTP without TLS: http:// in place of https://", why)

    def test_nobody_there(self):
        code, _, why = self.trusted("status", endpoint="https://127.0.0.1:1")
        self.assertEqual(code, 3)
        self.assertIn("Is proa serve running?", why)


if __name__ == "__main__":
    import unittest
    unittest.main()
