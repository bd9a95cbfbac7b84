/** The command reference of README.md, from the commands' own texts. */

export const BEGIN = '<!-- commands: written by `npm run check -- --update` -->';
export const END = '<!-- commands end -->';

/** @param {Record<string, object>} commands of oclif.manifest.json @returns {string} Markdown */
export function reference(commands) {
  const shown = Object.values(commands).filter((command) => !command.hidden);
  return shown.map(section).join('\n');
}

/** README with its reference written anew. Throws when the markers are not there. */
export function withReference(readme, commands) {
  const start = readme.indexOf(BEGIN);
  const end = readme.indexOf(END);
  if (start === -1 || end < start) throw new Error(`README.md has lost its markers ${BEGIN} … ${END}`);
  return `${readme.slice(0, start + BEGIN.length)}\n\n${reference(commands)}\n${readme.slice(end)}`;
}

function section(command) {
  const name = command.id.replaceAll(':', ' ');
  const lines = [
    `### \`aichor ${[name, ...argumentsOf(command)].join(' ')}\``,
    '',
    `${command.summary}.`,
    '',
  ];
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
