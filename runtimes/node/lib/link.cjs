// The runtime link: frames over two inherited Unix stream sockets, one for each direction.
//
// The format is that of src/frames/frames.h, which is the authority: a header of 8 bytes (u32 body
// size, u8 type, u8 flags 0, u16 reserved 0, little-endian) and a body. One write per frame.
//
// A link is in one of two modes. *Blocking* (at start): read() waits in the kernel, and the event
// loop stands still. *Listening*: the event loop runs and tells when a frame has come. The
// descriptor of calls is non-blocking exactly while listening; that of answers never is.
'use strict';

const fs = require('fs');

const Kind = Object.freeze({
  configure: 1,
  invoke: 2,
  rehearse: 3,
  ready: 16,
  response: 17,
  error: 18,
  initError: 19,
  parked: 20,
  tooLarge: 21,
  lastError: 22,
});

const HEADER_SIZE = 8;
const REQUEST_ID_SIZE = 36;
const MAX_BODY = 6 * 1024 * 1024 + 64 * 1024;
const BUFFER_SIZE = 64 * 1024;

class Link {
  constructor(fd, answerFd) {
    if (!Number.isInteger(fd)) throw new Error('PROA_RUNTIME_FD is not set to a descriptor');
    if (!Number.isInteger(answerFd)) throw new Error('PROA_ANSWER_FD is not set to a descriptor');
    this.fd = fd;
    this.answerFd = answerFd;
    this.input = Buffer.allocUnsafeSlow(BUFFER_SIZE);
    this.filled = 0;
    this.output = Buffer.allocUnsafeSlow(BUFFER_SIZE);
    this.socket = null;  // made when listened to for the first time; never closed
    this.isListening = false;
    this.onArrival = null;
  }

  /** Whether bytes of a next frame are already here. */
  get hasInput() {
    return this.filled > 0;
  }

  /**
   * The next frame: {kind, body}. Waits in the kernel until it is complete; ends the process when
   * the host has closed the link. The body is valid until the next read.
   */
  read() {
    if (this.filled < HEADER_SIZE) this.fill(HEADER_SIZE);
    const { input } = this;
    const size = input.readUInt32LE(0);
    const kind = input[4];
    if (size > MAX_BODY || input[5] !== 0 || input[6] !== 0 || input[7] !== 0) {
      throw new Error(`malformed frame: size ${size}, type ${kind}`);
    }
    const end = HEADER_SIZE + size;
    if (end > BUFFER_SIZE) return { kind, body: this.readLong(size) };
    if (this.filled < end) this.fill(end);
    const rest = this.filled - end;
    this.filled = rest;
    if (rest === 0) return { kind, body: input.subarray(HEADER_SIZE, end) };
    const body = Buffer.from(input.subarray(HEADER_SIZE, end));
    input.copyWithin(0, end, end + rest);  // the host sent several frames in one go
    return { kind, body };
  }

  /** Sends one frame: request id (36 characters, or '') and a string or Buffer. */
  write(kind, requestId, data) {
    const idSize = requestId.length;
    const at = HEADER_SIZE + idSize;
    let { output } = this;
    let size;
    if (typeof data !== 'string') {
      size = data.length;
      if (at + size > BUFFER_SIZE) output = Buffer.allocUnsafe(at + size);
      output.set(data, at);
    } else if (at + data.length * 3 <= BUFFER_SIZE) {
      size = output.write(data, at, 'utf8');
    } else {
      size = Buffer.byteLength(data);
      if (at + size > BUFFER_SIZE) output = Buffer.allocUnsafe(at + size);
      output.write(data, at, 'utf8');
    }
    output.writeUInt32LE(idSize + size, 0);
    output.writeUInt32LE(kind, 4);
    if (idSize !== 0) output.latin1Write(requestId, HEADER_SIZE, idSize);
    this.writeAll(output, at + size);
  }

  /**
   * Turns to listening: `onArrival` is called from the event loop when input is there. The caller
   * reads it before it returns, or turns to blocking. keepsAlive: whether the event loop stays
   * alive for it.
   */
  listen(onArrival, keepsAlive) {
    this.onArrival = onArrival;
    if (!this.isListening) {
      this.isListening = true;
      if (this.socket === null) {
        this.socket = this.makeSocket();
      } else {
        this.socket._handle.setBlocking(false);
        this.socket._handle.readStart();
      }
    }
    if (keepsAlive) this.socket.ref();
    else this.socket.unref();
  }

  /** No longer keeps the event loop alive while a call is running. */
  release() {
    if (this.filled > 0) this.block();  // else the next arrival would overwrite what is here
    else if (this.isListening) this.socket.unref();
  }

  /** Turns to blocking. */
  block() {
    if (!this.isListening) return;
    this.isListening = false;
    this.socket._handle.readStop();
    this.socket._handle.setBlocking(true);
    this.socket.unref();
  }

  makeSocket() {
    const net = require('net');
    const callback = (count) => {
      this.filled = count;
      this.onArrival();
      return true;
    };
    const onread = { buffer: this.input, callback };
    const socket = new net.Socket({ fd: this.fd, readable: true, writable: true, onread });
    const end = () => process.exit(0);
    socket.on('end', end).on('error', end).on('close', end);
    return socket;
  }

  /** Reads until at least `wanted` bytes (not more than the buffer has) are there. */
  fill(wanted) {
    while (this.filled < wanted) {
      this.filled += this.readSome(this.input, this.filled, BUFFER_SIZE - this.filled);
    }
  }

  readLong(size) {
    const body = Buffer.allocUnsafe(size);
    let have = this.input.copy(body, 0, HEADER_SIZE, this.filled);
    while (have < size) have += this.readSome(body, have, size - have);
    this.filled = 0;
    return body;
  }

  readSome(target, offset, length) {
    this.block();
    let count;
    try {
      count = fs.readSync(this.fd, target, offset, length, null);
    } catch (error) {
      if (error.code !== 'ECONNRESET') throw error;
      count = 0;
    }
    if (count === 0) process.exit(0);
    return count;
  }

  writeAll(data, size) {
    let at = 0;
    while (at < size) {
      try {
        at += fs.writeSync(this.answerFd, data, at, size - at);
      } catch (error) {
        if (error.code === 'EPIPE' || error.code === 'ECONNRESET') process.exit(0);
        throw error;
      }
    }
  }
}

/** Body of `invoke` (frames.h, InvokeView). */
function decodeInvoke(body) {
  const deadlineMs = body.readUInt32LE(4) * 2 ** 32 + body.readUInt32LE(0);
  let at = 8 + REQUEST_ID_SIZE;
  const text = (size) => {
    const start = at;
    at += size;
    return size === 0 ? '' : body.toString('utf8', start, at);
  };
  const requestId = body.latin1Slice(8, at);
  const short = () => text(body.readUInt16LE((at += 2) - 2));
  const long = () => text(body.readUInt32LE((at += 4) - 4));
  const invokedArn = short();
  const traceId = short();
  const clientContext = long();
  const cognitoIdentity = long();
  const payload = text(body.length - at);
  return { deadlineMs, requestId, invokedArn, traceId, clientContext, cognitoIdentity, payload };
}

module.exports = { Link, Kind, decodeInvoke };
