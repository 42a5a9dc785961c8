// Finds the function that a handler string names, as Lambda's Node client does.
//
// `folder/file.a.b`: the file is looked for without ending, as .js (CommonJS, or an ES module where
// the nearest package.json says "type": "module"), .mjs, .cjs, and at last by Node's own search in
// node_modules; `a.b` is a path of exported names.
'use strict';

const fs = require('fs');
const path = require('path');
const faults = require('./faults.cjs');

/** Returns the handler; rejects with a Runtime.Xxx fault or with what the user's module threw. */
async function load(taskRoot, handlerString) {
  if (handlerString.includes('..')) {
    throw new faults.MalformedHandlerName(`'${handlerString}' is not a valid handler name. Use `
      + 'absolute paths when specifying root directories in handler names.');
  }
  const base = path.basename(handlerString);
  const folder = handlerString.substring(0, handlerString.indexOf(base));
  const dot = base.indexOf('.');
  if (dot < 0) throw new faults.MalformedHandlerName('Bad handler');
  const app = await loadModule(taskRoot, folder, base.substring(0, dot));
  const found = base.substring(dot + 1).split('.')
    .reduce((object, name) => object && object[name], app);
  if (!found) throw new faults.HandlerNotFound(`${handlerString} is undefined or not exported`);
  if (typeof found !== 'function') {
    throw new faults.HandlerNotFound(`${handlerString} is not a function`);
  }
  return found;
}

async function loadModule(taskRoot, folder, name) {
  try {
    return await findModule(taskRoot, folder, name);
  } catch (error) {
    if (error instanceof SyntaxError) throw new faults.UserCodeSyntaxError(error);
    if (error?.code === 'MODULE_NOT_FOUND') throw new faults.ImportModuleError(error);
    throw error;
  }
}

async function findModule(taskRoot, folder, name) {
  const file = path.resolve(taskRoot, folder, name);
  if (isFile(file)) return require(file);
  if (fs.existsSync(file + '.js')) {
    return isModuleFolder(path.dirname(file)) ? import(file + '.js') : require(file + '.js');
  }
  if (fs.existsSync(file + '.mjs')) return import(file + '.mjs');
  if (fs.existsSync(file + '.cjs')) return require(file + '.cjs');
  if (fs.existsSync(file)) return require(file);  // a folder with an index or a package.json
  return require(require.resolve(name, { paths: [taskRoot, path.resolve(taskRoot, folder)] }));
}

function isFile(file) {
  return fs.statSync(file, { throwIfNoEntry: false })?.isFile() ?? false;
}

/** Whether .js files in `folder` are ES modules: the nearest package.json decides. */
function isModuleFolder(folder) {
  for (let at = folder; !at.endsWith('/node_modules'); at = path.dirname(at)) {
    const file = path.join(at, 'package.json');
    if (fs.existsSync(file)) return isModulePackage(file);
    if (at === path.dirname(at)) return false;
  }
  return false;
}

function isModulePackage(file) {
  try {
    return JSON.parse(fs.readFileSync(file, 'utf8'))?.type === 'module';
  } catch (error) {
    console.warn(`${file} cannot be read, it will be ignored for ES module detection purposes.`,
      error);
    return false;
  }
}

module.exports = { load };
