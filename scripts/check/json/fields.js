/**
 * What fields mean, read from the comments beside them. Prettier puts a field on a line of its own, so lines are enough:
 * a field's expression ends where its brackets are closed and a comma follows.
 */

const COMMENT = /^\s*\/\*\* (.*) \*\/$/;
const FIELD = /^(\s+)(?:readonly )?'?([\w-]+)'?(\?)?(?:: (.*))?$/;

/**
 * A source with the comment beside each field of a zod schema made part of it: `name: told(z.string(), "…"),`.
 *
 * @param {string} text TypeScript @returns {string} TypeScript
 */
export function withMeanings(text) {
  const lines = text.split('\n');
  for (const [at, line] of lines.entries()) {
    const meaning = COMMENT.exec(line)?.[1];
    const field = /^(\s+)('?[\w-]+'?)(?:: (.+)|(,))$/.exec(lines[at + 1] ?? '');
    if (meaning === undefined || field === null || lines[at + 1].endsWith(';')) continue;
    const [, indent, name, first, shorthand] = field;
    const last = shorthand === undefined ? endOf(lines, at + 1) : at + 1;
    const value = shorthand === undefined ? first : `${name},`;
    lines[at + 1] = `${indent}${name}: told(${value}`;
    lines[last] = lines[last].replace(/,$/, `, ${JSON.stringify(meaning)}),`);
  }
  return `${lines.join('\n')}\n${TOLD}\n`;
}

/** What is no schema (a number of a table, a class's option) stays as it is. */
const TOLD =
  'function told(it, description) { return it?._zod === undefined ? it : it.meta({ description }); }';

/** The comment over each schema that is exported. @param {string} text TypeScript @returns {Map<string, string>} */
export function titlesIn(text) {
  const found = text.matchAll(/\/\*\* ([^\n]*) \*\/\nexport (?:const|interface|type) (\w+)/g);
  return new Map([...found].map(([, comment, name]) => [name, comment]));
}

/**
 * The fields of an interface.
 *
 * @param {string} text TypeScript @param {string} name
 * @returns {{base: string | null, fields: {name: string, type: string, optional: boolean, comment: string | null}[]} | null}
 */
export function interfaceFields(text, name) {
  const lines = text.split('\n');
  const head = new RegExp(`^(?:export )?interface ${name}(?:<.*?>)?(?: extends (\\w+))? \\{$`);
  const start = lines.findIndex((line) => head.test(line));
  if (start < 0) return null;
  const fields = [];
  for (let at = start + 1; lines[at] !== '}'; at += 1) {
    const [, , field, optional, type] = FIELD.exec(lines[at]) ?? [];
    if (type === undefined) continue;
    const comment = COMMENT.exec(lines[at - 1])?.[1] ?? null;
    fields.push({ name: field, type: type.replace(/;$/, ''), optional: optional !== undefined, comment });
  }
  return { base: head.exec(lines[start])[1] ?? null, fields };
}

function endOf(lines, start) {
  let open = 0;
  for (let at = start; at < lines.length; at += 1) {
    for (const sign of lines[at]) open += '([{'.includes(sign) ? 1 : ')]}'.includes(sign) ? -1 : 0;
    if (open === 0 && lines[at].endsWith(',')) return at;
  }
  throw new Error(`the field ${lines[start].trim()} has no end`);
}
