import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';

export const BIN = join(import.meta.dirname, '../../bin/aichor.js');

export interface Outcome {
  code: number | null;
  stdout: string;
  stderr: string;
}

interface Running {
  /** Of all that it has printed until now. */
  onStdout?: (text: string) => void;
  onStderr?: (text: string, interrupt: () => void) => void;
  more?: Record<string, string>;
  stdin?: string;
}

/** The built program with a state folder of its own, and a repository to submit. */
export interface Program {
  home: string;
  repo: string;
  env: NodeJS.ProcessEnv;
  /** In pipes, with nothing on stdin unless it is said. */
  aichor(args: readonly string[], running?: Running): Promise<Outcome>;
  submit(...flags: string[]): Promise<Outcome>;
  /** Ends what it started, and removes everything. */
  close(): void;
}

/** The repository's program prints `$RATE`, waits until the file `$HOLD` is there, and ends with `$CODE`. */
export function makeProgram(name: string, more: Record<string, string> = {}): Program {
  const home = mkdtempSync(join(tmpdir(), `aichor-${name}-`));
  const repo = join(home, 'repo');
  const env = { PATH: process.env['PATH'], HOME: home, AICHOR_HOME: join(home, 'state'), ...more };
  writeRepository(repo);
  const aichor = (args: readonly string[], { onStdout, onStderr, more: also, stdin }: Running = {}) =>
    new Promise<Outcome>((resolve, reject) => {
      const child = spawn(process.execPath, [BIN, ...args], { env: { ...env, ...also }, cwd: repo });
      let stdout = '';
      let stderr = '';
      let isInterrupted = false;
      child.stdout.on('data', (piece) => {
        stdout += piece;
        onStdout?.(stdout);
      });
      child.stderr.on('data', (piece) => {
        stderr += piece;
        // A second one, which may meet it while it leaves, ends it as a signal does.
        onStderr?.(stderr, () => void (isInterrupted ||= child.kill('SIGINT')));
      });
      child.stdin.on('error', () => undefined).end(stdin);
      child.on('error', reject).on('close', (code) => resolve({ code, stdout, stderr }));
    });
  return {
    ...{ home, repo, env, aichor },
    submit: (...flags) => aichor(['experiments', 'submit', 'local', ...flags]),
    close() {
      const running = JSON.parse(
        execFileSync(process.execPath, [BIN, 'server', 'status'], { env, encoding: 'utf8' }),
      ).running;
      if (running) {
        execFileSync(process.execPath, [BIN, 'experiments', 'cancel', '--all', '--yes', '--wait'], { env });
        execFileSync(process.execPath, [BIN, 'server', 'stop'], { env });
      }
      rmSync(home, { recursive: true, force: true });
    },
  };
}

function writeRepository(repo: string): void {
  mkdirSync(repo);
  writeFileSync(join(repo, 'manifest.yaml'), manifest('sh main.sh'));
  writeFileSync(
    join(repo, 'main.sh'),
    'echo "rate $RATE"\nwhile [ -n "$HOLD" ] && [ ! -e "$HOLD" ]; do sleep 0.1; done\nexit ${CODE:-0}\n',
  );
}

export function manifest(command: string, ...spec: string[]): string {
  return [
    'kind: AIchorManifest',
    'apiVersion: 0.2.3',
    'builder: {image: demo, dockerfile: Dockerfile, context: .}',
    'spec:',
    '  operator: jobset',
    '  image: demo',
    `  command: ${command}`,
    ...spec.map((line) => `  ${line}`),
    '  types:',
    '    worker: {count: 1, resources: {cpus: 1, memory: 1}}',
    '',
  ].join('\n');
}

/** One document of one line. */
export function documentOf({ stdout, stderr }: Outcome) {
  expect(stdout, stderr).toMatch(/^\{.*\}\n$/);
  return JSON.parse(stdout);
}

/** The document that a command prints when it ends with one of these codes; fails with what it complained of. */
export async function jsonOf(program: Program, args: string[], codes: readonly number[] = [0]) {
  const { code, stdout, stderr } = await program.aichor(args);
  expect(codes, stderr).toContain(code);
  return JSON.parse(stdout);
}

/** The error object: the last line of stderr. */
export function errorOf({ stderr }: Outcome) {
  return JSON.parse(stderr.trimEnd().split('\n').at(-1) ?? '').error;
}

/** A repository of its own below a folder, whose pods run this script. */
export function writeScript(home: string, script: string, pods: number): string {
  const repository = mkdtempSync(join(home, 'repository-'));
  writeFileSync(join(repository, 'run.sh'), script);
  writeFileSync(join(repository, 'Dockerfile'), 'FROM python:3.12-slim\nCOPY . .\n');
  mkdirSync(join(repository, 'aichor_manifests'));
  writeFileSync(
    join(repository, 'aichor_manifests', 'manifest.yaml'),
    [
      'kind: AIchorManifest',
      'apiVersion: "0.2.3"',
      'builder: {image: x, dockerfile: ./Dockerfile, context: .}',
      'spec:',
      '  operator: jobset',
      '  image: x',
      '  command: sh run.sh',
      '  types:',
      `    worker: {count: ${pods}, resources: {cpus: 1, ramRatio: 1}}`,
      '',
    ].join('\n'),
  );
  return repository;
}
