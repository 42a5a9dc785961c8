// Packages that a layer has for one version of Node: /opt/nodejs/node20/node_modules.
//
// On Lambda they come after the function's own and before all others. Both kinds of modules search
// the node_modules of every folder above the function, where a container's root has links to the
// other layers' and the bundled packages (/var/node_modules, /node_modules); these go in between.
// Nothing is changed for a function without such a layer.
'use strict';

const fs = require('fs');
const module_ = require('module');
const path = require('path');
const { pathToFileURL } = require('url');

const FOLDER = `/opt/nodejs/node${process.versions.node.split('.')[0]}/node_modules`;
const LATER = ['/var/node_modules', '/node_modules'];

/** Call when layers are mounted, before any module of the function is loaded. */
function searchVersionedLayer() {
  if (!fs.existsSync(FOLDER)) return;
  const pathsAbove = module_._nodeModulePaths;
  module_._nodeModulePaths = (from) => withVersioned(pathsAbove(from));
  // ES modules; not before Node 18.19. Costs a thread, so not done for everybody.
  const hooks = pathToFileURL(path.join(__dirname, 'layer_hooks.mjs'));
  module_.register?.(hooks, { data: { parent: `${pathToFileURL(path.dirname(FOLDER))}/x.mjs` } });
}

function withVersioned(paths) {
  const at = paths.findIndex((one) => LATER.includes(one));
  if (at < 0 || paths.includes(FOLDER)) return paths;
  return [...paths.slice(0, at), FOLDER, ...paths.slice(at)];
}

module.exports = { searchVersionedLayer };
