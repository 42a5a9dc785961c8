"""SIGHUP: a renewed certificate for new connections, and nothing lost on the way to it."""
import concurrent.futures
import http.client
import json
import os
import re
import signal
import ssl
import time

from daemon import ROLE, zip_of
from tls_world import TlsTestCase, openssl

ECHO = "def handler(event, context):\n    return event\n"


def content_of(path):
    with open(path, "rb") as file:
        return file.read()


def eventually(condition, seconds=60):
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


class Reload(TlsTestCase):
    def serial(self):
        shown = openssl("s_client", "-connect", f"127.0.0.1:{self.port}", text=b"")
        pem = re.search("-----BEGIN.*?END CERTIFICATE-----", shown, re.S)[0]
        return openssl("x509", "-noout", "-serial", text=pem.encode()).strip()

    def renew(self, serial, **more):
        """A new certificate in the place of the old one, as a deploy hook has it."""
        made, key = self.world.certificate("renewed", serial=serial, **more)
        for source, place in ((made, self.certificate), (key, self.key)):
            os.replace(source, place)

    def events(self, name):
        return [line for line in self.daemon.output().splitlines() if f'"event":"{name}"' in line]

    def reload(self, outcome="tls_certificate_loaded"):
        before = len(self.events(outcome))
        self.daemon.process.send_signal(signal.SIGHUP)
        self.assertTrue(eventually(lambda: len(self.events(outcome)) > before),
                        self.daemon.output())

    def get(self, path):
        connection = self.connection()
        connection.request("GET", path)
        return connection.getresponse().read()

    def status(self):
        return json.loads(self.get("/proa/v1/status"))["tls"]

    def test_new_connections_get_the_new_certificate_and_open_ones_go_on(self):
        self.renew(0x77)
        self.reload()
        open_one = self.connection()
        open_one.request("GET", "/proa/v1/health")
        open_one.getresponse().read()
        with_old = open_one.sock.getpeercert()["serialNumber"]
        self.assertEqual(with_old, "77")
        self.renew(0x88)
        self.reload()
        self.assertTrue(eventually(lambda: self.serial() == "serial=88"), self.serial())
        open_one.request("GET", "/proa/v1/health")
        self.assertEqual(open_one.getresponse().status, 200)
        status = self.status()
        self.assertEqual((status["serial"], status["subject"]), ("88", "CN=renewed"))
        self.assertRegex(status["reload"], r"^done 20\d\d-.*Z$")
        self.assertRegex(status["expires"], r"^20\d\d-\d\d-\d\dT.*Z$")
        self.assertNotIn("problem", status)

    def test_wrong_files_leave_the_old_certificate_in_service(self):
        self.renew(0x99)
        self.reload()
        good = {path: content_of(path) for path in (self.certificate, self.key)}
        _, other = self.world.certificate("others")
        for path, content, why in (
                (self.certificate, b"", f"--tls-cert {self.certificate}: is empty"),
                (self.certificate, None, f"--tls-cert {self.certificate}: No such file"),
                (self.key, content_of(other), f"--tls-key {self.key}: is not the key"),
                (self.key, b"-----BEGIN PRIVATE KEY-----\n", "the key in it is broken")):
            os.remove(path)
            if content is not None:
                with open(path, "wb") as file:
                    file.write(content)
                self.world.give(path)
            self.reload("tls_reload_failed")
            self.assertIn(why, self.events("tls_reload_failed")[-1])
            self.assertIn(why, self.status()["reload"])
            self.assertEqual(self.serial(), "serial=99")
            if os.path.exists(path):
                os.remove(path)
            with open(path, "wb") as file:
                file.write(good[path])
            self.world.give(path)
        page = self.get("/metrics").decode()
        self.assertIn('proa_tls_reloads_total{result="failed"} 4', page)
        expires = float(re.search("^proa_tls_certificate_expiry_timestamp_seconds (.*)$", page,
                                  re.M)[1])
        self.assertAlmostEqual(expires, time.time() + 30 * 86400, delta=3600)
        self.reload()
        self.assertTrue(self.status()["reload"].startswith("done"))

    def test_symbolic_links_that_are_replaced_are_followed_anew(self):
        for number in (0x101, 0x102):
            made, key = self.world.certificate(f"archive{number}", serial=number)
            for target, place in ((made, self.certificate), (key, self.key)):
                os.symlink(target, place + ".new")
                os.replace(place + ".new", place)
            self.reload()
            wanted = f"serial=0{number:X}"
            self.assertTrue(eventually(lambda: self.serial() == wanted, 10), self.serial())

    def test_no_call_is_lost_while_it_reloads_again_and_again(self):
        client = self.client(max_pool_connections=4)
        client.create_function(FunctionName="busy", Runtime="python3.11", Handler="app.handler",
                               Role=ROLE, Code={"ZipFile": zip_of({"app.py": ECHO})})
        client.invoke(FunctionName="busy", Payload=b"0")
        context = ssl.create_default_context(cafile=self.world.ca)
        is_over = [False]

        def call(worker):
            done = 0
            while not is_over[0]:
                # A connection of its own for some: a handshake in the middle of a reload.
                connection = http.client.HTTPSConnection("127.0.0.1", self.port, context=context,
                                                         timeout=60)
                for _ in range(1 if worker % 2 else 20):
                    connection.request("POST", "/2015-03-31/functions/busy/invocations",
                                       body=str(done))
                    answer = connection.getresponse()
                    if (answer.status, answer.read()) != (200, str(done).encode()):
                        raise AssertionError(f"call {done} of {worker}: {answer.status}")
                    done += 1
                connection.close()
            return done

        with concurrent.futures.ThreadPoolExecutor(4) as workers:
            calls = [workers.submit(call, worker) for worker in range(4)]
            for number in range(10):
                self.renew(0x200 + number)
                self.reload()
            is_over[0] = True
            done = [each.result() for each in calls]
        self.assertGreater(min(done), 0)

    def test_without_tls_there_is_nothing_to_reload_and_the_daemon_goes_on(self):
        from daemon import Daemon
        daemon = Daemon()
        self.addCleanup(daemon.close)
        daemon.process.send_signal(signal.SIGHUP)
        self.assertTrue(eventually(lambda: "nothing_to_reload" in daemon.output()))
        self.assertIsNone(daemon.process.poll())
        self.assertEqual(daemon.stop(), 0)


if __name__ == "__main__":
    import unittest
    unittest.main()
