"""Unit tests of tools/man.py on help as CLI11 writes it."""

import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))
from man import body_of, escape, rows_of, sections_of, settings_page, verbs_of  # noqa: E402

HELP = """Access keys: who may call
Usage: proa key [OPTIONS] SUBCOMMAND

Options:
  -h,--help                   Print this help message and exit
  --isolation TEXT:{container,microvm}
                              container or
                              microvm
  --quiet

Access:
  create, new                 Make a key
  list                        List them

Examples:
  proa key create
      the first key
"""


class Help(unittest.TestCase):
    def test_sections_and_rows(self):
        says, usage, sections = sections_of(HELP)
        self.assertEqual(says, "Access keys: who may call")
        self.assertEqual(usage, "proa key [OPTIONS] SUBCOMMAND")
        self.assertEqual([head for head, _ in sections], ["Options", "Access", "Examples"])
        self.assertEqual(rows_of(sections[0][1]), [
            ("-h,--help", "Print this help message and exit"),
            ("--isolation TEXT:{container,microvm}", "container or microvm"),
            ("--quiet", "")])
        self.assertEqual(verbs_of(sections), ["create", "list"])

    def test_a_page_has_rows_as_tagged_paragraphs_and_examples_as_they_are(self):
        body = body_of(sections_of(HELP)[2], ".SH")
        self.assertEqual(body[:4], [".SH OPTIONS", ".TP", ".B \\-h,\\-\\-help",
                                    "Print this help message and exit"])
        self.assertEqual(body[-5:], [".SH EXAMPLES", ".EX", "  proa key create",
                                     "      the first key", ".EE"])


class Roff(unittest.TestCase):
    def test_no_text_becomes_a_request(self):
        self.assertEqual(escape(".so x\n'y\na\\b-c"), "\\&.so x\n\\&'y\na\\eb\\-c")

    def test_settings(self):
        page = settings_page("# Lead of\n# two lines\n\n# Days that\n# logs are kept\n"
                             "#log-days = 14\n\n# Address\nlisten = 'a'\n", "1.0")
        self.assertIn("Lead of two lines\n", page)
        self.assertIn(".BR log\\-days \" = \" 14\nDays that logs are kept\n", page)
        self.assertIn(".BR listen \" = \" \\&'a'\nAddress\n", page)

    def test_what_is_no_setting_is_an_error(self):
        with self.assertRaises(ValueError):
            settings_page("# Lead\n\n# Days\nnonsense\n", "1.0")


if __name__ == "__main__":
    unittest.main()
