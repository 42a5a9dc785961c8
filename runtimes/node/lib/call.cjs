// One running call: what its handler gets (event, context, callback), and its one answer.
'use strict';

const { reportOf } = require('./faults.cjs');
const { logError } = require('./logs.cjs');
const { ResponseStream, highWaterMark } = require('./streaming.cjs');

// Lambda's limit on an answer: 6 MiB and 100 bytes.
const MAX_ANSWER = 6 * 1024 * 1024 + 100;

class Call {
  /** `send(kind, data)` answers the call; it is called once. kind: response, error, tooLarge. */
  constructor(invoke, settings, send) {
    this.invoke = invoke;
    this.settings = settings;
    this.send = send;
    this.isAnswered = false;
    this.isDecided = false;        // the handler gave its result, which may wait for the event loop
    this.waitsForEmptyLoop = true;
    this.result = undefined;
    this.isPromised = false;       // the handler returned a promise, which decides
    this.stream = null;
  }

  run(handler) {
    try {
      const context = this.makeContext();
      context.succeed = (result) => this.finish(null, result);
      context.fail = (error) => this.finish(error ?? 'handled');
      context.done = (error, result) => this.finish(error, result);
      const callback = (error, result) => this.callBack(error, result);
      const returned = handler(this.event(), context, callback);
      this.isPromised = isPromise(returned);
      if (this.isPromised) {
        returned.then(context.succeed, context.fail);
      }
    } catch (error) {
      this.callBack(error);
    }
  }

  async runStreaming(handler) {
    const stream = new ResponseStream(MAX_ANSWER, highWaterMark(handler));
    this.stream = stream;
    this.isPromised = true;
    const isFinished = new Promise((resolve, reject) => {
      stream.on('finish', resolve).on('error', reject);
    });
    isFinished.catch(() => {});  // seen where it is awaited
    try {
      const returned = handler(this.event(), stream, this.makeContext());
      if (!isPromise(returned)) throw 'Streaming does not support non-async handlers.';
      if (await returned !== undefined) console.warn('Streaming handlers ignore return values.');
      await isFinished;
      this.answerStream();
    } catch (error) {
      this.answerError(error);
    }
  }

  /** The event loop has nothing left to do: whatever the call waits for will not come. */
  loopIsEmpty() {
    if (this.stream) this.answerError('Response stream is not finished.');
    else this.answerResult(this.isDecided ? this.result : null);
  }

  /** The third argument of a handler. */
  callBack(error, result) {
    if (this.isDecided) return;
    if ((error !== undefined && error !== null) || !this.waitsForEmptyLoop) {
      this.finish(error, result);
      return;
    }
    this.isDecided = true;
    this.result = result;
  }

  finish(error, result) {
    if (this.isDecided) return;
    this.isDecided = true;
    if (error !== undefined && error !== null) this.answerError(error);
    else this.answerResult(result);
  }

  answerResult(result) {
    let text;
    try {
      text = JSON.stringify(result === undefined ? null : result) ?? 'null';
    } catch {
      this.answerError(new Error('Unable to stringify response body'));
      return;
    }
    const isLarge = text.length * 3 > MAX_ANSWER && Buffer.byteLength(text) > MAX_ANSWER;
    if (isLarge) this.answer('tooLarge', sizeBytes(Buffer.byteLength(text)));
    else this.answer('response', text);
  }

  answerStream() {
    const { stream } = this;
    if (stream.size > MAX_ANSWER) this.answer('tooLarge', sizeBytes(stream.size));
    else this.answer('response', stream.collected());
  }

  answerError(error) {
    if (this.isAnswered) return;
    logError('Invoke Error', error);
    this.answer('error', reportText(error));
  }

  answer(kind, data) {
    if (this.isAnswered) return;
    this.isAnswered = true;
    this.isDecided = true;
    this.send(kind, data);
  }

  event() {
    const { payload } = this.invoke;
    this.invoke.payload = '';
    return payload === '' ? {} : JSON.parse(payload);
  }

  makeContext() {
    const { invoke, settings } = this;
    const call = this;
    const { deadlineMs } = invoke;
    return {
      get callbackWaitsForEmptyEventLoop() { return call.waitsForEmptyLoop; },
      set callbackWaitsForEmptyEventLoop(value) { call.waitsForEmptyLoop = value; },
      functionVersion: settings.functionVersion,
      functionName: settings.functionName,
      memoryLimitInMB: settings.memoryLimitInMB,
      logGroupName: settings.logGroupName,
      logStreamName: settings.logStreamName,
      clientContext: parsed(invoke.clientContext, 'ClientContext'),
      identity: parsed(invoke.cognitoIdentity, 'CognitoIdentity'),
      invokedFunctionArn: invoke.invokedArn,
      awsRequestId: invoke.requestId,
      tenantId: undefined,
      getRemainingTimeInMillis: () => deadlineMs - Date.now(),
    };
  }
}

/** What the context repeats from the environment variables; read once, after configure. */
function readSettings(env) {
  return {
    functionVersion: env.AWS_LAMBDA_FUNCTION_VERSION,
    functionName: env.AWS_LAMBDA_FUNCTION_NAME,
    memoryLimitInMB: env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    logGroupName: env.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: env.AWS_LAMBDA_LOG_STREAM_NAME,
  };
}

function isPromise(value) {
  return Boolean(value && typeof value.then === 'function');
}

function parsed(text, name) {
  if (text === '') return undefined;
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Error(`Cannot parse ${name} as json: ${error}`);
  }
}

function sizeBytes(size) {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(size));
  return bytes;
}

/** JSON of a report; one that no frame could carry is cut down to what helps. */
function reportText(error) {
  const report = reportOf(error);
  const text = JSON.stringify(report);
  if (Buffer.byteLength(text) <= MAX_ANSWER) return text;
  const errorMessage = String(report.errorMessage).slice(0, 64 * 1024);
  return JSON.stringify({ ...report, errorMessage, trace: [] });
}

module.exports = { Call, readSettings, reportText };
