// Loads the bundles of `dist/`. The build leaves V8's compiled code beside those that most commands need (`*.cache`):
// compiling them anew would be a third of every start. A cache of another text or another Node is passed over.
const { readFileSync } = require('fs');
const { createRequire } = require('module');
const { dirname, join } = require('path');
const { Script, constants } = require('vm');

const RUNTIME = `${process.version} ${process.platform} ${process.arch}`;

/**
 * `load(path)` gives what a bundle exports; bundles that it asks for by `./name` are loaded the same way.
 * `scripts` holds what was loaded, for the build, which makes the caches of it.
 */
function createLoader() {
  const modules = new Map();
  const scripts = new Map();

  function load(path) {
    const known = modules.get(path);
    if (known !== undefined) return known.exports;
    // The build leaves nothing but ASCII in them.
    const source = readFileSync(path, 'latin1');
    const key = cacheKey(source);
    const script = new Script(`(function (exports, require, module, __filename, __dirname) {${source}\n})`, {
      filename: path,
      cachedData: cacheBeside(path, key),
      importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
    });
    const module = { exports: {}, filename: path, id: path };
    modules.set(path, module);
    scripts.set(path, { script, key });
    const folder = dirname(path);
    script.runInThisContext().call(module.exports, module.exports, requireIn(path), module, path, folder);
    return module.exports;
  }

  function requireIn(path) {
    const usual = createRequire(path);
    const require = (id) => {
      if (id.startsWith('./')) return load(join(dirname(path), id));
      return modules.has(id) ? load(id) : usual(id);
    };
    return Object.assign(require, usual);
  }

  return { load, scripts };
}

/** The build ends each bundle with the hash of its text: V8 itself would only compare lengths. */
function cacheKey(source) {
  return `${source.slice(-65, -1)} ${RUNTIME}`;
}

/** One line that says what it was made of and how long it is, then V8's bytes. */
function cacheBeside(path, key) {
  let bytes;
  try {
    bytes = readFileSync(`${path}.cache`);
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  }
  const end = bytes.indexOf(10);
  const isWhole = bytes.toString('latin1', 0, end) === `${key} ${bytes.length - end - 1}`;
  return isWhole ? bytes.subarray(end + 1) : undefined;
}

module.exports = { createLoader };
