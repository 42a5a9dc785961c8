// Streaming handlers: `awslambda.streamifyResponse((event, responseStream, context) => ...)`.
//
// The link has no frames for parts of an answer: the stream is collected and answered in one piece,
// which is what Invoke (RequestResponse) shows of such functions on Lambda. With
// HttpResponseStream.from the answer begins with the metadata as JSON and 8 NUL bytes.
'use strict';

const { Writable } = require('stream');
const { InvalidStreamingOperation, MalformedStreamingHandler } = require('./faults.cjs');

const STREAMING = Symbol.for('aws.lambda.runtime.handler.streaming');
const HIGH_WATER_MARK = Symbol.for('aws.lambda.runtime.handler.streaming.highWaterMark');
const HTTP_CONTENT_TYPE = 'application/vnd.awslambda.http-integration-response';

/** Collects what a handler writes. Beyond `limit` bytes it only counts. */
class ResponseStream extends Writable {
  constructor(limit, highWaterMark) {
    super({ decodeStrings: true, highWaterMark });
    this.limit = limit;
    this.parts = [];
    this.size = 0;
    this.contentType = 'application/octet-stream';
    this.hasBegun = false;
    this._onBeforeFirstWrite = undefined;
  }

  setContentType(contentType) {
    if (this.hasBegun) {
      throw new InvalidStreamingOperation('Cannot set content-type, too late.');
    }
    this.contentType = contentType;
  }

  write(chunk, encoding, callback) {
    this.begin();
    return super.write(asBytesOrText(chunk), encoding, callback);
  }

  end(chunk, encoding, callback) {
    this.begin();
    if (chunk === undefined || chunk === null || typeof chunk === 'function') {
      return super.end(chunk, encoding, callback);
    }
    return super.end(asBytesOrText(chunk), encoding, callback);
  }

  _write(chunk, _encoding, callback) {
    this.keep(chunk);
    callback();
  }

  /** All that was written. */
  collected() {
    return Buffer.concat(this.parts);
  }

  begin() {
    if (this.hasBegun) return;
    this.hasBegun = true;
    this._onBeforeFirstWrite?.((part) => this.keep(Buffer.from(part)));
  }

  keep(part) {
    this.size += part.length;
    if (this.size > this.limit) this.parts = [];
    else this.parts.push(part);
  }
}

function asBytesOrText(chunk) {
  return typeof chunk === 'string' || chunk instanceof Uint8Array ? chunk : JSON.stringify(chunk);
}

class HttpResponseStream {
  static from(stream, metadata) {
    stream.setContentType(HTTP_CONTENT_TYPE);
    const prelude = JSON.stringify(metadata);
    stream._onBeforeFirstWrite = (write) => {
      write(prelude);
      write(new Uint8Array(8));
    };
    return stream;
  }
}

/** Gives user code the global `awslambda`. */
function defineGlobal(env) {
  const off = env.AWS_LAMBDA_NODEJS_NO_GLOBAL_AWSLAMBDA;
  if (off === '1' || off === 'true') return;
  const streamifyResponse = (handler, options) => {
    handler[STREAMING] = 'response';
    if (typeof options?.highWaterMark === 'number') {
      handler[HIGH_WATER_MARK] = Math.trunc(options.highWaterMark);
    }
    return handler;
  };
  globalThis.awslambda = { streamifyResponse, HttpResponseStream };
}

function isStreaming(handler) {
  const mark = handler[STREAMING];
  if (mark === undefined || mark === null || mark === false) return false;
  if (mark !== 'response') {
    throw new MalformedStreamingHandler('Only response streaming is supported.');
  }
  return true;
}

function highWaterMark(handler) {
  const given = Number.parseInt(handler[HIGH_WATER_MARK], 10);
  return Number.isNaN(given) ? undefined : given;
}

module.exports = { ResponseStream, defineGlobal, isStreaming, highWaterMark };
