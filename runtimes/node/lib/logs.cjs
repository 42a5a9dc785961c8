// The console of a function, as Lambda's Node client patches it.
//
// A line is `time TAB request id TAB level TAB text`, or one JSON object with
// AWS_LAMBDA_LOG_FORMAT=JSON; AWS_LAMBDA_LOG_LEVEL hides what is below. Lines go to descriptor 1
// by a blocking write, so that they are in the pipe before the answer is.
'use strict';

const fs = require('fs');
const util = require('util');
const { logText } = require('./faults.cjs');

const LEVELS = Object.freeze({ TRACE: 1, DEBUG: 2, INFO: 3, WARN: 4, ERROR: 5, FATAL: 6 });
// Lambda's client keeps the id under this symbol, and libraries read it there.
const REQUEST_ID = Symbol.for('aws.lambda.runtime.requestId');

let isJson = false;

function setRequestId(id) {
  globalThis[REQUEST_ID] = id;
}

/** Replaces the methods of console. Called once, when the environment variables are known. */
function patchConsole(env) {
  isJson = (env.AWS_LAMBDA_LOG_FORMAT ?? '').toUpperCase() === 'JSON';
  const lowest = LEVELS[(env.AWS_LAMBDA_LOG_LEVEL ?? '').toUpperCase()] ?? LEVELS.TRACE;
  const logger = (level) => (
    LEVELS[level] < lowest ? () => {} : (...params) => writeLine(level, params));
  console.trace = logger('TRACE');
  console.debug = logger('DEBUG');
  console.info = console.log = logger('INFO');
  console.warn = logger('WARN');
  console.error = logger('ERROR');
  console.fatal = logger('FATAL');
}

/** The line for a failed call or init. */
function logError(title, error) {
  const shown = error instanceof Error ? error : new Error(error);
  if (isJson) console.error(shown);
  else console.error(title, logText(shown));
}

function writeLine(level, params) {
  const time = new Date().toISOString();
  const id = globalThis[REQUEST_ID];
  const line = isJson
    ? jsonLine(time, id, level, params)
    : `${time}\t${id}\t${level}\t${util.format(...params)}`;
  writeOut(line + '\n');
}

function jsonLine(timestamp, requestId, level, params) {
  const entry = { timestamp, level, requestId };
  if (params.length === 1) {
    [entry.message] = params;
    try {
      return JSON.stringify(entry, (_, value) => withErrorMembers(value));
    } catch {  // a cycle, a BigInt
      entry.message = util.format(params[0]);
      return JSON.stringify(entry);
    }
  }
  entry.message = util.format(...params);
  const error = params.find((param) => param instanceof Error);
  if (error) Object.assign(entry, errorMembers(error));
  return JSON.stringify(entry);
}

function withErrorMembers(value) {
  return value instanceof Error ? { ...errorMembers(value), ...value } : value;
}

function errorMembers(error) {
  return {
    errorType: error.constructor?.name ?? 'UnknownError',
    errorMessage: error.message,
    stackTrace: typeof error.stack === 'string' ? error.stack.split('\n') : [],
  };
}

function writeOut(text) {
  const data = Buffer.from(text);
  let at = 0;
  while (at < data.length) {
    try {
      at += fs.writeSync(1, data, at);
    } catch (error) {
      // A child process may have made the shared pipe non-blocking; a closed one takes nothing.
      if (error.code !== 'EAGAIN') return;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
    }
  }
}

/**
 * Makes process.stdout and process.stderr write at once. Node makes a pipe non-blocking and queues
 * what does not fit, so that an exit, or our next blocking read, would lose or delay it.
 */
function makeStreamsBlocking() {
  for (const name of ['stdout', 'stderr']) {
    const made = Object.getOwnPropertyDescriptor(process, name);
    let isPrepared = false;
    const get = () => {
      const stream = made.get.call(process);
      if (!isPrepared) {
        isPrepared = true;
        stream._handle?.setBlocking?.(true);
        stream.unref?.();  // it waits for nothing; an open pipe alone is no pending work
      }
      return stream;
    };
    Object.defineProperty(process, name, { ...made, get });
  }
}

module.exports = { setRequestId, patchConsole, logError, makeStreamsBlocking };
