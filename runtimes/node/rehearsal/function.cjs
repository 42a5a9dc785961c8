// A function of nobody, which a waiting process runs once (rehearse in runtimes/README.md). It does
// what handlers commonly do when they are loaded and called; what it gives is thrown away.
'use strict';

const path = require('path');

const WORD = /(?<name>\w+)-(?<number>\d+)/;

class Seen {
  constructor(event) {
    this.names = Object.keys(event).sort();
    this.count = this.names.length;
  }
}

async function handler(event, context) {
  let missing;
  try {
    missing = event.missing.name;
  } catch (error) {
    missing = `${error.message}: ${context.awsRequestId}`;
  }
  const found = event.words.map((word) => WORD.exec(word)?.groups).filter(Boolean);
  const numbers = Object.fromEntries(found.map(({ name, number }) => [name, Number(number)]));
  return {
    ...new Seen(event),
    found: JSON.stringify(numbers),
    left: context.getRemainingTimeInMillis(),
    region: process.env.AWS_REGION ?? 'none',
    file: path.basename(__filename),
    time: new Date().toISOString(),
    missing,
  };
}

exports.handler = handler;
