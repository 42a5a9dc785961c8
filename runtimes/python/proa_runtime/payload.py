"""Events and answers: JSON as Lambda's Python runtime reads and writes it.

That runtime encodes with simplejson, which is not in the standard library. What differs from `json`
and is kept: a Decimal becomes a number with all its digits, nested bytes become text, a named tuple
becomes an object. NaN and Infinity are written as such.
"""
import json
import math
import os
import re

from .faults import Fault

_PLAIN = frozenset((str, int, float, bool, type(None)))
# Stands before the digits of a Decimal in a string, until the string's quotes can be taken off. It
# is random, so that no text of the user can look like it.
_MARK = os.urandom(16).hex()
_MARKED = re.compile('"%s([^"]*)"' % _MARK)


def decode(payload):
    """The event as a Python value. No bytes at all mean {}, as on Lambda."""
    if not payload:
        return {}
    try:
        return json.loads(str(payload, "utf-8"))
    except Exception as error:
        message = "Unable to unmarshal input: %s" % error
        raise Fault("Runtime.UnmarshalError", message) from None


def encode(answer):
    """The bytes of an answer. Bytes pass unchanged. Raises Fault(Runtime.MarshalError)."""
    if isinstance(answer, bytes):
        return answer
    try:
        return to_bytes(_to_json(answer))
    except Exception as error:
        message = "Unable to marshal response: %s" % error
        raise Fault("Runtime.MarshalError", message) from None


def to_bytes(text):
    """UTF-8; halves of surrogate pairs, which UTF-8 cannot carry, as JSON escapes."""
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError:
        return re.sub("[\ud800-\udfff]", lambda m: "\\u%04x" % ord(m[0]), text).encode("utf-8")


def _to_json(value):
    try:
        plain = _is_plain(value)
    except RecursionError:
        plain = True  # a cycle: the encoder says so
    text = _encoder.encode(value if plain else _plainly(value))
    return _MARKED.sub(r"\1", text) if _MARK in text else text


def _default(value):
    """Called by the encoder for what it does not know."""
    if isinstance(value, bytes):
        return value.decode("utf-8")
    if type(value).__name__ == "Decimal" and hasattr(value, "as_tuple"):
        return math.nan if value.is_nan() else _MARK + str(value)
    raise TypeError("Object of type %s is not JSON serializable" % type(value).__name__)


_encoder = json.JSONEncoder(ensure_ascii=False, default=_default)


def _is_plain(value):
    """False if somewhere in `value` is a named tuple or a key of bytes: `json` would write a list
    for the one and refuse the other."""
    kind = type(value)
    if kind in _PLAIN:
        return True
    if isinstance(value, dict):
        for key, item in value.items():
            if type(key) is bytes:
                return False
            if type(item) not in _PLAIN and not _is_plain(item):
                return False
        return True
    if isinstance(value, (list, tuple)):
        if kind is not list and kind is not tuple and hasattr(value, "_asdict"):
            return False
        for item in value:
            if type(item) not in _PLAIN and not _is_plain(item):
                return False
    return True


def _plainly(value):
    if isinstance(value, dict):
        return {_key(k): _plainly(v) for k, v in value.items()}
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        return _plainly(value._asdict())
    if isinstance(value, (list, tuple)):
        return [_plainly(item) for item in value]
    return value


def _key(key):
    return key.decode("utf-8") if isinstance(key, bytes) else key
