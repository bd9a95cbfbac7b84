import { readdir } from 'node:fs/promises';
import { join, sep } from 'node:path';

/**
 * Every file below `src/commands/` is a command, and its path is its name:
 * `experiments/submit/local.ts` → `experiments:submit:local`. A folder whose name begins with `_` only keeps some together.
 *
 * @param {string} root the package's folder
 * @returns {Promise<{id: string, file: string}[]>} by id
 */
export async function commandSources(root) {
  const folder = join(root, 'src', 'commands');
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const own = entries
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => {
      const file = join(entry.parentPath, entry.name);
      const id = file
        .slice(folder.length + 1, -'.ts'.length)
        .split(sep)
        .filter((part) => !part.startsWith('_'))
        .join(':');
      return { id, file };
    });
  return own.sort((a, b) => (a.id < b.id ? -1 : 1));
}

/**
 * The module `aichor:program`: `main` with the table of commands, each loaded when it is the one that was typed.
 * A plugin of rolldown's.
 */
export function program(root, sources) {
  const rows = sources.map(
    ({ id, file }) => `  ${JSON.stringify(id)}: () => import(${JSON.stringify(file)}),`,
  );
  const contents = `
import { main as run } from ${JSON.stringify(join(root, 'src', 'cli', 'main.ts'))};
const COMMANDS = {\n${rows.join('\n')}\n};
export const main = (program) => run(program, COMMANDS);
`;
  return virtualModule('aichor:program', contents);
}

/** The module `aichor:commands` with every command in it, for writing the manifest. */
export function eagerCommandTable(sources) {
  const imports = sources.map(({ file }, index) => `import command${index} from ${JSON.stringify(file)};`);
  const rows = sources.map(({ id }, index) => `  ${JSON.stringify(id)}: command${index},`);
  const contents = `${imports.join('\n')}\nexport const COMMANDS = {\n${rows.join('\n')}\n};\n`;
  return virtualModule('aichor:commands', contents);
}

function virtualModule(name, contents) {
  return {
    name,
    resolveId: (id) => (id === name ? name : null),
    load: (id) => (id === name ? contents : null),
  };
}
