/** FI-37: text that users, commits and experiments give, which a shell, a terminal or a flag parser would act on. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { BIN, documentOf, makeProgram, type Program } from '../cli/program.ts';
import { PATIENCE_MS, scaled } from './scale.ts';
import { chanceOf, seedsOf, type Chance } from './seed.ts';

const NAME = 'hostile text';
/** Made where any of it is run, in whatever folder that is. */
const CANARY = 'canary-of-hostile-text';

const PIECES = [
  ...[`$(touch ${CANARY})`, `\`touch ${CANARY}\``, `; touch ${CANARY};`, `| touch ${CANARY}`, `&& touch ${CANARY} &&`],
  ...[`'; touch ${CANARY}; '`, `"; touch ${CANARY}; "`, `\n touch ${CANARY}\n`, `\${IFS}`, '$HOME', '%s%n', '*', '~', '\\'],
  ...['\u001b[2J', '\u001b]0;title\u0007', '\u001b[31m', '\u0007', '\b\b\b', '\r', '\u009b2J', '\u202e', '\u007f', '\t'],
  ...['-', '--help', '-rf', '--upload-pack=touch', 'word', 'ü', '漢', '🙂', ' ', '<b>', '{{x}}', "'", '"'],
]; // prettier-ignore

/** Begins with any piece, so now and then with a dash. */
function textBy(chance: Chance, without: RegExp = /\0/g): string {
  const pieces = Array.from({ length: chance.between(2, 6) }, () => chance.pick(PIECES));
  return pieces.join('').replace(without, '').trim() || 'word';
}

const opened: Program[] = [];
afterEach(() => {
  for (const each of opened.splice(0)) each.close();
});

/** What a command shows on a terminal, bytes as they are. */
function onTerminal(user: Program, args: readonly string[]): string {
  const words = [process.execPath, BIN, ...args].map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ');
  const { stdout, status } = spawnSync('script', ['--echo', 'never', '-qec', words, '/dev/null'], { cwd: user.repo, env: { ...user.env, TERM: 'xterm-256color', SHELL: '/bin/sh', LC_ALL: 'C.UTF-8', COLUMNS: '200' }, encoding: 'utf8' });
  expect(status, stdout).toBe(0);
  return stdout;
} // prettier-ignore

const hasScript = spawnSync('script', ['--version']).status === 0;

/** What may stand on a terminal beside text: colours, ends of lines, and returns to the start of a log's line, behind its pod. */
// oxlint-disable-next-line no-control-regex
const DRAWN = /\u001b\[[\d;]*m|\r\n|\r(?=\u001b\[\d+mworker-0-0)/g;
// oxlint-disable-next-line no-control-regex
const ACTS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/;

function expectHarmless(args: readonly string[], shown: string): void {
  const acts = ACTS.exec(shown.replace(DRAWN, '\n'));
  expect({ args, acts: acts && JSON.stringify(shown.slice(Math.max(0, acts.index - 40), acts.index + 60)) }).toEqual({ args, acts: null });
} // prettier-ignore

/** In any folder of this user. */
function canariesOf(user: Program): string[] {
  return readdirSync(user.home, { recursive: true, encoding: 'utf8' }).filter((path) => path.split('/').at(-1) === CANARY);
} // prettier-ignore

/** Names of files have no slash, and at most 255 bytes; a trailing blank or newline is theirs. */
const fileName = (chance: Chance, index: number) => `${textBy(chance, /[/\0]/g)}${index}`;

describe.each(seedsOf(NAME))('text of others (seed %i)', (seed) => {
  test('is kept as it is, shown without harm, and never run', { timeout: PATIENCE_MS }, async () => {
    const chance = chanceOf(seed, NAME);
    for (let round = 0; round < scaled(1, 15); round++) {
      const user = makeProgram('hostile');
      opened.push(user);
      const drawn = Array.from({ length: 6 }, (_, index) => fileName(chance, index));
      // What another system takes for the root of a disk.
      const names = [...drawn, '\\\\root0', 'c:drive1', 'c:\\\\drive2'];
      for (const name of names) writeFileSync(join(user.repo, name), `content of ${name}`);
      const said = { message: textBy(chance), value: textBy(chance), label: textBy(chance), printed: textBy(chance) };
      // The program prints what it is given, and writes a file of each name.
      writeFileSync(join(user.repo, 'main.sh'), [
        'printf "%s\\n" "$VALUE" "$PRINTED"',
        'for file in ./*[0-5]; do cp -- "$file" "$AICHOR_OUTPUT_PATH/"; done',
      ].join('\n'));
      const submitted = await user.submit('--wait', `--message=${said.message}`, '--env', `VALUE=${said.value}`, '--env', `PRINTED=${said.printed}`, '--label', `kind=${said.label}`);
      expect(submitted.code, `${JSON.stringify(said)} ${submitted.stderr}`).toBe(0);
      const { experiment_id: id } = documentOf(submitted);
      await keptAsItIs(user, id, { said, names });
      if (hasScript)
        for (const args of [
          ['experiments', 'list', '--columns', 'id,status,env.VALUE,label.kind,message'],
          ['experiments', 'list', '--output', 'tsv'],
          ['experiments', 'list', '--json'],
          ['experiments', 'get', id],
          ['experiments', 'get', id, '--output', 'yaml'],
          ['experiments', 'logs', id],
          ['storage', 'list', '--experiment', id],
          ['storage', 'download', '--experiment', id, '--to', join(user.home, 'shown')],
          ['experiments', 'download-code', id, '--to', join(user.home, 'code-shown')],
          ['commits', 'explain', '--', said.message],
          ['experiments', 'submit', 'local', '--dry-run', '--show-files', `--message=${said.message}`],
        ])
          expectHarmless(args, onTerminal(user, args));
      expect(canariesOf(user)).toEqual([]);
    }
  });
}); // prettier-ignore

interface Given {
  said: { message: string; value: string; label: string; printed: string };
  names: readonly string[];
}

async function keptAsItIs(user: Program, id: string, { said, names }: Given): Promise<void> {
  const record = documentOf(await user.aichor(['experiments', 'get', id, '--json']));
  expect(record).toMatchObject({ message: said.message, labels: { kind: said.label } });
  expect(record.env).toMatchObject({ VALUE: said.value, PRINTED: said.printed });
  const { experiments } = documentOf(await user.aichor(['experiments', 'list', '--json', '--label', `kind=${said.label}`]));
  expect(experiments).toMatchObject([{ experiment_id: id, message: said.message }]);
  const logs = await user.aichor(['experiments', 'logs', id, '--raw', '--pod', 'worker-0-0']);
  expect(logs.stdout).toBe(`${said.value}\n${said.printed}\n`);
  const { files } = documentOf(await user.aichor(['storage', 'list', '--experiment', id, '--json']));
  expect(files.map(({ path }: { path: string }) => path).sort()).toEqual([...names].sort());
  const [to, code] = [join(user.home, 'to'), join(user.home, 'code')];
  mkdirSync(to);
  for (const args of [['storage', 'download', '--experiment', id, '--to', to], ['experiments', 'download-code', id, '--to', code]]) {
    const { code: exit, stderr } = await user.aichor(args);
    expect(exit, stderr).toBe(0);
  }
  for (const folder of [to, code])
    for (const name of names) {
      expect(existsSync(join(folder, name)), name).toBe(true);
      expect(readFileSync(join(folder, name), 'utf8')).toBe(`content of ${name}`);
    }
} // prettier-ignore
