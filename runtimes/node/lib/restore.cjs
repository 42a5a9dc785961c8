// A process that was copied, before its function (runtimes/README.md, "configure"): random numbers,
// and the time it believes it began at.
//
// V8 seeds Math.random once for each context, from a generator that all copies share, and has no
// way to do it again. `crypto` needs nothing: the kernel's generator is new, and OpenSSL's notices
// by the clock that its time is over.
'use strict';

const { randomFillSync, randomInt } = require('crypto');
const v8 = require('v8');

const NUMBERS_AT_ONCE = 512;
const TWO_POW_26 = 2 ** 26;
const TWO_POW_MINUS_53 = 2 ** -53;

/** Parts this process from its copies; before any code of the function runs. */
function restore() {
  replaceRandom();
  // The clock was set and the time that nothing ran did not pass: OpenTelemetry among others adds
  // timeOrigin and now().
  const value = Date.now() - performance.now();
  Object.defineProperty(performance, 'timeOrigin', { value, configurable: true, enumerable: true });
}

function replaceRandom() {
  const words = new Uint32Array(2 * NUMBERS_AT_ONCE);
  let next = words.length;
  // 53 random bits, as IEEE 754's doubles in [0, 1) have them.
  Math.random = function random() {
    if (next === words.length) {
      randomFillSync(words);
      next = 0;
    }
    const high = words[next++] >>> 5;
    const low = words[next++] >>> 6;
    return (high * TWO_POW_26 + low) * TWO_POW_MINUS_53;
  };
  // Of contexts that are made from now on (vm), which begin with V8's own.
  v8.setFlagsFromString(`--random-seed=${randomInt(1, 2 ** 31)}`);
}

module.exports = { restore };
