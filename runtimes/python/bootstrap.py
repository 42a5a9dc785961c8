"""Starts a Python function of Proa: the process that runs inside an environment.

proa-init executes this file with the runtime link as an inherited descriptor. What is said over
the link, and in which order, is in runtimes/README.md. The work is done by the package beside this
file, so that its byte code can be cached; this file only finds it and hides the folder from user
code.
"""
import os
import sys

_FOLDER = os.path.dirname(os.path.abspath(__file__))


def _load():
    """Imports the package without leaving our folder on the path of user code."""
    sys.path[:] = [p for p in sys.path if os.path.abspath(p or ".") != _FOLDER]
    sys.path.insert(0, _FOLDER)
    try:
        from proa_runtime import serve
    finally:
        sys.path.remove(_FOLDER)
    return serve


if __name__ == "__main__":
    _load().main()
