"""Unit tests of tools/test_failures.py on what GoogleTest, unittest, node:test and CTest write."""

import io
import sys
import tempfile
import unittest
from contextlib import redirect_stdout
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))
import test_failures  # noqa: E402
from test_counts import Entry  # noqa: E402

GTEST = """[==========] Running 3 tests from 1 test suite.
[ RUN      ] Pool.Reuses
[       OK ] Pool.Reuses (0 ms)
[ RUN      ] Pool.Breaks
what the test wrote
/src/tests/pool_test.cpp:12: Failure
Expected equality of these values:
  1
  2

no line of its own[  FAILED  ] Pool.Breaks (0 ms)
[ RUN      ] Pool.NeedsKvm
/src/tests/pool_test.cpp:20: Skipped
/dev/kvm is missing
[  SKIPPED ] Pool.NeedsKvm (0 ms)
[  PASSED  ] 1 test.
[  FAILED  ] 1 test, listed below:
[  FAILED  ] Pool.Breaks
"""

UNITTEST = f"""test_a (test_x.A.test_a) ... FAIL
{"=" * 70}
ERROR: test_b (test_x.A.test_b) (i=1)
{"-" * 70}
Traceback (most recent call last):
  File "/x.py", line 11, in test_b
KeyError: 'x'

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "/x.py", line 12, in test_b
RuntimeError: no daemon
on port 9000

{"=" * 70}
UNEXPECTED SUCCESS: test_c (test_x.A.test_c)
{"-" * 70}
Ran 3 tests in 0.002s

FAILED (failures=1, errors=1)
"""

NODE = """TAP version 13
# Subtest: outer
    # Subtest: inner
    not ok 1 - inner
      ---
      failureType: 'testCodeFailure'
      error: |-
        bad
        answer
      code: 'ERR_TEST_FAILURE'
      ...
    1..1
not ok 1 - outer
  ---
  failureType: 'subtestsFailed'
  error: '1 subtest failed'
  ...
not ok 2 - short
  ---
  error: 'one line'
  ...
ok 3 - fine
"""


def failures(output, verdict="Failed"):
    return test_failures.failures_of(Entry("unit.x", output, False), verdict)


class TestFailuresOfPrograms(unittest.TestCase):

    def named(self, output, verdict="Failed"):
        return [(failure.name, failure.reason) for failure in failures(output, verdict)]

    def test_a_program_that_passed_has_none(self):
        self.assertEqual(test_failures.failures_of(Entry("unit.x", GTEST, True)), [])

    def test_googletest_is_cut_from_run_to_failed(self):
        [failure] = failures(GTEST)
        self.assertEqual((failure.name, failure.reason),
                         ("Pool.Breaks",
                          "pool_test.cpp:12: Expected equality of these values: 1 2"))
        self.assertTrue(failure.output.startswith("[ RUN      ] Pool.Breaks\nwhat the test"))
        self.assertTrue(failure.output.endswith("[  FAILED  ] Pool.Breaks (0 ms)\n"))

    def test_a_test_of_googletest_that_crashed_is_named(self):
        begun = "[ RUN      ] Pool.Crashes\n"
        self.assertEqual(self.named(begun), [("Pool.Crashes", "the program ended in this test")])
        self.assertEqual(
            self.named(begun + "=====\n==7==ERROR: AddressSanitizer: heap-use-after-free on 0x1\n"),
            [("Pool.Crashes", "==7==ERROR: AddressSanitizer: heap-use-after-free on 0x1")])

    def test_unittest_is_cut_at_its_rulers(self):
        self.assertEqual(self.named(UNITTEST), [
            ("test_b (test_x.A.test_b) (i=1)", "RuntimeError: no daemon on port 9000"),
            ("test_c (test_x.A.test_c)", "unexpected success")])
        self.assertIn("KeyError: 'x'", failures(UNITTEST)[0].output)
        self.assertNotIn("UNEXPECTED", failures(UNITTEST)[0].output)

    def test_node_test_names_the_innermost_test(self):
        self.assertEqual(self.named(NODE), [("inner", "bad answer"), ("short", "one line")])

    def test_another_failure_is_the_programs_own(self):
        self.assertEqual(self.named("hello\n", "Exception: SegFault"),
                         [("", "Exception: SegFault")])
        self.assertEqual(self.named("[  PASSED  ] 3 tests.\n==1==ERROR: LeakSanitizer: detected\n"),
                         [("", "Failed: ==1==ERROR: LeakSanitizer: detected")])


class TestFailuresOfStages(unittest.TestCase):

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def report(self, *stages):
        printed = io.StringIO()
        with redirect_stdout(printed):
            test_failures.main([str(self.folder), *stages])
        return printed.getvalue().splitlines()

    def test_tests_of_ctest_come_with_their_output_and_the_names_last(self):
        ruler = "-" * 58
        (self.folder / "dev.ctest.log").write_text(
            f'1/2 Testing: unit.pool\nOutput:\n{ruler}\n{GTEST}<end of output>\nTest Failed.\n'
            f'2/2 Testing: unit.slow\nOutput:\n{ruler}\nwaits\n<end of output>\nTest Failed.\n')
        (self.folder / "dev.log").write_text(
            "1/2 Test #1: unit.pool .......***Failed    0.01 sec\n"
            "2/2 Test #2: unit.slow .......***Timeout   1.00 sec\n")
        lines = self.report("dev")
        self.assertEqual(lines[:3], ["---- dev  unit.pool  Pool.Breaks", "[ RUN      ] Pool.Breaks",
                                     "what the test wrote"])
        self.assertEqual(lines[-4:-2], ["---- dev  unit.slow", "waits"])
        self.assertTrue(lines[-2].startswith("failed   dev  unit.pool  Pool.Breaks: pool_test.cpp"))
        self.assertEqual(lines[-1], "failed   dev  unit.slow: Timeout")

    def test_long_outputs_keep_their_end_and_many_failures_their_names(self):
        (self.folder / "fuzz.log").write_text("".join(
            "".join(f"line {line}\n" for line in range(50)) + f"FAILED  x{number}_fuzz: see log\n"
            for number in range(10)))
        lines = self.report("fuzz")
        self.assertEqual(lines[:3], ["---- fuzz  x0_fuzz", "... 10 lines before", "line 10"])
        self.assertEqual(sum(line.startswith("----") for line in lines), test_failures.BLOCKS)
        self.assertEqual(lines[-10:],
                         [f"failed   fuzz  x{number}_fuzz: see log" for number in range(10)])

    def test_only_what_was_printed_since_the_last_verdict_is_shown(self):
        (self.folder / "clang.log").write_text(
            "old warning\nFAILED  clang-tidy a.cpp\nfine\npassed  clang-tidy b.cpp\n"
            "new warning\nFAILED  clang-tidy c.cpp\n")
        self.assertEqual(self.report("clang"), [
            "---- clang  clang-tidy a.cpp", "old warning", "---- clang  clang-tidy c.cpp",
            "new warning", "failed   clang  clang-tidy a.cpp: failed",
            "failed   clang  clang-tidy c.cpp: failed"])

    def test_a_stage_without_verdicts_shows_its_end(self):
        (self.folder / "dev.log").write_text("FAILED: a.o\na.cpp:1: error: no\nninja: stopped\n")
        self.assertEqual(self.report("dev"), [
            "---- dev", "FAILED: a.o", "a.cpp:1: error: no", "ninja: stopped",
            "failed   dev: the stage failed, its log is the above"])


if __name__ == "__main__":
    unittest.main()
