"""docs/reference/api-coverage.md against the installed botocore model and a running daemon."""
import os
import re
import unittest

from daemon import DaemonTestCase

SOURCE_DIR = os.environ.get("PROA_SOURCE_DIR", ".")


def table():
    path = os.path.join(SOURCE_DIR, "docs/reference/api-coverage.md")
    with open(path, encoding="utf-8") as file:
        rows = re.findall(r"^\| (\w+) \| (supported|not supported yet) \|", file.read(), re.M)
    return dict(rows)


class ApiCoverage(DaemonTestCase):
    def test_every_operation_of_the_installed_model_has_a_row(self):
        model = self.client().meta.service_model
        self.assertEqual(set(model.operation_names) - set(table()), set())

    def test_list_operations_that_are_not_supported_say_so_by_name(self):
        client = self.client()
        statuses = table()
        for name, method in (("ListEventSourceMappings", client.list_event_source_mappings),
                             ("ListCodeSigningConfigs", client.list_code_signing_configs)):
            self.assertEqual(statuses[name], "not supported yet")
            with self.assertRaisesRegex(Exception, name + " is not supported by Proa yet"):
                method()


if __name__ == "__main__":
    unittest.main()
