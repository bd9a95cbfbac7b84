import type { Instruction } from './instruction.ts';

/** The flags of each instruction that has any. */
const FLAGS: Readonly<Record<string, readonly string[]>> = {
  FROM: ['platform'],
  RUN: ['mount', 'network', 'security', 'device'],
  COPY: ['from', 'chown', 'chmod', 'link', 'parents', 'exclude'],
  ADD: ['chown', 'chmod', 'link', 'keep-git-dir', 'checksum', 'unpack', 'exclude'],
  HEALTHCHECK: ['interval', 'timeout', 'start-period', 'start-interval', 'retries'],
};

/** What BuildKit's parser says of an instruction that it does not accept, whatever its variables are; null: it accepts it. */
export function refusal(instruction: Instruction): string | null {
  const { keyword, text, flags } = instruction;
  const unknown = flags.find(({ name }) => !(FLAGS[keyword] ?? []).includes(name));
  if (unknown !== undefined) return `unknown flag: --${unknown.name}`;
  const words = text.split(/\s+/).filter((word) => word !== '');
  switch (keyword) {
    case 'FROM':
      return refusedFrom(words);
    case 'ENV':
    case 'ARG':
      return words.length === 0 ? `${keyword} requires at least one argument` : refusedEnv(instruction);
    case 'WORKDIR':
      return words.length === 0 ? 'WORKDIR requires exactly one argument' : null;
    case 'COPY':
    case 'ADD':
      return (instruction.json ?? words).length < 2 ? `${keyword} requires at least two arguments` : null;
    case 'SHELL':
      return instruction.json === null ? 'SHELL requires the arguments to be in JSON form' : null;
    case 'ONBUILD':
      return refusedTrigger(words[0]?.toUpperCase() ?? '');
    default:
      return null;
  }
}

function refusedFrom([image, as, name = '', ...rest]: readonly string[]): string | null {
  if (image === undefined || rest.length > 0 || (as !== undefined && name === ''))
    return 'FROM requires either one or three arguments';
  if (as === undefined) return null;
  if (as.toUpperCase() !== 'AS') return 'FROM requires either one or three arguments';
  return /^[a-z][a-z0-9-_.]*$/.test(name.toLowerCase()) ? null : `invalid name for build stage: "${name}"`;
}

function refusedEnv({ keyword, text, properties }: Instruction): string | null {
  if (keyword === 'ARG') return null;
  const [first] = properties;
  const isOldForm = first !== undefined && !text.startsWith(`${first.name}=`);
  if (isOldForm) return first.value === '' ? 'ENV must have two arguments' : null;
  const bare = properties.find(({ value }) => value === null);
  return bare === undefined
    ? null
    : `Syntax error - can't find = in ${JSON.stringify(bare.name)}. Must be of the form: name=value`;
}

function refusedTrigger(keyword: string): string | null {
  if (keyword === '') return 'ONBUILD requires at least one argument';
  if (keyword === 'ONBUILD') return "Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed";
  return keyword === 'FROM' || keyword === 'MAINTAINER'
    ? `${keyword} isn't allowed as an ONBUILD trigger`
    : null;
}
