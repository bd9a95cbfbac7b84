import { existsSync, readFileSync } from 'node:fs';
import { dirname, extname, join } from 'node:path';
import { pathToFileURL } from 'node:url';

/**
 * esbuild plugin: `await import('a-package')` gives what it gives without bundling. Node finds the named exports of a
 * CommonJS package when it loads it; a split bundle would only have `default`. So the names are looked up here, once,
 * by loading the package, and written out.
 */
export const cjsNames = {
  name: 'cjs-names',
  setup(build) {
    build.onResolve({ filter: /^[^./]/ }, async ({ path, kind, resolveDir, pluginData }) => {
      if (kind !== 'dynamic-import' || pluginData === cjsNames || path.startsWith('node:')) return undefined;
      const found = await build.resolve(path, { kind: 'import-statement', resolveDir, pluginData: cjsNames });
      if (found.external || found.errors.length > 0 || !isCommonJs(found.path)) return undefined;
      return { path: found.path, namespace: 'cjs-names' };
    });
    build.onLoad({ filter: /.*/, namespace: 'cjs-names' }, async ({ path }) => ({
      contents: await withNames(path),
      resolveDir: dirname(path),
      loader: 'js',
    }));
  },
};

async function withNames(path) {
  const loaded = await import(pathToFileURL(path).href);
  const names = Object.keys(loaded).filter((name) => name !== 'default' && name !== 'module.exports');
  const list = names.map((name, index) => `const name${index} = whole[${JSON.stringify(name)}];`);
  const exported = names.map((name, index) => `name${index} as ${JSON.stringify(name)}`);
  return [
    `const whole = require(${JSON.stringify(path)});`,
    ...list,
    `export { ${['whole as default', ...exported].join(', ')} };`,
  ].join('\n');
}

/** As Node decides it: by extension, else by `type` of the nearest package.json. */
function isCommonJs(path) {
  if (extname(path) === '.cjs') return true;
  if (extname(path) !== '.js') return false;
  for (let folder = dirname(path); folder !== dirname(folder); folder = dirname(folder)) {
    const file = join(folder, 'package.json');
    if (existsSync(file)) return JSON.parse(readFileSync(file, 'utf8')).type !== 'module';
  }
  return true;
}
