/** The generated parts of docs/manifest.md: fields from the schema, examples from the manifests that tests read. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const BLOCK = /<!-- (fields|example ([\w.-]+)) -->\n[^]*?<!-- end -->/g;
/** Maps that every type has are told once, under the first of them. */
const FIRST_RESOURCES = 'spec.types.worker.resources';

/** The page with its generated parts written anew. @param {string} root @returns {string} Markdown */
export function manifestPage(root) {
  const page = readFileSync(join(root, 'docs/manifest.md'), 'utf8');
  return page.replace(BLOCK, (_block, what, example) => {
    const text = example === undefined ? fields(root) : yaml(exampleText(root, example));
    return `<!-- ${what} -->\n\n${text}\n\n<!-- end -->`;
  });
}

function exampleText(root, name) {
  return readFileSync(join(root, 'test/fixtures/manifests', name), 'utf8').trim();
}

function yaml(text) {
  return `\`\`\`yaml\n${text}\n\`\`\``;
}

/** What `manifest explain` knows, map by map. */
function fields(root) {
  const words = [join(root, 'bin/aichor.js'), 'manifest', 'explain', '--recursive', '--output', 'json'];
  const { status, stdout, stderr } = spawnSync(process.execPath, words, {
    encoding: 'utf8',
    maxBuffer: 1 << 24,
  });
  if (status !== 0) throw new Error(`manifest explain: ${stderr}`);
  const all = JSON.parse(stdout).fields;
  const shown = all.filter(
    ({ path }) => path.startsWith(`${FIRST_RESOURCES}.`) || !path.includes('.resources.'),
  );
  const parents = ['', ...shown.map(({ path }) => path)];
  return parents
    .map((parent) => [parent, shown.filter(({ path }) => parentOf(path) === parent)])
    .filter(([, inside]) => inside.length > 0)
    .map(([parent, inside]) => section(parent, inside))
    .join('\n\n');
}

function parentOf(path) {
  return path.includes('.') ? path.slice(0, path.lastIndexOf('.')) : '';
}

function section(parent, inside) {
  const title = parent.startsWith(FIRST_RESOURCES)
    ? parent.replace(FIRST_RESOURCES, '….resources') + (parent === FIRST_RESOURCES ? ' of every type' : '')
    : parent || 'the manifest';
  const rows = inside.map(row);
  return [
    `### \`${title}\``,
    '',
    '| field | type | default | what it is |',
    '|---|---|---|---|',
    ...rows,
  ].join('\n');
}

function row(field) {
  const name = field.path.slice(field.path.lastIndexOf('.') + 1);
  const usual = field.required ? '**required**' : field.default === null ? '' : `\`${field.default}\``;
  const operators = field.operators.length === OPERATORS ? [] : [`Operators: ${field.operators.join(', ')}.`];
  const what = [
    field.deprecated ? `*Earlier form.* ${field.description}` : field.description,
    `Example: \`${name.replace('[]', '')}: ${field.example}\`.`,
    ...(field.path.includes('.resources.') ? [] : operators),
    ...(field.engines.local === field.engines.kubernetes
      ? []
      : [`*On this machine:* ${sentence(field.engines.local)}`]),
    ...(field.original === null ? [] : [`*Original:* ${sentence(field.original)}`]),
  ].join(' ');
  return `| \`${name}\` | ${cell(field.type)} | ${usual} | ${cell(what)} |`;
}

const OPERATORS = 6;

function sentence(text) {
  return /[.!?]"?$/.test(text) ? text : `${text}.`;
}

function cell(text) {
  return text.replaceAll('|', '\\|');
}
