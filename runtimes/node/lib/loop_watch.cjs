// Whether work may be pending in Node's event loop.
'use strict';

const { AsyncResource } = require('async_hooks');

/**
 * Node has no question for that: its list of active resources lacks zlib, crypto and workers. But
 * it numbers every asynchronous resource, and tells an empty loop by 'beforeExit'. So the loop is
 * quiet if nothing was numbered since then. (What has no number, such as WebAssembly.compile, still
 * gets the turns that a blocking process gives from time to time.)
 */
class LoopWatch {
  constructor() {
    this.quiet = true;
    this.last = nextAsyncId();
    this.expected = 0;  // numbers taken by ourselves since `last`
    this.score = 0;     // how often calls used the loop of late
  }

  /** Whether a resource was made since the last look. */
  look() {
    const id = nextAsyncId();
    const isNew = id !== this.last + 1 + this.expected;
    this.last = id;
    this.expected = 0;
    if (isNew) this.quiet = false;
    return isNew;
  }

  /** Whether nothing at all can be pending. */
  isQuiet() {
    this.look();
    return this.quiet;
  }

  /** Tells of resources that our own code is about to make; they mean nothing. */
  expect(count) {
    this.expected += count;
  }

  /** The loop was just found empty. */
  settle() {
    this.last = nextAsyncId();
    this.expected = 0;
    this.quiet = true;
  }

  /** Notes whether a call used the loop. */
  count(usedLoop) {
    this.score = usedLoop ? Math.min(8, this.score + 1) : Math.max(0, this.score - 1);
  }

  /** Calls use the loop as a rule: going back to blocking after each would only cost. */
  get isUsual() {
    return this.score >= 4;
  }
}

const asyncIdOptions = { triggerAsyncId: 0, requireManualDestroy: true };

function nextAsyncId() {
  return new AsyncResource('PROA', asyncIdOptions).asyncId();
}

module.exports = { LoopWatch };
