// What a process that waits in a machine does once for nobody (runtimes/README.md, "rehearse").
//
// A machine that was copied remembers everything and has run nothing: what its processor has
// translated or cached is no part of its memory. The first start and the first calls pay for that;
// here they happen before anybody waits for them.
'use strict';

const path = require('path');
const layers = require('./layers.cjs');
const loading = require('./loading.cjs');
const logs = require('./logs.cjs');
const { Kind } = require('./link.cjs');

const FOLDER = path.join(__dirname, '..', 'rehearsal');
const CALLS = 2;  // for each: the second one finds what the first has compiled

/** In the place of the host: it has so many calls with that body, and takes their answers. */
class PlayedLink {
  constructor(body, calls) {
    this.body = body;
    this.left = calls;
    this.hasInput = calls > 0;
    this.isOver = new Promise((resolve, reject) => {
      this.end = resolve;
      this.fail = reject;
    });
  }

  read() {
    this.left -= 1;
    this.hasInput = this.left > 0;
    return { kind: Kind.invoke, body: this.body };
  }

  write(kind, _id, data) {
    if (kind === Kind.response) return;
    const name = Object.keys(Kind).find((each) => Kind[each] === kind);
    this.fail(new Error(`rehearsal: ${name}: ${data}`));
  }

  listen() { this.end(); }
  release() {}
  block() {}
}

/**
 * Runs the functions of nobody, as `server` would; `body` is that of a call. Rejects with what one
 * of them throws.
 */
async function rehearse(server, body) {
  require('./restore.cjs').restore();
  layers.searchVersionedLayer();
  for (const name of ['function.handler', 'module.handler']) {
    await serveWith(server, await loading.load(FOLDER, name), body);
  }
  delete require.cache[path.join(FOLDER, 'function.cjs')];
  delete process.env._X_AMZN_TRACE_ID;
  logs.setRequestId(undefined);
  await listenOnce(server.link);
  server.loop.settle();
}

async function serveWith(server, handler, body) {
  const link = new PlayedLink(body, CALLS);
  const played = new server.constructor(link);
  played.useHandler(handler);
  played.hasSignalListeners = true;  // it listens, where it would wait for more calls
  setImmediate(played.serve);
  await link.isOver;
}

/** Nothing comes: the host waits, too. */
async function listenOnce(link) {
  link.listen(() => {}, false);
  await turn();
  link.block();
  await turn();
}

function turn() {
  return new Promise((resolve) => setImmediate(resolve));
}

module.exports = { rehearse };
