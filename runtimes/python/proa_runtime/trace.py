"""_X_AMZN_TRACE_ID, which each call sets anew.

glibc's setenv(3) keeps every different value for good, 145 bytes a call. So the process has one
string of its own for it, given to putenv(3) once and overwritten from then on. Where Python was
built without ctypes, or a value is longer than the string, os.environ does it and leaks.
"""
import os

_NAME = "_X_AMZN_TRACE_ID"
_KEY = os.fsencode(_NAME)
_ROOM = 512

try:
    import ctypes

    _putenv = ctypes.CDLL(None).putenv
    _string = ctypes.create_string_buffer(_ROOM)
    _values = os.environ._data  # the dictionary behind os.environ; the same from 3.7 to 3.13
    _values.get(_KEY)
except (ImportError, AttributeError, OSError, MemoryError):
    _string = None


def set_trace_id(trace_id):
    """Sets the variable for this process and those that it starts; '' removes it."""
    if not trace_id:
        os.environ.pop(_NAME, None)
        return
    value = os.fsencode(trace_id)
    if _string is None or len(_KEY) + 1 + len(value) >= _ROOM:
        os.environ[_NAME] = trace_id
        return
    _string.value = _KEY + b"=" + value
    _putenv(_string)  # again: the function may have set or removed the variable itself
    _values[_KEY] = value
