import { readFile } from 'node:fs/promises';

const OCLIF = /[\\/]@oclif[\\/]core[\\/]/;

/**
 * Packages that oclif loads on every start and this program never needs: together a third of the bundle. What
 * each stands in for is the most that can be asked of it here.
 */
const STAND_INS = {
  // Names of plugins in package.json may be patterns; ours are plain names.
  minimatch: 'exports.minimatch = (name, pattern) => name === pattern;',
  // Looks for commands on disk; ours are an explicit table, and our one plugin ships a manifest.
  tinyglobby: "exports.glob = async () => { throw new Error('commands are an explicit table'); };",
  // Seventy animations for a spinner that this program does not use.
  'cli-spinners': "const still = { frames: ['…'] }; module.exports = { dots2: still, line: still };",
};

/** The completion commands ask for the whole of oclif; what they use of it is in the bundle already. */
const COMPLETION = /[\\/]@oclif[\\/]plugin-autocomplete[\\/]/;
const PARTS = `
export { Command } from '@oclif/core/command';
export * as Args from '@oclif/core/args';
export * as Flags from '@oclif/core/flags';
export * as ux from '@oclif/core/ux';
`;

/** esbuild plugin: oclif without what is not needed at start. */
export const leanOclif = {
  name: 'lean-oclif',
  setup(build) {
    const filter = new RegExp(`^(${Object.keys(STAND_INS).join('|')})$`);
    build.onResolve({ filter }, ({ path, importer }) =>
      OCLIF.test(importer) ? { path, namespace: 'stand-in' } : undefined,
    );
    build.onResolve({ filter: /^@oclif\/core$/ }, ({ path, importer }) =>
      COMPLETION.test(importer) ? { path, namespace: 'oclif-parts' } : undefined,
    );
    build.onLoad({ filter: /.*/, namespace: 'oclif-parts' }, () => ({
      contents: PARTS,
      resolveDir: build.initialOptions.absWorkingDir,
    }));
    build.onLoad({ filter: /.*/, namespace: 'stand-in' }, ({ path }) => ({
      contents: STAND_INS[path],
      loader: 'js',
    }));
    build.onLoad({ filter: /@oclif[\\/]core[\\/]lib[\\/]config[\\/]plugin\.js$/ }, plainComparison);
  },
};

/**
 * Command ids are sorted with `localeCompare`, whose first use builds a collator: 6 ms of every start. Ids are
 * plain ASCII, so comparing code units gives the same order.
 */
async function plainComparison({ path }) {
  const source = await readFile(path, 'utf8');
  const slow = '(a, b) => a.id.localeCompare(b.id)';
  if (!source.includes(slow)) throw new Error(`${path} no longer sorts as this build expects: look again`);
  return {
    contents: source.replace(slow, '(a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0)'),
    loader: 'js',
  };
}
