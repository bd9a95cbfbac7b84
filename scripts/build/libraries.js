import { existsSync } from 'node:fs';
import { open, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { signed } from './code-cache.js';

/**
 * Part of the program itself: small, and needed by nearly every command; or zod, of which a bundle that knows what is
 * used leaves three quarters out.
 */
const INLINE = /^(?:node:|@oclif\/core(?:\/|$)|picocolors$|env-paths$|zod$)/;

/** What only a control plane with a cluster needs: the others never read a megabyte for nothing. */
const OF_CLUSTERS = /^(?:@kubernetes\/client-node\/|ws$)/;

/**
 * Packages that only some commands need. Each is a file of its own, `dist/lib-<name>-<version>.cjs`, loaded by the
 * first module that imports it; the program itself stays one small file.
 *
 * @param {string} root the package's folder
 * @param {string} dist
 * @param {readonly string[]} external never bundled
 */
export function libraries(root, dist, external) {
  const used = new Map();
  const pluginFor = (filter) => ({
    name: 'libraries',
    setup(build) {
      build.onResolve({ filter }, ({ path, importer, namespace }) => {
        if (namespace === 'library' || INLINE.test(path) || external.includes(path)) return undefined;
        if (importer.includes('node_modules') || path.startsWith('aichor:')) return undefined;
        return { path, namespace: 'library' };
      });
      build.onResolve({ filter: /^\.\/lib-/, namespace: 'library' }, ({ path }) => ({
        path,
        external: true,
      }));
      build.onLoad({ filter: /.*/, namespace: 'library' }, async ({ path }) => {
        const name = fileName(root, path);
        const names = (await namesOf(join(dist, name))) ?? Object.keys(await loaded(root, path));
        used.set(name, { specifier: path, names });
        return { contents: facade(name, names), loader: 'js', resolveDir: root };
      });
    },
  });
  return {
    plugin: pluginFor(/^[^./]/),
    /** The control plane needs most of its packages, and they are in its file. */
    serverPlugin: pluginFor(OF_CLUSTERS),
    build: () =>
      Promise.all(Array.from(used, ([name, library]) => buildLibrary(root, join(dist, name), library))),
  };
}

/** Hands on what the file exports, under the names that importing the package gives. */
function facade(name, names) {
  const exported = names.filter((one) => one !== 'default' && one !== 'module.exports');
  return [
    `const library = require("./${name}");`,
    ...exported.map((one, index) => `const name${index} = library[${JSON.stringify(one)}];`),
    `export { ${exported.map((one, index) => `name${index} as ${JSON.stringify(one)}`).join(', ')} };`,
    names.includes('default') ? 'export default library.default;' : '',
  ].join('\n');
}

/** @returns {Promise<{name: string, contents: Uint8Array} | null>} null when it is there already */
async function buildLibrary(root, path, { specifier, names }) {
  const name = path.slice(path.lastIndexOf('/') + 1);
  if (existsSync(path)) return { name, contents: await readFile(path) };
  const { build } = await import('esbuild');
  const whole = `export * from ${JSON.stringify(specifier)};`;
  const usual = names.includes('default') ? `export { default } from ${JSON.stringify(specifier)};` : '';
  const result = await build({
    stdin: { contents: `${whole}${usual}`, resolveDir: root, sourcefile: 'library.mjs' },
    bundle: true,
    format: 'cjs',
    platform: 'node',
    target: 'node20',
    minifyWhitespace: true,
    minifySyntax: true,
    legalComments: 'none',
    banner: { js: `// ${JSON.stringify(names)}` },
    logLevel: 'error',
    write: false,
  });
  return { name, contents: signed(result.outputFiles[0].contents) };
}

/** A package's version is in the name: another one is another file. */
function fileName(root, specifier) {
  const [scope, name] = specifier.split('/');
  const owner = specifier.startsWith('@') ? `${scope}/${name}` : scope;
  const { version } = createRequire(join(root, 'package.json'))(
    join(root, 'node_modules', owner, 'package.json'),
  );
  return `lib-${specifier.replace('@', '').replaceAll('/', '-')}-${version}.cjs`;
}

/** Names stand in the first line of a file that was built before: loading the package again would cost more. */
async function namesOf(path) {
  if (!existsSync(path)) return null;
  const file = await open(path);
  try {
    for await (const line of file.readLines()) return JSON.parse(line.slice(3));
    return null;
  } finally {
    await file.close();
  }
}

async function loaded(root, specifier) {
  return import(import.meta.resolve(specifier, pathToFileURL(join(root, 'package.json')).href));
}
