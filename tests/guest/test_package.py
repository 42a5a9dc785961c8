"""The Debian package: what its installation, start, upgrade, removal and purge do."""
import os
import pwd
import shutil
import stat
import subprocess
import unittest

import guest

CONFIG = "/etc/proa/proa.toml"


class Package(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if os.path.exists("/usr/bin/proa"):
            guest.purge()
        guest.install()
        cls.settings = guest.text_of(CONFIG) + "\n"

    def tearDown(self):
        if not os.path.exists("/usr/bin/proa"):
            return
        guest.run("systemctl", "disable", "--now", "proa")
        with open(CONFIG, "w", encoding="utf-8") as file:
            file.write(self.settings)

    def test_an_installation_starts_nothing_and_has_what_users_look_for(self):
        self.assertFalse(guest.is_active())
        self.assertEqual(guest.run("systemctl", "is-enabled", "proa", check=False).strip(),
                         "disabled")
        user = pwd.getpwnam("proa")
        self.assertTrue(0 < user.pw_uid < 1000, user)
        self.assertIn("nologin", user.pw_shell)
        self.assertIn("log-days = 14", guest.text_of(CONFIG))
        for name in ("/usr/libexec/proa/proa-launcher", "/usr/libexec/proa/proa-init",
                     "/usr/share/proa/runtimes/python/bootstrap.py",
                     "/usr/share/bash-completion/completions/proa",
                     "/usr/share/zsh/vendor-completions/_proa",
                     "/usr/share/fish/vendor_completions.d/proa.fish"):
            self.assertTrue(stat.S_ISREG(os.stat(name).st_mode), name)
        self.assertIn("proa-serve", guest.run("man", "-w", "proa-serve"))
        self.assertIn("proa.toml", guest.run("man", "-w", "5", "proa.toml"))
        self.assertEqual(guest.run("dpkg", "--verify", "proa"), "")

    def test_it_starts_becomes_its_user_and_stops_without_a_trace(self):
        guest.run("systemctl", "enable", "--now", "proa")
        self.assertTrue(guest.is_active())
        self.assertIn("proa serves http://127.0.0.1:9600", guest.journal())
        owner = os.stat(f"/proc/{guest.main_process()}").st_uid
        self.assertEqual(owner, pwd.getpwnam("proa").pw_uid)
        self.assertEqual(stat.S_IMODE(os.stat("/var/lib/proa").st_mode), 0o750)
        guest.run("systemctl", "stop", "proa")
        self.assertEqual(guest.run("systemctl", "is-failed", "proa", check=False).strip(),
                         "inactive", guest.journal())
        self.assertEqual(guest.processes_named("proa.*"), [])
        self.assertFalse(os.path.exists(guest.UNIT_GROUP))
        self.assertEqual([name for name in os.listdir("/sys/class/net") if "proa" in name], [])
        self.assertNotIn("/var/lib/proa", guest.text_of("/proc/mounts"))

    def test_the_first_key_shuts_out_who_has_none(self):
        guest.run("systemctl", "start", "proa")
        self.assertIn("PROA", guest.run("proa", "key", "create"))
        done = subprocess.run(["proa", "list"], capture_output=True, text=True, timeout=60,
                              check=False)
        self.assertEqual(done.returncode, 5, done.stderr)
        guest.run("systemctl", "stop", "proa")
        shutil.rmtree("/var/lib/proa")

    def test_settings_take_effect_and_wrong_ones_are_told_once(self):
        with open(CONFIG, "a", encoding="utf-8") as file:
            file.write("account-id = '123456789012'\n")
        guest.run("systemctl", "start", "proa")
        self.assertIn("as account 123456789012;", guest.journal())
        lines = guest.text_of(CONFIG).count("\n") + 1
        with open(CONFIG, "a", encoding="utf-8") as file:
            file.write("acount-id = '1'\n")
        done = subprocess.run(["systemctl", "restart", "proa"], capture_output=True, timeout=60,
                              check=False)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn(f"{CONFIG}:{lines + 1}: there is no setting 'acount-id'; did you mean "
                      "'account-id'?", guest.journal())
        self.assertEqual(guest.run("systemctl", "is-failed", "proa", check=False).strip(),
                         "failed")
        self.assertEqual(guest.restarts(), 0)
        guest.run("systemctl", "reset-failed", "proa")

    def test_upgrades_keep_settings_and_start_the_new_daemon(self):
        with open(CONFIG, "a", encoding="utf-8") as file:
            file.write("log-days = 3\n")
        guest.run("systemctl", "start", "proa")
        before = guest.main_process()
        guest.install()
        self.assertTrue(guest.is_active())
        self.assertNotEqual(guest.main_process(), before)
        self.assertIn("log-days = 3", guest.text_of(CONFIG))

    def test_when_removed_it_keeps_data_and_settings_and_a_purge_removes_them(self):
        guest.run("systemctl", "enable", "--now", "proa")
        guest.run("dpkg", "--remove", "proa")
        self.assertFalse(guest.is_active())
        self.assertEqual(guest.processes_named("proa.*"), [])
        self.assertTrue(os.path.isdir("/var/lib/proa/catalog"))
        self.assertTrue(os.path.exists(CONFIG))
        guest.purge()
        self.assertFalse(os.path.exists("/var/lib/proa"))
        self.assertFalse(os.path.exists("/etc/proa"))
        self.assertFalse(os.path.lexists("/etc/systemd/system/multi-user.target.wants/"
                                         "proa.service"))


if __name__ == "__main__":
    unittest.main()
