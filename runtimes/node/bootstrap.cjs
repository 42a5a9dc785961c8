// Starts a Node function of Proa: the process that runs inside an environment.
//
// proa-init executes this file with the runtime link as two inherited descriptors (below 16, so
// that Node marks them close-on-exec at start). What is said over the link, and in which order, is
// in runtimes/README.md. What a handler meets follows Lambda's own client, aws-lambda-ric 3.3.0.
'use strict';

const { Link } = require('./lib/link.cjs');
const { start } = require('./lib/serve.cjs');

// What functions commonly load; done while the process is parked, where it costs no one time.
const PRELOAD = ['async_hooks', 'buffer', 'child_process', 'crypto', 'dns', 'events', 'fs/promises',
  'http', 'https', 'net', 'os', 'path', 'perf_hooks', 'querystring', 'stream', 'stream/promises',
  'string_decoder', 'timers/promises', 'tls', 'url', 'util', 'zlib'];

async function preload() {
  for (const name of PRELOAD) require(name);
  require('tls').createSecureContext();  // parses the root certificates
  await import('node:path');             // starts the loader of ES modules
}

async function main() {
  const link = new Link(Number(process.env.PROA_RUNTIME_FD), Number(process.env.PROA_ANSWER_FD));
  if (process.env.PROA_PRELOAD === '1') await preload();
  await start(link, JSON.stringify({ runtime: 'node' + process.version.slice(1) }));
}

main();
