"""Finds the function: sys.path as on Lambda, and the handler string `dir/module.function`."""
import importlib
import os
import sys

from .faults import Fault

_LAYER_ROOT = "/opt/python"


def extend_path(task_root, bundled):
    """Task root first, then layers; bundled packages last, so that any copy of the user wins."""
    version = "python%d.%d" % sys.version_info[:2]
    first = [task_root, os.path.join(_LAYER_ROOT, "lib", version, "site-packages"), _LAYER_ROOT]
    others = [p for p in sys.path if p and p not in first and p != bundled]
    sys.path[:] = first + others + ([bundled] if bundled else [])
    # A parked process has seen these folders empty, and remembers it.
    sys.path_importer_cache.clear()
    importlib.invalidate_caches()


def load(handler):
    """Returns the callable that `handler` names.

    Raises Fault where Lambda has an own error type; other exceptions of user code pass through.
    """
    module_name, name = _split(handler)
    try:
        module = importlib.import_module(module_name.replace("/", "."))
    except ImportError as error:
        raise Fault(
            "Runtime.ImportModuleError",
            "Unable to import module '%s': %s" % (module_name, error),
        ) from error
    except SyntaxError as error:
        raise Fault(
            "Runtime.UserCodeSyntaxError",
            "Syntax error in module '%s': %s" % (module_name, error),
            ['  File "%s" Line %s\n    %s' % (error.filename, error.lineno, error.text)],
        ) from error
    try:
        return getattr(module, name)
    except AttributeError as error:
        raise Fault(
            "Runtime.HandlerNotFound",
            "Handler '%s' missing on module '%s'" % (name, module_name),
        ) from error


def _split(handler):
    try:
        module_name, name = handler.rsplit(".", 1)
    except ValueError as error:
        raise Fault(
            "Runtime.MalformedHandlerName", "Bad handler '%s': %s" % (handler, error)
        ) from error
    if module_name.split(".")[0] in sys.builtin_module_names:
        raise Fault(
            "Runtime.BuiltInModuleConflict",
            "Cannot use built-in module %s as a handler module" % module_name,
        )
    return module_name, name
