/**
 * The console as it is served: a document for each kind of page, and scripts and styles whose names carry a sum of their content, each packed
 * beside it. Users need no tool for it, and browsers load nothing from elsewhere.
 */
import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';

const pack = {
  br: (bytes) =>
    promisify(brotliCompress)(bytes, {
      params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length },
    }),
  gz: (bytes) => promisify(gzip)(bytes, { level: 9 }),
};

const BROWSERS = ['chrome120', 'firefox121', 'safari17.4'];

/**
 * The files as they are, not packed yet; `picture.cjs` is for the server, which draws by it what a page shows first.
 *
 * @param {string} root the package's folder @returns {Promise<{name: string, contents: Buffer}[]>}
 */
export async function bundled(root) {
  const source = join(root, 'src/console');
  // A worker of the classic kind dies in silence of a module's `export`.
  const [worker, styles] = await Promise.all([
    scripts(root, { worker: join(source, 'worker.ts') }, { format: 'iife' }),
    styleSheets(source),
  ]);
  const addresses = {
    WORKER_URL: JSON.stringify(addressOf(worker[0].name)),
    STYLE_URLS: JSON.stringify(Object.fromEntries(styles.map(({ of, name }) => [of, addressOf(name)]))),
  };
  const [pages, [picture]] = await Promise.all([
    scripts(root, { main: join(source, 'main.tsx') }, { format: 'esm', define: addresses }),
    scripts(root, { picture: join(source, 'picture.tsx') }, { format: 'cjs', define: addresses }),
  ]);
  const urlOf = (files, named) => addressOf(files.find(({ of }) => of === named).name);
  const html = await readFile(join(source, 'index.html'), 'utf8');
  const main = `<script type="module" src="${urlOf(pages, 'main')}"></script>`;
  // Nothing is painted before the styles are there: in the page itself they cost no trip of their own.
  const styleOf = (look) => {
    const text = String(styles.find(({ of }) => of === look).contents).trim();
    // The server reads styles up to the next `<` when it sums them for the page's policy.
    if (text.includes('<')) throw new Error(`the style ${look} holds a <`);
    return `<style data-of="${look}">${text}</style>`;
  };
  const htmlOf = ({ modules, styles: styled, script }) => {
    const chunks = chunksOf(
      pages,
      modules.map((module) => join(source, module)),
    ).map((name) => `<link rel="modulepreload" href="${addressOf(name)}" />`);
    const looks = ['main', ...styled].map(styleOf);
    if (script !== undefined) looks.push(`<script>${script}</script>`);
    // Behind what is seen: a browser that loads and compiles scripts first paints later.
    return Buffer.from(
      html
        .replace('<!-- what it looks like -->', () => looks.join(''))
        .replace('<!-- what it runs -->', () => [main, ...chunks].join('')),
    );
  };
  const documents = Object.entries(PAGES).map(([name, needs]) => ({
    name: `${name}.html`,
    contents: htmlOf(needs),
  }));
  const later = styles.filter(({ of }) => of !== 'main');
  return [...worker, ...later, ...pages, ...documents, { name: PICTURE, contents: picture.contents }];
}

/**
 * What the server draws of a log is its end, as it is not told which line somebody wants to see: such an address shows none until the
 * page's script has found it. The only script that stands in a page; its policy names it by its sum.
 */
const FOR_A_LINE = "if(/^#L\\d/.test(location.hash))document.documentElement.dataset.line=''";

/**
 * The documents of the console (`pageAt` of `src/api/console/first-asked.ts` says where which is served), with what is loaded beside the
 * first script: a browser that finds it in the page asks for all of it at once, instead of for one after the other.
 */
const EXPERIMENT = { modules: ['experiment/page.tsx'], styles: ['page'] };
const PAGES = {
  index: { modules: [], styles: [] },
  experiment: EXPERIMENT,
  logs: { ...EXPERIMENT, script: FOR_A_LINE },
  metrics: {
    modules: [...EXPERIMENT.modules, 'metrics/page.tsx'],
    styles: [...EXPERIMENT.styles, 'chart'],
  },
  sweeps: { modules: ['sweeps/list.tsx'], styles: ['page', 'sweep'] },
  sweep: { modules: ['sweeps/page.tsx'], styles: ['page', 'sweep'] },
  team: { modules: ['team/pages.tsx'], styles: ['page', 'team'] },
};

/** Names of the scripts with these modules, and of those that they import, without the first one. */
function chunksOf(files, modules) {
  const names = new Set();
  const add = (file) => {
    if (file === undefined || file.of === 'main' || names.has(file.name)) return;
    names.add(file.name);
    for (const name of file.imports) add(files.find((each) => each.name === name));
  };
  for (const module of modules) add(files.find(({ entry }) => entry === module));
  return [...names];
}

/** @param {string} root the package's folder @returns {Promise<{name: string, contents: Buffer}[]>} names below `dist/` */
export async function consoleFiles(root) {
  const plain = await bundled(root);
  const packed = await Promise.all(
    plain
      .filter(({ name }) => name !== PICTURE)
      .flatMap(({ name, contents }) =>
        Object.entries(pack).map(async ([end, how]) => ({
          name: `${name}.${end}`,
          contents: await how(contents),
        })),
      ),
  );
  // What is loaded before what loads it.
  return [...packed, ...plain].map(({ name, contents }) => ({ name: `console/${name}`, contents }));
}

const PICTURE = 'picture.cjs';
const addressOf = (name) => `/assets/${name}`;

/** What every page needs stands in the one script that is loaded first: chunks of it would be packed worse, and cost a trip each. */
async function scripts(root, input, { format, define = {} }) {
  const { rolldown } = await import('rolldown');
  const bundle = await rolldown({
    cwd: root,
    input,
    platform: 'browser',
    tsconfig: false,
    transform: {
      target: BROWSERS,
      jsx: { runtime: 'automatic', importSource: 'preact' },
      define: { 'process.env.NODE_ENV': '"production"', ...define },
    },
    // What is loaded on demand in the browser is nothing that is seen first.
    ...(format === 'cjs' && {
      plugins: [{ name: 'first', resolveDynamicImport: () => ({ id: 'later', external: true }) }],
    }),
    logLevel: 'warn',
  });
  const names = '[name]-[hash].js';
  const { output } = await bundle.generate({
    format,
    ...(format === 'cjs' && { exports: 'named' }),
    minify: true,
    entryFileNames: names,
    chunkFileNames: names,
    ...(format === 'esm' && {
      codeSplitting: {
        groups: [firstGroup([...Object.values(input), ...SMALL.map((path) => join(root, path))])],
      },
    }),
    comments: false,
  });
  return output.map(({ fileName, name, code, facadeModuleId, imports }) => ({
    of: name,
    name: fileName,
    entry: facadeModuleId,
    imports,
    contents: Buffer.from(code),
  }));
}

/** What nearly every page needs, too small for a file of its own. */
const SMALL = ['src/base/text/plural.ts', 'src/console/parts/confirm.tsx', 'src/console/parts/missing.tsx'];

/** All that entries import at once, and what that imports: one chunk, whatever of it other chunks need too. */
function firstGroup(entries) {
  let first = null;
  return {
    debugName: 'first',
    name(id, graph) {
      if (first === null) {
        first = new Set(entries);
        for (const each of first)
          for (const next of graph.getModuleInfo(each)?.importedIds ?? []) first.add(next);
      }
      return first.has(id) ? 'first' : null;
    },
  };
}

/** `main`, and by their names those that only some pages need. */
async function styleSheets(source) {
  const { build } = await import('esbuild');
  const later = join(source, 'style/later');
  const { outputFiles, metafile } = await build({
    bundle: true,
    write: false,
    minify: true,
    outdir: '/out',
    entryNames: '[name]-[hash]',
    target: BROWSERS,
    logLevel: 'warning',
    metafile: true,
    entryPoints: [join(source, 'style/main.css'), ...(await readdir(later)).map((name) => join(later, name))],
  });
  const sources = new Map(
    Object.entries(metafile.outputs).map(([path, { entryPoint }]) => [basename(path), entryPoint]),
  );
  return outputFiles.map(({ path, contents }) => {
    const name = basename(path);
    return { of: basename(sources.get(name), '.css'), name, contents: Buffer.from(contents) };
  });
}
