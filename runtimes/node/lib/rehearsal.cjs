// What a process that waits in a machine does once for nobody (runtimes/README.md, "rehearse").
//
// A machine that was copied remembers everything and has run nothing: what its processor has
// translated or cached is no part of its memory. The first start and the first call pay for that;
// here they happen before anybody waits for them.
'use strict';

const path = require('path');
const { decodeInvoke } = require('./link.cjs');
const { Call, readSettings } = require('./call.cjs');
const loading = require('./loading.cjs');

const FOLDER = path.join(__dirname, '..', 'rehearsal');

/** Runs the functions of nobody; `body` is that of a call. Rejects with what one of them throws. */
async function rehearse(body) {
  for (const name of ['function.handler', 'module.handler']) {
    const handler = await loading.load(FOLDER, name);
    await runOnce(handler, decodeInvoke(body));
  }
  delete require.cache[path.join(FOLDER, 'function.cjs')];
}

function runOnce(handler, invoke) {
  return new Promise((resolve, reject) => {
    const send = (kind, data) => {
      if (kind === 'response') resolve(data);
      else reject(new Error(`rehearsal: ${kind}: ${data}`));
    };
    new Call(invoke, readSettings(process.env), send).run(handler);
  });
}

module.exports = { rehearse };
