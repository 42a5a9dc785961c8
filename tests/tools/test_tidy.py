"""Unit tests of tools/tidy.py and tools/cpp_text.py: each rule on a small tree that breaks it."""

import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))
import cpp_text  # noqa: E402
import tidy  # noqa: E402

MODULES = "proa_module(base)\nproa_module(http DEPENDS base)\nproa_module(api DEPENDS base http)\n"
HEADER = "// One.\n// Two.\n// Three.\n// Four.\n// Five.\n#pragma once\n"


class TidyTree(unittest.TestCase):
    """A tree without findings; each test breaks one thing in it."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name).resolve()
        self.write("src/CMakeLists.txt", MODULES)
        self.write("src/api/api.h", HEADER)
        self.write("src/http/http.h", HEADER)
        self.write("tools/tidy_allow.txt", "limit: 0\n")

    def write(self, path, text):
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")

    def rules(self):
        """`RULE PATH:LINE` of every finding that must be mended."""
        refused, _ = tidy.check_tree(self.root)
        return [f"{finding.rule} {finding.path}:{finding.line}" for finding in refused]

    def test_a_tree_that_keeps_the_rules_has_no_findings(self):
        self.assertEqual(self.rules(), [])

    def test_long_files_and_long_lines_are_found(self):
        self.write("src/http/http.h", HEADER + "\n" * 495)
        self.write("tools/wide.py", "x = 1\n#" + "x" * 100 + "\n")
        self.assertEqual(self.rules(), ["file-length src/http/http.h:1", "columns tools/wide.py:2"])

    def test_columns_are_characters_not_bytes(self):
        self.write("tools/wide.py", "# " + "µ" * 98 + "\n")
        self.assertEqual(self.rules(), [])

    def test_long_functions_are_found_in_cpp_and_python(self):
        body = "  x();\n" * 59
        self.write("apps/proa/main.cpp", "int main() {\n" + body + "}\n")
        self.write("tools/long.py", "def f():\n" + "    f()\n" * 60)
        self.assertEqual(self.rules(), ["function-length apps/proa/main.cpp:1",
                                        "function-length tools/long.py:1"])

    def test_headers_need_pragma_once_and_an_opening_comment(self):
        self.write("src/http/parser.h", "struct Parser {};\n")
        self.assertEqual(self.rules(), ["header-comment src/http/parser.h:1",
                                        "pragma-once src/http/parser.h:1"])

    def test_a_public_header_opens_with_five_to_twenty_lines(self):
        self.write("src/http/http.h", "// Short.\n#pragma once\n")
        self.assertEqual(self.rules(), ["header-comment src/http/http.h:1"])

    def test_every_folder_has_its_public_header_and_its_module(self):
        self.write("src/pool/lease.h", "// A lease.\n#pragma once\n")
        self.assertEqual(self.rules(), ["arrow src/pool:1", "public-header src/pool:1"])

    def test_includes_follow_the_arrows(self):
        self.write("src/http/server.h", '// A server.\n#pragma once\n#include "api/api.h"\n')
        self.assertEqual(self.rules(), ["arrow src/http/server.h:3"])

    def test_only_the_public_header_of_another_folder_is_included(self):
        self.write("src/http/server.h", "// A server.\n#pragma once\n")
        self.write("src/api/api.h", HEADER + '#include "http/server.h"\n#include "base/result.h"\n')
        self.assertEqual(self.rules(), ["private-header src/api/api.h:7"])

    def test_apps_include_any_public_header_but_no_private_one(self):
        self.write("src/http/server.h", "// A server.\n#pragma once\n")
        self.write("apps/proa/main.cpp", '#include "api/api.h"\n#include "http/server.h"\n')
        self.assertEqual(self.rules(), ["private-header apps/proa/main.cpp:2"])

    def test_a_folders_metrics_are_public(self):
        self.write("src/http/metrics.h", "// Metrics.\n#pragma once\n")
        self.write("apps/proa/main.cpp", '#include "http/metrics.h"\n')
        self.assertEqual(self.rules(), [])

    def test_an_arrow_upwards_in_the_list_of_modules_is_found(self):
        self.write("src/CMakeLists.txt", "proa_module(http DEPENDS api)\nproa_module(api)\n")
        self.assertEqual(self.rules(), ["arrow src/CMakeLists.txt:1"])

    def test_names_that_say_nothing_are_found(self):
        self.write("tests/common/fixture.py", "")
        self.write("apps/proa/main.cpp",
                   "class Manager;\n// class Handler\nstruct HandlerName {};\n")
        self.assertEqual(self.rules(), ["name apps/proa/main.cpp:1",
                                        "name tests/common/fixture.py:1"])

    def test_a_source_without_its_mirror_is_found(self):
        self.write("src/http/server.cpp", "")
        self.write("src/http/tls/context.cpp", "")
        self.write("tests/unit/http/context_test.cpp", "")
        self.assertEqual(self.rules(), ["mirror src/http/server.cpp:1"])

    def test_a_skip_needs_a_reason(self):
        self.write("tests/unit/http/a_test.cpp", 'GTEST_SKIP() << "no KVM";\nGTEST_SKIP();\n')
        self.assertEqual(self.rules(), ["skip tests/unit/http/a_test.cpp:2"])

    def test_unfinished_places_and_machine_paths_are_found(self):
        self.write("docs/a.md", "TO" + "DO: write\n" + f"see {self.root}/src\n")
        self.assertEqual(self.rules(), ["unfinished docs/a.md:1", "machine-path docs/a.md:2"])

    def test_conflict_markers_are_found(self):
        self.write("docs/a.md", "<" * 7 + " ours\na\n=======\nb\n" + ">" * 7 + " theirs\n")
        self.assertEqual(self.rules(), ["conflict docs/a.md:1", "conflict docs/a.md:5"])

    def test_build_folders_are_not_read(self):
        self.write("build/dev/a.cpp", "class Manager;\n")
        self.assertEqual(self.rules(), [])

    def test_an_allowed_finding_does_not_fail(self):
        self.write("src/http/server.cpp", "")
        self.write("tools/tidy_allow.txt", "limit: 1\nmirror src/http/server.cpp  # started only\n")
        refused, allowed = tidy.check_tree(self.root)
        self.assertEqual((len(refused), len(allowed)), (0, 1))

    def test_the_allow_list_may_only_shrink(self):
        self.write("tools/tidy_allow.txt", "limit: 1\nmirror src/http/gone.cpp  # was there\n")
        self.assertEqual(self.rules(), ["allow tools/tidy_allow.txt:2"])
        self.write("tools/tidy_allow.txt", "limit: 2\n")
        self.assertEqual(self.rules(), ["allow tools/tidy_allow.txt:1"])

    def test_all_findings_of_a_rule_can_be_allowed_at_once(self):
        self.write("src/http/server.cpp", "")
        self.write("src/http/client.cpp", "")
        tidy.allow(self.root, "mirror", "tested through http.h")
        self.assertEqual(self.rules(), [])
        tidy.allow(self.root, "mirror", "tested through http.h")
        self.assertEqual(self.rules(), [])

    def test_an_allowed_finding_needs_a_reason(self):
        self.write("tools/tidy_allow.txt", "mirror src/http/server.cpp\nlimit: 0\n")
        self.assertEqual(self.rules(), ["allow tools/tidy_allow.txt:1"])


class CppText(unittest.TestCase):
    """The heuristics that read C++."""

    def functions(self, text):
        stripped = cpp_text.strip_comments_and_strings(text)
        return [(found.line, found.lines) for found in cpp_text.functions(stripped)]

    def faults(self, text):
        return [fault for _, fault in cpp_text.await_faults(
            cpp_text.strip_comments_and_strings(text))]

    def test_stripping_keeps_length_and_lines(self):
        text = 'a "{//" b // }\n/* {\n */ R"x(} ")x" 1\'000 \'{\' c\n'
        stripped = cpp_text.strip_comments_and_strings(text)
        self.assertEqual(len(stripped), len(text))
        self.assertEqual(stripped.count("\n"), text.count("\n"))
        self.assertNotIn("{", stripped)
        self.assertIn("1'000", stripped)
        self.assertTrue(stripped.endswith(" c\n"))

    def test_functions_are_found_at_namespace_and_class_scope(self):
        text = ("namespace a {\nclass B : public C {\n public:\n  int d() const override {\n"
                "    if (x) { y(); }\n    return 1;\n  }\n};\nauto f(int a = {}) -> int {\n}\n}\n")
        self.assertEqual(self.functions(text), [(4, 4), (9, 2)])

    def test_constructors_with_brace_initializers_are_one_function(self):
        text = "A::A(int b)\n    : b_{b},\n      c_(1),\n      d_{} {\n  e();\n}\nvoid g() {}\n"
        self.assertEqual(self.functions(text), [(1, 6), (7, 1)])

    def test_operators_and_templates_are_functions(self):
        text = ("template <class T>\nbool operator==(const T& a, const T& b) noexcept {\n"
                "  return true;\n}\n")
        self.assertEqual(self.functions(text), [(1, 4)])

    def test_tables_and_members_are_no_functions(self):
        text = ("const std::array kTable = {\n  f(1),\n  {2, 3},\n};\nstruct S {\n  int a{0};\n"
                "  std::vector<int> b = make(1);\n  enum class E { x, y };\n};\n")
        self.assertEqual(self.functions(text), [])

    def test_macros_do_not_upset_the_braces(self):
        text = "#define OPEN {  \\\n  {\nint f() {\n  return 1;\n}\n"
        self.assertEqual(self.functions(text), [(3, 3)])

    def test_tests_are_functions(self):
        self.assertEqual(self.functions("TEST(Pool, Reuses) {\n  a();\n}\n"), [(1, 3)])

    def test_what_gcc_12_breaks_in_co_await_is_found(self):
        for text in ("co_await start(Spec{\"a\"});", "co_await f({\"a\", \"b\"});",
                     "co_await f({});", "co_await f([this] { return 1; });",
                     "CO_TRY(auto v, co_await f(S{.a = b}));", "auto a = b ? co_await f() : c;",
                     "auto a = b\n  ? c\n  : co_await f();"):
            self.assertEqual(len(self.faults(text)), 1, text)

    def test_what_is_safe_in_co_await_passes(self):
        for text in ("co_await start(std::move(spec));", "CO_TRY(auto v, co_await f(x));",
                     "co_await f(table[index], [](int a) { return a; });",
                     "auto spec = S{1};\nco_await f(Error(Errc::os, \"a\"));",
                     "co_await wait(std::chrono::seconds{5});",
                     "if (co_await f()) { a = S{1}; }", "g(co_await f(), S{1});",
                     "switch (a ? b : c) { case 1: co_await f(); }",
                     "auto task = a ? f() : g();\nco_await std::move(task);"):
            self.assertEqual(self.faults(text), [], text)


if __name__ == "__main__":
    unittest.main()
