"""The runtime link: frames over two inherited stream descriptors, one for each direction.

The format is that of src/frames/frames.h, which is the authority: a header of 8 bytes (u32 body
size, u8 type, u8 flags 0, u16 reserved 0, little-endian) and a body. Reads and writes block; one
write per frame. Used by one thread, the main one.
"""
import os
import struct

HEADER = struct.Struct("<IBBH")
HEADER_SIZE = HEADER.size
MAX_BODY = 6 * 1024 * 1024 + 64 * 1024
REQUEST_ID_SIZE = 36

# host to function
CONFIGURE = 1
INVOKE = 2
REHEARSE = 3
# function to host
READY = 16
RESPONSE = 17
ERROR = 18
INIT_ERROR = 19
PARKED = 20
TOO_LARGE = 21

_BUFFER_SIZE = 64 * 1024
_INVOKE_HEAD = struct.Struct("<Q36sH")
_U16 = struct.Struct("<H")
_U32 = struct.Struct("<I")


class LinkClosed(Exception):
    """The host closed the link: there will be no more calls."""


class MalformedFrame(Exception):
    """The host sent bytes that are no frame."""


class Link:
    """Owns the descriptors. `read` and `write` wait without limit: the host ends us by a signal."""

    def __init__(self, fd, answer_fd):
        for inherited in (fd, answer_fd):
            os.set_inheritable(inherited, False)
            os.set_blocking(inherited, True)
        self._fd = fd
        self._answer_fd = answer_fd
        self._buffer = bytearray(_BUFFER_SIZE)
        self._view = memoryview(self._buffer)
        self._whole = (self._view,)
        self._filled = 0

    def read(self):
        """Returns (type, body) of the next frame; body is bytes or a bytearray."""
        self._fill(HEADER_SIZE)
        size, kind, flags, reserved = HEADER.unpack_from(self._buffer)
        if size > MAX_BODY or flags or reserved:
            raise MalformedFrame(
                "frame with size %d, flags %d, reserved %d" % (size, flags, reserved)
            )
        end = HEADER_SIZE + size
        if end > _BUFFER_SIZE:
            return kind, self._read_long(size)
        self._fill(end)
        body = bytes(self._view[HEADER_SIZE:end])
        rest = self._filled - end
        if rest:  # the host sent configure and the first invoke in one go
            self._buffer[:rest] = self._buffer[end : end + rest]
        self._filled = rest
        return kind, body

    def write(self, kind, *parts):
        """Sends one frame whose body is the given parts, in one write where the kernel takes it."""
        size = sum(map(len, parts))
        pending = [HEADER.pack(size, kind, 0, 0), *parts]
        left = HEADER_SIZE + size
        while True:
            written = self._writev(pending)
            left -= written
            if left == 0:
                return
            pending = _without(pending, written)

    def _writev(self, parts):
        try:
            return os.writev(self._answer_fd, parts)
        except (BrokenPipeError, ConnectionResetError):
            raise LinkClosed() from None

    def _readv(self, views):
        try:
            count = os.readv(self._fd, views)
        except ConnectionResetError:
            count = 0
        if count == 0:
            raise LinkClosed()
        return count

    def _fill(self, wanted):
        """Reads until at least `wanted` bytes are in the buffer (wanted fits the buffer)."""
        while self._filled < wanted:
            views = self._whole if self._filled == 0 else (self._view[self._filled :],)
            self._filled += self._readv(views)

    def _read_long(self, size):
        body = bytearray(size)
        view = memoryview(body)
        have = self._filled - HEADER_SIZE
        view[:have] = self._view[HEADER_SIZE : self._filled]
        while have < size:
            have += self._readv((view[have:],))
        self._filled = 0
        return body


def _without(parts, count):
    """The buffers that are left after `count` bytes were written."""
    left = []
    for part in parts:
        if count >= len(part):
            count -= len(part)
            continue
        left.append(memoryview(part)[count:] if count else part)
        count = 0
    return left


class Invoke:
    """One call as the host sent it (frames.h, InvokeView). Text members are str."""

    __slots__ = (
        "deadline_ms",
        "request_id_bytes",
        "request_id",
        "invoked_arn",
        "trace_id",
        "client_context",
        "cognito_identity",
        "payload",
    )

    def __init__(self, body):
        self.deadline_ms, self.request_id_bytes, arn_size = _INVOKE_HEAD.unpack_from(body)
        self.request_id = self.request_id_bytes.decode("ascii", "replace")
        at = _INVOKE_HEAD.size
        self.invoked_arn = str(body[at : at + arn_size], "utf-8", "replace")
        at += arn_size
        self.trace_id, at = _text(body, at, _U16)
        self.client_context, at = _text(body, at, _U32)
        self.cognito_identity, at = _text(body, at, _U32)
        self.payload = body[at:]


def _text(body, at, length):
    (size,) = length.unpack_from(body, at)
    at += length.size
    return str(body[at : at + size], "utf-8", "replace"), at + size
