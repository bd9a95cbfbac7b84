/** docs/json.md: every document, code and reason, from the contracts (zod), the interfaces of documents and their comments. */
import { readFileSync } from 'node:fs';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { COMMANDS, DOCUMENTS } from './documents.js';
import { interfaceFields, titlesIn, withMeanings } from './fields.js';
import { HEAD, USE_OF_CODES } from './text.js';
import { CHANGES, ERRORS, NOTICES, POD_STATUSES, REASONS, STATUSES, STEPS } from './words.js';
import { FIELDS } from './words-of-fields.js';

/**
 * @param {string} root
 * @param {Record<string, object>} commands of oclif.manifest.json
 * @returns {Promise<{page: string, findings: string[]}>} Markdown, and what it cannot say
 */
export async function jsonPage(root, commands) {
  const findings = [];
  const made = await contracts(root);
  const use = { ...made, root, findings, used: new Set(), shapes: shapesOf(made, findings) };
  const names = Object.values(commands)
    .filter((command) => !command.hidden)
    .map((command) => command.id.replaceAll(':', ' '));
  const rows = (keys, words, what) => rowsOf(keys, words, { what, findings });
  const errors = rows(made.ERROR_CODES, ERRORS, 'error code').map(([code, text]) => [
    ...[code, made.EXIT_CODES[code], made.HTTP_STATUS[code], text],
  ]);
  const printed = rows(names.toSorted(), COMMANDS, 'command').map(([name, text]) => [
    name,
    linked(text, use),
  ]);
  const page = [
    HEAD,
    table(['command', 'document'], printed),
    '## Documents\n',
    ...DOCUMENTS.map((document) => section(document, use)),
    USE_OF_CODES,
    table(['code', 'exit code', 'HTTP', 'what has happened'], errors),
    '## Statuses\n',
    table(['status of an experiment', 'what it means'], rows(made.STATUSES, STATUSES, 'status')),
    table(['step', 'what it means'], rows(made.STEPS, STEPS, 'step')),
    table(['status of a pod', 'what it means'], rows(made.POD_STATUSES, POD_STATUSES, 'status of a pod')),
    '## Reasons\n',
    table(['reason', 'what it means'], rows(made.REASONS, REASONS, 'reason')),
    '## Kinds of changes\n',
    'What `aichor events` calls a change (`kind`), and what `data` of it holds. Those of `events` of a record are called the same.\n',
    table(['kind', 'what it means'], rows(made.CHANGE_KINDS, CHANGES, 'kind of change')),
    '## Codes of notices\n',
    '`notices` of an experiment, an engine list or a plan.\n',
    table(['code', 'what it means'], rows(await noticeCodes(root, made), NOTICES, 'code of a notice')),
    '## Codes of diagnostics\n',
    'What `manifest validate` finds, by its weight; `deprecated` is a warning, which `--strict` turns into an error.\n',
    table(['weight', 'codes'], diagnostics(made)),
  ].join('\n');
  for (const name of Object.keys(FIELDS))
    if (!use.used.has(name))
      findings.push(`scripts/check/json/words-of-fields.js: nothing is called ${name}`);
  return { page, findings };
}

/** Everything the page tells of, as it runs, bundled from its sources with the comments in it. */
async function contracts(root) {
  const files = [...new Set(DOCUMENTS.filter(({ schema }) => schema).map(({ file }) => file))];
  const more = ['errors', 'exit-codes', 'experiment/status', 'experiment/told/change', 'manifest/codes'];
  const lines = [
    ...[...files, ...more.map((name) => `${name}.ts`)].map((file) => `export * from './src/${file}';`),
    "export { HTTP_STATUS } from './src/server/http/error-response.ts';",
    "export { z } from 'zod';",
  ];
  const meanings = {
    name: 'meanings',
    setup: ({ onLoad }) =>
      onLoad({ filter: /src\/(api\/.*|experiment\/record)\.ts$/ }, ({ path }) => ({
        ...{ contents: withMeanings(readFileSync(path, 'utf8')), loader: 'ts' },
      })),
  };
  const { outputFiles } = await build({
    stdin: { contents: lines.join('\n'), resolveDir: root, loader: 'ts' },
    ...{
      bundle: true,
      format: 'esm',
      platform: 'node',
      packages: 'external',
      write: false,
      plugins: [meanings],
    },
  });
  const folder = join(root, 'node_modules/.cache');
  await mkdir(folder, { recursive: true });
  const file = join(folder, `aichor-contracts-${process.pid}.mjs`);
  await writeFile(file, outputFiles[0].text);
  return import(pathToFileURL(file).href).finally(() => rm(file));
}

function diagnostics({ DIAGNOSTIC_CODES: codes }) {
  return ['error', 'warning', 'deprecated'].map((weight) => [
    weight,
    Object.keys(codes)
      .filter((code) => codes[code] === weight)
      .map((code) => `\`${code}\``)
      .join(', '),
  ]);
}

/** Words that stand as `code: '…'` in the sources and are no error's, no diagnostic's and none of zod's. */
async function noticeCodes(root, { ERROR_CODES, DIAGNOSTIC_CODES }) {
  const others = new Set([
    ...ERROR_CODES,
    ...Object.keys(DIAGNOSTIC_CODES),
    'custom',
    'too_big',
    'too_small',
  ]);
  const files = (await readdir(join(root, 'src'), { recursive: true })).filter((file) =>
    file.endsWith('.ts'),
  );
  const codes = new Set();
  for (const file of files) {
    const text = readFileSync(join(root, 'src', file), 'utf8');
    for (const [words] of text.matchAll(/\bcode: '[a-z_]+'(?:\s*\|\s*'[a-z_]+')*/g))
      for (const [, code] of words.matchAll(/'([a-z_]+)'/g)) if (!others.has(code)) codes.add(code);
  }
  return [...codes].toSorted();
}

function rowsOf(names, words, { what, findings }) {
  for (const name of names)
    if (!Object.hasOwn(words, name)) findings.push(`scripts/check/json: no words for the ${what} ${name}`);
  for (const name of Object.keys(words))
    if (!names.includes(name)) findings.push(`scripts/check/json: there is no ${what} ${name}`);
  return names.map((name) => [name, words[name] ?? '']);
}

function table(head, rows) {
  const line = (cells) => `| ${cells.join(' | ')} |`;
  const body = rows.map(([name, ...cells]) =>
    line([`\`${name}\``, ...cells.map((cell) => escaped(String(cell)))]),
  );
  return `${[line(head), line(head.map(() => '---')), ...body].join('\n')}\n`;
}

function escaped(text) {
  return text.replaceAll('|', '\\|');
}

/** `{Name}` as a link to the section. */
function linked(text, { findings }) {
  return text.replaceAll(/\{([A-Z]\w+)\}/g, (_all, name) => {
    if (!DOCUMENTS.some((document) => document.name === name))
      findings.push(`docs/json.md: there is no document ${name}`);
    return `[${name}](#${name.toLowerCase()})`;
  });
}

function section(document, use) {
  const { name, file, schema, says, base } = document;
  const text = readFileSync(join(use.root, 'src', file), 'utf8');
  const told = says ?? titlesIn(text).get(schema ?? name);
  if (told === undefined) use.findings.push(`docs/json.md: nothing is said of the document ${name}`);
  const rows = schema === undefined ? interfaceRows(document, { text, use }) : schemaRows(document, use);
  const note = base === undefined ? [] : [`All fields of {${base}}, and:\n`];
  return linked(
    [`### ${name}\n`, `${told ?? ''}\n`, ...note, table(['field', 'type', 'what it is'], rows)].join('\n'),
    use,
  );
}

function interfaceRows({ name, interface: called = name, base }, { text, use }) {
  const found = interfaceFields(text, called);
  if (found === null) throw new Error(`docs/json.md: there is no interface ${called}`);
  if (found.base !== null && base === undefined)
    use.findings.push(`docs/json.md: ${name} has a base, ${found.base}`);
  return found.fields.map((field) => {
    const isTime = field.type.startsWith('string') && /^time$|_at$/.test(field.name);
    const type = (isTime ? 'time' : tsType(field.type)) + (field.optional ? ', may be missing' : '');
    return [
      field.name,
      type,
      meaning({ name, path: field.name, field: field.name, comment: field.comment }, use),
    ];
  });
}

/** A type of TypeScript for people. */
function tsType(type) {
  const choices = type.split(/ \| (?![^{<(]*[}>)])/);
  if (choices.length > 1) {
    const [more, words] = [choices.slice(0, -1), choices.every((choice) => choice.startsWith("'"))];
    if (words) return choices.map(tsType).join(', ');
    return `${more.map(tsType).join(' or ')} or ${tsType(choices.at(-1))}`;
  }
  if (Object.hasOwn(NAMES, type)) return NAMES[type];
  if (type.endsWith('[]')) return `list of ${tsType(type.slice(0, -2))}`;
  const map = /^Record<string, (.*)>$/.exec(type);
  if (map !== null) return `names to ${tsType(map[1])}`;
  const inside = /^\{ (.*) \}$/.exec(type);
  if (inside !== null)
    return `object of ${inside[1]
      .split('; ')
      .map((field) => `\`${field.split(':')[0]}\``)
      .join(', ')}`;
  const known = DOCUMENTS.find((document) => (document.interface ?? document.name) === type);
  if (known !== undefined) return `{${known.name}}`;
  return type.startsWith("'") ? type.replaceAll("'", '`') : type;
}

/** What a field means: its comment, else the words for this place, else those for its name anywhere. Words that a comment hides are found. */
function meaning({ name, path, field, comment }, { used, findings }) {
  const here = `${name}.${path}`;
  const said = [comment, FIELDS[here], FIELDS[field]].find((text) => text != null);
  if (said === undefined)
    findings.push(`docs/json.md: what is ${here}? Say it in a comment beside the field`);
  const key = Object.hasOwn(FIELDS, here) ? here : field;
  if (said !== comment) used.add(key);
  return (said ?? '').trim().replace(/\.$/, '');
}

/** Names of types that are words or lists to whoever reads the document. */
const NAMES = {
  DiagnosticCode: 'word',
  OperatorName: 'word',
  EnvOrigin: 'word',
  Origin: 'word',
  Step: 'word',
  Stream: 'word',
  MetricPart: '`last`, `min`, `max`',
  Point: 'names to string',
  T: 'string or null',
  KubernetesObject: 'object',
  PlannedToleration: 'object',
  "Results['rows'][number]": '{ResultRow}',
  'Partial<Record<Status, number>>': 'names to number',
  '(Trial & { message: string })': 'object of `sweep`, `point`, `index`, `repeat`, `message`',
};

function schemaOf(schema, { z }) {
  return z.toJSONSchema(schema, { io: 'output', unrepresentable: 'any', reused: 'inline' });
}

/** Which document an object inside another one is, by the names of its fields. */
function shapesOf(made, findings) {
  const shapes = new Map();
  for (const { name, schema } of DOCUMENTS) {
    if (schema === undefined) continue;
    if (made[schema] === undefined) throw new Error(`docs/json.md: there is no schema ${schema}`);
    const shape = shapeOf(schemaOf(made[schema], made));
    if (shapes.has(shape)) findings.push(`docs/json.md: ${name} and ${shapes.get(shape)} look the same`);
    shapes.set(shape, name);
  }
  return shapes;
}

function shapeOf({ properties = {} }) {
  return Object.keys(properties).toSorted().join(' ');
}

function schemaRows({ name, schema, base }, use) {
  const whole = schemaOf(use[schema], use);
  const of = DOCUMENTS.find((document) => document.name === base);
  const known = of === undefined ? {} : schemaOf(use[of.schema], use).properties;
  const fields = Object.entries(whole.properties).filter(([field]) => !Object.hasOwn(known, field));
  return fieldRows({ ...whole, properties: Object.fromEntries(fields) }, { name, before: '', use });
}

/** Fields, and those inside them: `pods[].status`. Documents inside others are told once, by their own name. */
function fieldRows(schema, { name, before, use }) {
  return Object.entries(schema.properties).flatMap(([field, value]) => {
    const path = `${before}${field}`;
    const comment = value.description ?? plain(value).description;
    const optional = schema.required?.includes(field) ? '' : ', may be missing';
    const said = meaning({ name, path, field, comment }, use);
    const row = [path, `${typeText(value, use)}${optional}`, said];
    const inner = objectIn(value);
    if (inner === null || use.shapes.has(shapeOf(inner.schema))) return [row];
    return [row, ...fieldRows(inner.schema, { name, before: `${path}${inner.suffix}.`, use })];
  });
}

function objectIn(value) {
  const schema = plain(value);
  if (schema.type === 'object' && schema.properties) return { schema, suffix: '' };
  const [inside, suffix] =
    schema.type === 'array' ? [schema.items, '[]'] : [schema.additionalProperties, '.NAME'];
  const inner = typeof inside === 'object' ? objectIn(inside) : null;
  return inner && { ...inner, suffix: `${suffix}${inner.suffix}` };
}

/** Less null, which `typeText` tells. */
function plain(schema) {
  const others = schema.anyOf?.filter(({ type }) => type !== 'null');
  return others?.length === 1 ? plain(others[0]) : schema;
}

function typeText(schema, use) {
  if (Array.isArray(schema.type)) return schema.type.join(' or ');
  const isNullable = schema.anyOf?.some(({ type }) => type === 'null') && plain(schema) !== schema;
  return `${nameOf(plain(schema), use)}${isNullable ? ' or null' : ''}`;
}

const LONGEST_LIST = 8;

function nameOf(schema, use) {
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices) return choices.map((choice) => typeText(choice, use)).join(' or ');
  if (schema.const !== undefined) return `\`${JSON.stringify(schema.const)}\``;
  if (schema.enum)
    return schema.enum.length > LONGEST_LIST ? 'word' : schema.enum.map((word) => `\`${word}\``).join(', ');
  if (schema.format === 'date-time') return 'time';
  if (schema.format === 'uuid') return 'UUID';
  if (schema.type === 'array') return schema.prefixItems ? 'list' : `list of ${typeText(schema.items, use)}`;
  if (schema.type !== 'object') return schema.type ?? 'anything';
  const document = use.shapes.get(shapeOf(schema));
  if (document !== undefined) return `{${document}}`;
  return schema.properties ? 'object' : `names to ${mapped(schema, use)}`;
}

function mapped({ additionalProperties: inside }, use) {
  return typeof inside === 'object' && Object.keys(inside).length > 0 ? typeText(inside, use) : 'anything';
}
