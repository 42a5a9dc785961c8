// Errors in the form that Lambda's Node client gives them: {errorType, errorMessage, trace}.
'use strict';

const { types } = require('util');

function faultClass(name) {
  const made = { [name]: class extends Error {} }[name];
  made.prototype.name = `Runtime.${name}`;
  return made;
}

/** A rejected promise that nobody handled. */
class UnhandledPromiseRejection extends Error {
  constructor(reason, promise) {
    super(reason);
    this.reason = reason;
    this.promise = promise;
  }
}
UnhandledPromiseRejection.prototype.name = 'Runtime.UnhandledPromiseRejection';

function looksLikeError(value) {
  return types.isNativeError(value)
    || Boolean(value && typeof value.name === 'string' && typeof value.message === 'string'
      && typeof value.stack === 'string' && value.name && value.message && value.stack);
}

/** The report of anything that was thrown or handed to a callback as error. */
function reportOf(error) {
  try {
    if (!looksLikeError(error)) {
      return { errorType: typeof error, errorMessage: error.toString(), trace: [] };
    }
    const stack = typeof error.stack === 'string' ? error.stack : '';
    return { errorType: error.name, errorMessage: error.message, trace: stack.split('\n') };
  } catch {
    return {
      errorType: 'handled',
      errorMessage: 'callback called with Error argument, but there was a problem while retrieving '
        + 'one or more of its message, name, and stack',
    };
  }
}

function withMembers(value) {
  if (!(value instanceof Error)) return value;
  const shown = { errorType: value.name, errorMessage: value.message, code: value.code, ...value };
  if (typeof value.stack === 'string') shown.stack = value.stack.split('\n');
  return shown;
}

/** An error as the text log shows it: a tab and one line of JSON. */
function logText(error) {
  try {
    return '\t' + JSON.stringify(error, (_, value) => withMembers(value));
  } catch {
    return '\t' + JSON.stringify(reportOf(error));
  }
}

module.exports = {
  ImportModuleError: faultClass('ImportModuleError'),
  HandlerNotFound: faultClass('HandlerNotFound'),
  MalformedHandlerName: faultClass('MalformedHandlerName'),
  UserCodeSyntaxError: faultClass('UserCodeSyntaxError'),
  MalformedStreamingHandler: faultClass('MalformedStreamingHandler'),
  InvalidStreamingOperation: faultClass('InvalidStreamingOperation'),
  InvalidWorkingDir: faultClass('InvalidWorkingDir'),
  InvalidTaskConfig: faultClass('InvalidTaskConfig'),
  UnhandledPromiseRejection,
  reportOf,
  logText,
};
