"""What `proa serve` says when it starts: to whoever started it, and in its log."""
import json
import os
import socket
import subprocess
import tempfile
import unittest
import urllib.request

from daemon import BINARY_DIR, Daemon, DaemonTestCase


def log_lines(daemon):
    return [json.loads(line) for line in daemon.output().splitlines() if line.startswith("{")]


class Start(DaemonTestCase):
    def test_the_start_line_and_the_log_name_the_port_that_was_chosen(self):
        self.assertNotRegex(self.daemon.endpoint, r":0$")
        with urllib.request.urlopen(self.daemon.endpoint + "/2015-03-31/functions") as answer:
            self.assertEqual(json.load(answer)["Functions"], [])
        serving = [line for line in log_lines(self.daemon) if line["event"] == "serving"]
        self.assertEqual(["http://" + line["listen"] for line in serving], [self.daemon.endpoint])

    def test_the_start_line_keeps_an_ipv6_address_in_its_brackets(self):
        if not os.path.exists("/proc/net/if_inet6"):
            self.skipTest("this host has no IPv6")
        daemon = Daemon(listen="[::1]:0")
        self.addCleanup(daemon.close)
        self.assertRegex(daemon.endpoint, r"^http://\[::1\]:[1-9][0-9]*$")
        with urllib.request.urlopen(daemon.endpoint + "/2015-03-31/functions") as answer:
            self.assertEqual(answer.status, 200)

    def test_every_line_of_the_log_has_time_level_module_and_event(self):
        lines = log_lines(self.daemon)
        for line in lines:
            self.assertLessEqual({"ts", "level", "module", "event"}, line.keys(), line)
        self.assertIn("interpreter_found", [line["event"] for line in lines])

    def test_a_second_daemon_in_the_same_data_folder_ends_and_the_first_goes_on(self):
        data = os.path.join(self.daemon.folder, "data")
        second = subprocess.run(
            [os.path.join(BINARY_DIR, "proa"), "serve", "--config", "/dev/null",
             "--listen", "127.0.0.1:0", "--data", data],
            env=dict(os.environ, ASAN_OPTIONS="detect_leaks=0"), capture_output=True, text=True,
            timeout=60, check=False)
        self.assertEqual((second.returncode, second.stdout, second.stderr),
                         (1, "", f"proa: {data} is in use by another proa serve\n"))
        with urllib.request.urlopen(self.daemon.endpoint + "/2015-03-31/functions") as answer:
            self.assertEqual(answer.status, 200)

    def test_a_stop_has_nothing_to_complain_of(self):
        daemon = Daemon()
        self.addCleanup(daemon.close)
        self.assertEqual(daemon.stop(), 0)
        self.assertEqual([line for line in log_lines(daemon) if line["level"] == "error"], [])

    def test_a_service_manager_is_told_of_readiness_and_of_the_end(self):
        with tempfile.TemporaryDirectory() as folder:
            os.chmod(folder, 0o755)
            name = os.path.join(folder, "notify")
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
                manager.bind(name)
                os.chmod(name, 0o777)  # as systemd's: the daemon is another user by then
                manager.settimeout(60)
                daemon = Daemon(["--stop-timeout", "5"], prefix=["env", "NOTIFY_SOCKET=" + name])
                self.addCleanup(daemon.close)
                self.assertEqual(manager.recv(1000), b"READY=1")
                self.assertEqual(daemon.stop(), 0)
                self.assertEqual(manager.recv(1000),
                                 b"STOPPING=1\nEXTEND_TIMEOUT_USEC=35000000")

    def test_a_manager_that_is_not_there_is_noted_and_hinders_nothing(self):
        daemon = Daemon(prefix=["env", "NOTIFY_SOCKET=@proa-nobody-listens"])
        self.addCleanup(daemon.close)
        self.assertEqual(daemon.stop(), 0)
        self.assertIn("service_manager_not_told", [line["event"] for line in log_lines(daemon)])

    def test_data_of_a_newer_proa_is_refused_and_left_alone(self):
        daemon = Daemon()
        self.addCleanup(daemon.close)
        self.assertEqual(daemon.stop(), 0)
        data = os.path.join(daemon.folder, "data")
        with open(os.path.join(data, "format"), "r+", encoding="utf-8") as file:
            self.assertEqual(file.read(), "1\n")
            file.seek(0)
            file.write("7\n")
        before = sorted(os.listdir(data))
        done = subprocess.run([os.path.join(BINARY_DIR, "proa"), "serve", "--config", "/dev/null",
                               "--listen", "127.0.0.1:0", "--data", data],
                              capture_output=True, text=True, timeout=60, check=False)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn(f"{data} has data format 7, this Proa knows formats up to 1", done.stderr)
        self.assertEqual(sorted(os.listdir(data)), before)

    def test_a_bad_address_is_refused_by_name(self):
        for text in ("127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "[::1:0", "nowhere:1"):
            with self.subTest(text), tempfile.TemporaryDirectory() as folder:
                done = subprocess.run([os.path.join(BINARY_DIR, "proa"), "serve",
                                       "--config", "/dev/null", "--listen", text,
                                       "--data", folder + "/data"],
                                      capture_output=True, text=True, timeout=60, check=False)
                self.assertEqual(done.returncode, 2)
                self.assertIn(f"--listen {text}: expected ADDRESS:PORT", done.stderr)


if __name__ == "__main__":
    unittest.main()
