/** The page of all commands, from the commands' own texts. */

const HEAD = `# Commands

<!-- written by \`npm run check -- --update\` -->

Every command also takes \`--output table|json|yaml|tsv|id\` (\`--json\` is \`--output json\`), \`--utc\` and \`--help\`.
`;

/** @param {Record<string, object>} commands of oclif.manifest.json @returns {string} Markdown */
export function referencePage(commands) {
  const shown = Object.values(commands).filter((command) => !command.hidden);
  return [HEAD, ...shown.map(section)].join('\n');
}

function section(command) {
  const name = command.id.replaceAll(':', ' ');
  const lines = [`## \`aichor ${[name, ...argumentsOf(command)].join(' ')}\``, '', `${command.summary}.`, ''];
  if (command.description) lines.push(command.description, '');
  const flags = Object.values(command.flags).filter((flag) => !flag.hidden && flag.helpGroup !== 'GLOBAL');
  if (flags.length > 0) lines.push('| flag | |', '|---|---|', ...flags.map(row), '');
  return lines.join('\n');
}

function argumentsOf(command) {
  return Object.values(command.args).map((arg) => {
    const word = arg.name.toUpperCase() + (arg.multiple || command.strict === false ? '…' : '');
    return arg.required ? word : `[${word}]`;
  });
}

function row(flag) {
  const value = flag.type === 'boolean' ? '' : ` ${flag.options?.join('\\|') ?? flag.helpValue ?? 'VALUE'}`;
  const name = `${flag.char ? `-${flag.char}, ` : ''}--${flag.allowNo ? '[no-]' : ''}${flag.name}${value}`;
  const usual =
    flag.type === 'boolean' || String(flag.default ?? '') === '' ? '' : ` (default: ${flag.default})`;
  const text = (flag.summary ?? flag.description ?? '').replaceAll('|', '\\|');
  return `| \`${name}\` | ${text}${flag.multiple ? ' (repeatable)' : ''}${usual} |`;
}
