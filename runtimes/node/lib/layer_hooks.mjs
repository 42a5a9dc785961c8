// How ES modules find the packages of layers.cjs: what the function has not got itself is searched
// again as if the layer's folder for this version asked for it.
const LATER = ['file:///opt/nodejs/node_modules/', 'file:///var/runtime/node_modules/'];
let parent;

export function initialize(data) {
  parent = data.parent;
}

export async function resolve(specifier, context, next) {
  const isPackage = !/^(\.{0,2}\/|[a-z]+:|#)/.test(specifier);
  try {
    const found = await next(specifier, context);
    if (!isPackage || !LATER.some((folder) => found.url.startsWith(folder))) return found;
  } catch (error) {
    if (!isPackage || error?.code !== 'ERR_MODULE_NOT_FOUND') throw error;
    return next(specifier, { ...context, parentURL: parent });
  }
  return next(specifier, { ...context, parentURL: parent });
}
