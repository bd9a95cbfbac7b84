import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, sep } from 'node:path';

/**
 * Five changes, tried: something that is there gets another name where its name is given, and the compiler tells which
 * files speak of it. They are those that had to be written or changed when it was added. Names in texts for people are
 * no types, and are not seen, nor is a second list of the same names that no type holds together with the first.
 */
const CHANGES = [
  {
    what: 'files an operator touches (xgboost)',
    // The list of operators' names, or the table whose keys they are.
    given: [/(\bOPERATORS = \{[\s\S]*?\n  )(xgboost)(: \{)/, /(OPERATOR_NAMES = \[[^\]]*')(xgboost)(')/],
  },
  {
    what: 'files an engine touches (kubernetes)',
    given: [
      /(\bENGINE_KINDS = \{[\s\S]*?\n  )(kubernetes)(: \{)/,
      /(readonly kind: 'local' \| ')(kubernetes)(')/,
    ],
  },
  { what: 'files a condition of list touches (since)', given: [/(\blistQuery = [\s\S]*?\n  )(since)(:)/] },
  {
    what: 'files a field of the record touches (image)',
    given: [/(\bexperimentSummary = [\s\S]*?\n  )(image)(:)/],
  },
];

/** @param {string} tree a copy: it is changed, and changed back @returns {Promise<Record<string, number | string>>} */
export async function touchedFiles(tree) {
  const paths = readdirSync(join(tree, 'src'), { recursive: true })
    .map((path) => path.split(sep).join('/'))
    .filter((path) => path.endsWith('.ts'));
  const known = new Set(errors(tree));
  const counts = {};
  for (const { what, given } of CHANGES) {
    const place = placeOf(tree, paths, given);
    if (place === null)
      throw new Error(`${what}: no file gives that name any more (scripts/house/changes.js)`);
    const { path, text, renamed } = place;
    writeFileSync(join(tree, 'src', path), renamed);
    const files = errors(tree)
      .filter((line) => !known.has(line))
      .map((line) => line.slice('src/'.length, line.indexOf('(')));
    writeFileSync(join(tree, 'src', path), text);
    counts[what] = new Set([path, ...files]).size;
  }
  const mentions = paths.filter((path) =>
    readFileSync(join(tree, 'src', path), 'utf8').includes('commands/experiments/wait'),
  );
  counts['files a command touches (experiments wait)'] = 1 + mentions.length;
  return counts;
}

function placeOf(tree, paths, given) {
  for (const pattern of given) {
    for (const path of paths) {
      const text = readFileSync(join(tree, 'src', path), 'utf8');
      if (pattern.test(text)) return { path, text, renamed: text.replace(pattern, '$1$2_renamed$3') };
    }
  }
  return null;
}

/** What the compiler says of the tree, a line for each error. */
function errors(tree) {
  const config = join(tree, 'tsconfig.house.json');
  writeFileSync(config, JSON.stringify({ extends: './tsconfig.json', include: ['src'] }));
  const { stdout } = spawnSync(
    process.execPath,
    [join(tree, 'node_modules/typescript/bin/tsc'), '-p', config, '--pretty', 'false'],
    { cwd: tree, encoding: 'utf8', maxBuffer: 1 << 28 },
  );
  return stdout.split('\n').filter((line) => /^src\/\S+\(\d/.test(line));
}
