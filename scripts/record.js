/**
 * `node scripts/record.js FILE [WIDTH]`: types README's first hour into a terminal of tmux, on a state folder of its own, and
 * writes what was to be seen as an asciicast (version 2), which `asciinema play FILE` shows. The last screen of each command
 * goes to stdout, so that it can be looked at without a player.
 */
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const EVERY_MS = 100;
const LONGEST_MS = 180_000;
const HEIGHT = 32;

const [file, width = '110'] = process.argv.slice(2);
if (file === undefined) {
  process.stderr.write('name the file to write: node scripts/record.js first-hour.cast\n');
  process.exit(2);
}
const root = dirname(dirname(fileURLToPath(import.meta.url)));
const home = mkdtempSync(join(tmpdir(), 'aichor-record-'));
mkdirSync(join(home, 'bin'));
symlinkSync(join(root, 'bin', 'aichor.js'), join(home, 'bin', 'aichor'));
const env = {
  HOME: home,
  AICHOR_HOME: join(home, 'state'),
  PATH: `${join(home, 'bin')}:${process.env.PATH}`,
  TERM: 'xterm-256color',
  LC_ALL: 'C.UTF-8',
  // Each prompt is a line: so it is known when a command has ended.
  PROMPT_COMMAND: 'PS1="$ "; echo >>"$HOME/prompts"',
};
const tmux = (...words) =>
  execFileSync('tmux', ['-L', `aichor-record-${process.pid}`, '-f', '/dev/null', ...words], {
    env,
    encoding: 'utf8',
  });

const frames = [];
const began = performance.now();
let shown = '';

/** One more frame, when something has changed: the whole screen, drawn from its upper left corner. */
function look() {
  const screen = tmux('capture-pane', '-e', '-p').trimEnd();
  if (screen === shown) return;
  shown = screen;
  const text = `\u001b[H\u001b[2J${screen.replaceAll('\n', '\r\n')}`;
  frames.push([Number(((performance.now() - began) / 1000).toFixed(2)), 'o', text]);
}

/** Looks on until there have been so many prompts. */
async function prompted(count) {
  const prompts = join(home, 'prompts');
  for (const until = performance.now() + LONGEST_MS; performance.now() < until; await sleep(EVERY_MS)) {
    look();
    if (existsSync(prompts) && readFileSync(prompts).length >= count) return;
  }
  throw new Error(`the command did not end within ${LONGEST_MS / 1000} s:\n${shown}`);
}

/** README's commands up to its chapter on clusters; the file that one of them makes is written beforehand. */
function firstHour() {
  const readme = readFileSync(join(root, 'README.md'), 'utf8');
  const chapter = readme.slice(readme.indexOf('## The first hour'), readme.indexOf('## GPUs and clusters'));
  const blocks = Array.from(chapter.matchAll(/^```sh\n([^]*?)^```$/gm), ([, block]) => block);
  const [making = '', ...rest] = blocks;
  execFileSync('bash', ['-c', making], { cwd: home });
  return rest.flatMap((block) => block.split('\n')).filter((line) => line.trim() !== '');
}

try {
  const lines = firstHour();
  tmux('new-session', '-d', '-c', join(home, 'digits'), '-x', width, '-y', String(HEIGHT), 'bash --norc');
  for (const [index, line] of lines.entries()) {
    await prompted(index + 1);
    tmux('send-keys', 'C-l');
    await sleep(EVERY_MS * 3);
    tmux('send-keys', '-l', line);
    look();
    tmux('send-keys', 'Enter');
    await prompted(index + 2);
    await sleep(EVERY_MS * 3);
    look();
    process.stdout.write(`${tmux('capture-pane', '-p').trimEnd()}\n\n`);
  }
  const head = { version: 2, width: Number(width), height: HEIGHT, title: 'aichor: the first hour' };
  writeFileSync(file, [head, ...frames].map((part) => `${JSON.stringify(part)}\n`).join(''));
} finally {
  tmux('kill-server');
  execFileSync(process.execPath, [join(root, 'bin', 'aichor.js'), 'server', 'stop'], {
    env,
    stdio: 'ignore',
  });
  rmSync(home, { recursive: true, force: true });
}
