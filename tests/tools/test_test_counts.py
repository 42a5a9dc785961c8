"""Unit tests of tools/test_counts.py on logs as CTest 3.25 writes them."""

import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))
from test_counts import Counts, count_entry, entries_of, skips_of  # noqa: E402


def log_of(output, verdict="Test Passed.", name="unit.pool"):
    """A LastTest.log with one test."""
    return (f"Start testing: Nov 23 23:00 UTC\n{'-' * 58}\n1/1 Testing: {name}\n1/1 Test: {name}\n"
            f'Command: "/b/bin/pool_test"\nDirectory: /b\n"{name}" start time: Nov 23 23:00 UTC\n'
            f"Output:\n{'-' * 58}\n{output}<end of output>\nTest time =   0.01 sec\n{'-' * 58}\n"
            f'{verdict}\n"{name}" end time: Nov 23 23:00 UTC\n')


GTEST = """[==========] Running 4 tests from 1 test suite.
[ RUN      ] Pool.Reuses
[       OK ] Pool.Reuses (0 ms)
[ RUN      ] Pool.NeedsKvm
/src/pool_test.cpp:10: Skipped
/dev/kvm is missing

[  SKIPPED ] Pool.NeedsKvm (0 ms)
[ RUN      ] Pool.Breaks
/src/pool_test.cpp:12: Failure
[  FAILED  ] Pool.Breaks (0 ms)
[  PASSED  ] 2 tests.
[  SKIPPED ] 1 test, listed below:
[  SKIPPED ] Pool.NeedsKvm
[  FAILED  ] 1 test, listed below:
[  FAILED  ] Pool.Breaks
"""


class TestCounts(unittest.TestCase):

    def count(self, output, verdict="Test Passed."):
        entries = entries_of(log_of(output, verdict))
        self.assertEqual(len(entries), 1)
        return count_entry(entries[0])

    def test_googletest_is_counted(self):
        self.assertEqual(self.count(GTEST, "Test Failed."), Counts(2, 1, 1))

    def test_skips_of_googletest_are_listed_with_their_reason(self):
        [entry] = entries_of(log_of(GTEST, "Test Failed."))
        self.assertEqual(skips_of(entry), ["Pool.NeedsKvm: /dev/kvm is missing"])

    def test_a_program_with_only_skipped_tests_has_not_passed_any(self):
        output = "[  PASSED  ] 0 tests.\n[  SKIPPED ] 2 tests, listed below:\n"
        self.assertEqual(self.count(output), Counts(0, 0, 2))

    def test_unittest_is_counted(self):
        output = ("test_a (test_x.A.test_a) ... ok\n"
                  "test_b (test_x.A.test_b) ... skipped 'no network namespaces'\n"
                  "Ran 5 tests in 0.1s\n\nFAILED (failures=1, errors=1, skipped=1)\n")
        self.assertEqual(self.count(output, "Test Failed."), Counts(2, 2, 1))
        self.assertEqual(skips_of(entries_of(log_of(output))[0]),
                         ["test_b (test_x.A.test_b): no network namespaces"])

    def test_expected_failures_of_unittest_have_passed(self):
        output = "Ran 2 tests in 0.1s\n\nOK (expected failures=1)\n"
        self.assertEqual(self.count(output), Counts(2, 0, 0))

    def test_node_test_is_counted_in_both_reporters(self):
        for mark in ("#", "ℹ"):
            output = "".join(f"{mark} {word} {number}\n" for word, number in (
                ("tests", 6), ("pass", 3), ("fail", 1), ("cancelled", 1), ("skipped", 1)))
            self.assertEqual(self.count(output, "Test Failed."), Counts(3, 2, 1))

    def test_another_program_counts_as_one_test(self):
        self.assertEqual(self.count("fine\n"), Counts(1, 0, 0))
        self.assertEqual(self.count("bad\n", "Test Failed."), Counts(0, 1, 0))

    def test_a_crash_or_time_out_is_a_failure_of_its_own(self):
        output = "[ RUN      ] Pool.Crashes\n"
        self.assertEqual(self.count(output, "Test timeout computed to be: 300"), Counts(0, 1, 0))
        output = "[  PASSED  ] 3 tests.\n==1==ERROR: LeakSanitizer\n"
        self.assertEqual(self.count(output, "Test Failed."), Counts(3, 1, 0))

    def test_several_tests_of_a_log_are_told_apart(self):
        log = log_of("[  PASSED  ] 2 tests.\n", name="a") + log_of("", "Test Failed.", name="b")
        self.assertEqual([(e.name, e.has_passed) for e in entries_of(log)],
                         [("a", True), ("b", False)])


if __name__ == "__main__":
    unittest.main()
