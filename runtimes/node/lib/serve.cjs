// The life of a Node runtime process: configure, ready, then call after call.
//
// While handlers settle without the event loop and nothing else is pending, serve() does not
// return: a blocking read, the handler, its microtasks, one write. Everything else goes through the
// event loop; runtimes/README.md ("How Node waits") says when and why.
'use strict';

const { Kind, decodeInvoke } = require('./link.cjs');
const { Call, readSettings, reportText } = require('./call.cjs');
const faults = require('./faults.cjs');
const logs = require('./logs.cjs');
const { LoopWatch } = require('./loop_watch.cjs');
const layers = require('./layers.cjs');
const loading = require('./loading.cjs');
const streaming = require('./streaming.cjs');

// A process that only blocks gives the event loop a turn when none came for so long.
const TURN_EVERY_MS = 10;

/**
 * Waits for configure, becomes that function, says ready, and serves calls from then on. `identity`
 * is what the process says of itself when it waits.
 */
async function start(link, identity) {
  logs.makeStreamsBlocking();
  const server = new Server(link);
  link.write(Kind.parked, '', identity);
  let frame = link.read();
  while (frame.kind === Kind.rehearse) {
    await require('./rehearsal.cjs').rehearse(server, frame.body);
    link.write(Kind.parked, '', identity);
    frame = link.read();
  }
  if (frame.kind !== Kind.configure) throw new Error(`frame ${frame.kind} in place of configure`);
  server.catchLateErrors();
  try {
    const { handler, taskRoot } = configure(frame.body);
    streaming.defineGlobal(process.env);
    server.useHandler(await loading.load(taskRoot, handler));
  } catch (error) {
    server.failInit('Uncaught Exception', error);
  }
  link.write(Kind.ready, '', '');
  server.isReady = true;
  server.loop.expect(1);
  setImmediate(server.serve);
}

/** Applies the body of configure (runtimes/README.md) to the process. */
function configure(body) {
  const given = parseConfiguration(body);
  if (given.restored === true) require('./restore.cjs').restore();
  const oldPath = process.env.NODE_PATH;
  const own = /^PROA_(RUNTIME_FD|ANSWER_FD|PRELOAD|BUNDLED_PYTHON)$/;
  // Without variables the process was started with the function's, perhaps by an
  // AWS_LAMBDA_EXEC_WRAPPER that has changed them.
  for (const name of Object.keys(process.env)) {
    if (given.environment || own.test(name)) delete process.env[name];
  }
  Object.assign(process.env, given.environment);
  if (process.env.NODE_PATH !== oldPath) require('module')._initPaths();
  layers.searchVersionedLayer();
  logs.patchConsole(process.env);
  try {
    process.chdir(given.cwd);
  } catch (error) {
    const message = `Cannot use '${given.cwd}' as working folder: ${error.code}`;
    throw new faults.InvalidWorkingDir(message);
  }
  return { handler: given.handler, taskRoot: given.task_root };
}

function parseConfiguration(body) {
  try {
    const given = JSON.parse(body.toString('utf8'));
    given.cwd ??= given.task_root;
    for (const name of ['handler', 'task_root', 'cwd']) requireText(given, name);
    if (given.environment !== undefined) {
      for (const name of Object.keys(given.environment)) requireText(given.environment, name);
    }
    return given;
  } catch (error) {
    throw new faults.InvalidTaskConfig(`configure: ${error}`);
  }
}

function requireText(object, name) {
  if (typeof object[name] !== 'string') throw new TypeError(`member '${name}' is not a string`);
}

class Server {
  constructor(link) {
    this.link = link;
    this.loop = new LoopWatch();
    this.isReady = false;
    this.call = null;        // the unanswered call
    this.delayed = null;     // a call that was read and waits for a turn of the event loop
    this.isServing = false;  // serve() is on the stack
    this.hasSignalListeners = false;
    this.lastTurnMs = performance.now();
    this.serve = this.serve.bind(this);
    this.onArrival = this.onArrival.bind(this);
  }

  useHandler(handler) {
    this.handler = handler;
    this.isStreaming = streaming.isStreaming(handler);
    this.settings = readSettings(process.env);
  }

  /** Takes calls until one has to wait for the event loop, which is what calls it. */
  serve() {
    this.lastTurnMs = performance.now();
    this.isServing = true;
    while (this.takeCall());
    this.isServing = false;
  }

  /** Waits for a call and runs it. False: the event loop has to turn before the next one. */
  takeCall() {
    let invoke = this.delayed;
    this.delayed = null;
    if (invoke === null) {
      if (!this.link.hasInput && !this.mayBlock()) {
        this.link.listen(this.onArrival, this.hasSignalListeners || this.loop.isUsual);
        return false;
      }
      invoke = this.readInvoke();
      if (performance.now() - this.lastTurnMs > TURN_EVERY_MS) {
        this.delay(invoke);
        return false;
      }
    }
    this.link.release();
    this.begin(invoke);
    return this.call === null;
  }

  mayBlock() {
    return this.loop.isQuiet() && !this.hasSignalListeners;
  }

  readInvoke() {
    const { kind, body } = this.link.read();
    if (kind !== Kind.invoke) throw new Error(`frame ${kind} in place of invoke`);
    return decodeInvoke(body);
  }

  /** Two turns: sockets that were closed meanwhile are seen, and their close events delivered. */
  delay(invoke) {
    this.delayed = invoke;
    this.link.block();
    this.loop.expect(2);
    setImmediate(() => setImmediate(this.serve));
  }

  onArrival() {
    if (this.call === null) this.serve();
    else this.link.block();  // a call ahead of its time: it is read when this one is answered
  }

  /** Runs the handler and all that it queued; on return the call is answered or pending. */
  begin(invoke) {
    logs.setRequestId(invoke.requestId);
    if (invoke.traceId) process.env._X_AMZN_TRACE_ID = invoke.traceId;
    else delete process.env._X_AMZN_TRACE_ID;
    const send = (kind, data) => this.answer(invoke.requestId, kind, data);
    const call = new Call(invoke, this.settings, send);
    this.call = call;
    this.loop.look();
    if (this.isStreaming) call.runStreaming(this.handler);
    else call.run(this.handler);
    process._tickCallback?.();  // next ticks, microtasks, unhandled rejections
    const usedLoop = this.loop.look();
    if (this.call !== null && call.isDecided && this.loop.quiet) call.loopIsEmpty();
    this.loop.count(usedLoop || this.call !== null);
  }

  answer(requestId, kind, data) {
    this.link.write(Kind[kind], requestId, data);
    this.call = null;
    if (!this.isServing) setImmediate(this.serve);
  }

  catchLateErrors() {
    process.on('uncaughtException', (error) => this.die('Uncaught Exception', error, 129));
    process.on('unhandledRejection', (reason, promise) => {
      const error = new faults.UnhandledPromiseRejection(reason, promise);
      this.die('Unhandled Promise Rejection', error, 128);
    });
    process.on('beforeExit', () => this.onEmptyLoop());
    process.on('newListener', (name) => {
      if (typeof name === 'string' && name.startsWith('SIG')) this.hasSignalListeners = true;
    });
  }

  /** Nothing keeps the event loop alive: the running call ends, or waiting may block. */
  onEmptyLoop() {
    if (!this.isReady) return;
    this.loop.settle();
    this.loop.expect(1);
    if (this.call !== null) this.call.loopIsEmpty();
    else setImmediate(this.serve);
  }

  /** An error that no handler can answer: told to the host, and the process ends. */
  die(title, error, status) {
    if (!this.isReady) this.failInit(title, error);
    logs.logError(title, error);
    if (this.call !== null) {
      this.link.write(Kind.lastError, this.call.invoke.requestId, reportText(error));
    }
    process.exit(status);
  }

  failInit(title, error) {
    logs.logError(title, error);
    this.link.write(Kind.initError, '', reportText(error));
    process.exit(1);
  }
}

module.exports = { start };
