"""Certificates made by openssl when a test needs them, and a daemon that serves with them."""
import http.client
import os
import shutil
import ssl
import subprocess
import tempfile
import unittest

from daemon import Daemon, DaemonTestCase

USER = 64123  # whom the daemon becomes


def openssl(*words, text=None):
    done = subprocess.run(["openssl", *words], input=text, capture_output=True, check=False)
    if done.returncode != 0:
        raise RuntimeError("openssl " + " ".join(words) + ": " + done.stderr.decode())
    return done.stdout.decode()


class TlsWorld:
    """An authority, and folders with what it has signed. The daemon's user is uid 65519 or proa, so
    keys are made readable by giving them to it (--user)."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="proa-compat-tls-")
        os.chmod(self.folder, 0o755)
        self.ca = self.path("ca.pem")
        self.ca_key = self.path("ca.key")
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                "-keyout", self.ca_key, "-out", self.ca, "-days", "30", "-subj", "/CN=Test CA",
                "-addext", "basicConstraints=critical,CA:TRUE",
                "-addext", "keyUsage=critical,keyCertSign,cRLSign")

    def close(self):
        shutil.rmtree(self.folder, ignore_errors=True)

    def path(self, name):
        return os.path.join(self.folder, name)

    def certificate(self, name="server", days="30", serial=1000, names="DNS:localhost,"
                    "DNS:*.lambda-url.us-east-1.localhost,IP:127.0.0.1", key=None):
        """Paths of a certificate and its key."""
        certificate, request = self.path(name + ".pem"), self.path(name + ".csr")
        extensions = self.path(name + ".ext")
        with open(extensions, "w", encoding="utf-8") as file:
            file.write("subjectAltName=" + names + "\n")
        if key is None:
            key = self.path(name + ".key")
            openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256",
                    "-out", key)
        openssl("req", "-new", "-key", key, "-out", request, "-subj", "/CN=" + name)
        when = ["-days", days]
        openssl("x509", "-req", "-in", request, "-CA", self.ca, "-CAkey", self.ca_key,
                "-set_serial", str(serial), "-out", certificate, "-extfile", extensions, *when)
        self.give(key)
        os.chmod(certificate, 0o644)
        return certificate, key

    def give(self, path):
        """To the daemon's user."""
        os.chmod(path, 0o400)
        os.chown(path, USER, USER)

    def daemon(self, certificate, key, *more, **options):
        return Daemon(["--user", str(USER), "--tls-cert", certificate, "--tls-key", key, *more],
                      **options)


class TlsTestCase(DaemonTestCase):
    @classmethod
    def setUpClass(cls):
        if os.geteuid() != 0:
            raise unittest.SkipTest("proa serve needs root to make environments")
        cls.world = TlsWorld()
        cls.addClassCleanup(cls.world.close)
        cls.certificate, cls.key = cls.world.certificate()
        cls.daemon = cls.world.daemon(cls.certificate, cls.key)
        cls.addClassCleanup(cls.daemon.close)
        cls.port = int(cls.daemon.endpoint.rsplit(":", 1)[1])

    def client(self, **options):
        import boto3
        from botocore.config import Config
        client = boto3.client("lambda", endpoint_url=self.daemon.endpoint, verify=self.world.ca,
                              region_name="us-east-1", aws_access_key_id="any",
                              aws_secret_access_key="any",
                              config=Config(retries={"max_attempts": 0}, **options))
        self.addCleanup(client.close)
        return client

    def connection(self):
        context = ssl.create_default_context(cafile=self.world.ca)
        connection = http.client.HTTPSConnection("127.0.0.1", self.port, context=context,
                                                 timeout=60)
        self.addCleanup(connection.close)
        return connection
