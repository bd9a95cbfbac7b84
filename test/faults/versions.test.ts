/** FI-46: commands of one version, and a control plane that is older or newer. */
import { cpSync, existsSync, mkdirSync, symlinkSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { execFile } from 'node:child_process';
import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { describe, expect, test } from 'vitest';
import { until } from './processes.ts';
import { PATIENCE_MS, scaled } from './scale.ts';
import { chanceOf, seedsOf } from './seed.ts';
import { inWorld, type Outcome, type World } from './world.ts';

const ROOT = join(import.meta.dirname, '../..');
const NAME = 'another version';

type Fields = Record<string, unknown>;

/** How the server differs from the one that is here. */
interface Difference {
  version: string;
  /** Changes a document of an answer. */
  answers?: (document: Fields, path: string) => void;
  /** Where it has its routes. */
  routes?: (path: string) => string;
}

async function ownVersion(): Promise<string> {
  return JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')).version;
}

/** The release before this one and the one after it, in each of their parts. */
function neighbours(version: string): { older: string[]; newer: string[] } {
  const [major = 0, minor = 0, patch = 0] = version.split('.').map(Number);
  const older = [
    ...(patch > 0 ? [`${major}.${minor}.${patch - 1}`] : []),
    ...(minor > 0 ? [`${major}.${minor - 1}.9`] : []),
    ...(major > 0 ? [`${major - 1}.9.0`] : []),
  ];
  return { older, newer: [`${major}.${minor}.${patch + 1}`, `${major}.${minor + 10}.0`, `${major + 1}.0.0`] };
}

/** A team's server of another version: the one of the world, and what differs. */
async function beside<T>(world: World, difference: Difference, act: (env: NodeJS.ProcessEnv) => Promise<T>): Promise<T> {
  const server = createServer((incoming, outgoing) => {
    passOn(join(world.home, 'server.sock'), difference, incoming, outgoing).catch(() => outgoing.destroy());
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  try {
    return await act({ AICHOR_SERVER: address, AICHOR_API_KEY: 'a key for nobody', AICHOR_HOME: join(world.folder, 'user') });
  } finally {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  }
} // prettier-ignore

async function passOn(
  socketPath: string,
  { version, answers, routes }: Difference,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  const { method, url: path = '' } = incoming;
  const { 'accept-encoding': _packed, ...headers } = incoming.headers;
  const onward = request({ socketPath, method, path: routes?.(path) ?? path, headers });
  onward.on('error', () => outgoing.destroy());
  outgoing.on('close', () => onward.destroy());
  incoming.pipe(onward);
  const [answer] = (await once(onward, 'response')) as [IncomingMessage];
  const { 'content-length': _of, 'transfer-encoding': _chunks, connection: _connection, ...given } = answer.headers;
  outgoing.writeHead(answer.statusCode ?? 502, given);
  const other = (json: string) => {
    const document = JSON.parse(json);
    if (typeof document.version === 'string') document.version = version;
    answers?.(document, path);
    return JSON.stringify(document);
  };
  const type = String(given['content-type']);
  if (type.includes('ndjson')) {
    for await (const line of createInterface({ input: answer })) outgoing.write(`${line === '' ? '' : other(line)}\n`);
    outgoing.end();
  } else if (type.includes('application/json')) outgoing.end(other(await text(answer)));
  else answer.pipe(outgoing);
} // prettier-ignore

/** In every document and in each of a list; not in maps of names that users give. */
function addFields(value: unknown): void {
  if (Array.isArray(value)) return value.forEach(addFields);
  if (typeof value !== 'object' || value === null) return;
  Object.values(value).filter(Array.isArray).forEach(addFields);
  Object.assign(value, { of_the_future: { a: [1, null], b: 'c' } });
}

const errorOf = ({ stderr }: Outcome) => JSON.parse(stderr.trim().split('\n').at(-1) ?? '').error;

async function oneThatEnded(world: World): Promise<string> {
  const script = 'echo hello; echo result > "$AICHOR_OUTPUT_PATH/result"';
  const id = await world.submit(await world.upload({ script }));
  expect((await world.end(id)).status).toBe('Succeeded');
  return id;
}

describe.concurrent.each(seedsOf(NAME))('a team’s server of another version (seed %i)', (seed) => {
  test('is worked with: what is not known is passed over', { timeout: PATIENCE_MS }, ({ expect }) =>
    inWorld(async (world) => {
      await world.start();
      const chance = chanceOf(seed, NAME);
      const id = await oneThatEnded(world);
      const { older, newer } = neighbours(await ownVersion());
      for (const version of chance.shuffled([...older, ...newer]).slice(0, scaled(1, 6))) {
        const answers = (document: Fields) => {
          addFields(document);
          if (Array.isArray(document['events']) && 'experiment_id' in document)
            document['events'].push({ type: 'teleported', time: '2026-01-01T00:00:00.000Z', message: 'is elsewhere', where: 'there' });
        };
        await beside(world, { version, answers }, async (env) => {
          const root = await world.repository({ script: 'echo from another version' });
          const done = await world.aichor(['experiments', 'submit', 'local', '--repo-dir', root, '--wait', '--json'], { env });
          expect(done.code, done.stderr).toBe(0);
          const { experiment_id: own } = JSON.parse(done.stdout.toString());
          for (const args of [
            ...['table', 'json', 'yaml', 'tsv', 'id'].flatMap((output) => [
              ['experiments', 'list', '--output', output],
              ['experiments', 'get', id, '--output', output],
              ['storage', 'list', '--experiment', id, '--output', output],
            ]).filter(() => scaled(chance.below(3) < 1, true)),
            ['experiments', 'get', id, '--output', 'table'],
            ['experiments', 'logs', own, '--follow'],
            ['experiments', 'wait', id, own],
            ['events'],
            ['storage', 'download', '--experiment', id, '--to', join(world.folder, `to-${version}`)],
          ]) {
            const { code, stdout, stderr } = await world.aichor(args, { env });
            expect({ args, code }, `${stdout.toString()}${stderr}`).toEqual({ args, code: 0 });
          }
          const { stdout } = await world.aichor(['experiments', 'logs', own], { env });
          expect(stdout.toString()).toContain('from another version');
          expect(existsSync(join(world.folder, `to-${version}`, 'result'))).toBe(true);
        });
      }
    }),
  );

  test('that lacks what is asked for is named, with the version that has it', { timeout: PATIENCE_MS }, ({ expect }) =>
    inWorld(async (world) => {
      await world.start();
      const own = await ownVersion();
      const { older, newer } = neighbours(own);
      const chance = chanceOf(seed, `${NAME}, lacking`);
      const [before, after] = [chance.pick(older), chance.pick(newer)];
      const noSuchRoute = { routes: (path: string) => path.replace(/^\/v1\/sweeps/, '/v1/of-another-version') };
      const noSuchFilter = { routes: (path: string) => (path.startsWith('/v1/experiments') ? `${path}&of_another_version=1` : path) };
      for (const [difference, args, code] of [
        [noSuchRoute, ['sweeps', 'list'], 5],
        [noSuchFilter, ['experiments', 'list'], 2],
      ] as const)
        for (const [version, cure] of [
          [before, `have the server updated to ${own}`],
          [after, `install aichor ${after} here`],
          [own, null],
        ] as const)
          await beside(world, { version, ...difference }, async (env) => {
            const outcome = await world.aichor(args, { env });
            expect(outcome, outcome.stderr).toMatchObject({ code, stdout: Buffer.alloc(0) });
            const { hint } = errorOf(outcome);
            if (cure === null) return expect(hint).not.toContain('is aichor');
            expect(hint).toContain(`is aichor ${version}, and this is ${own}`);
            expect(hint).toContain(cure);
          });
    }),
  );

  test('whose records lack a field gives what there is, or is named', { timeout: PATIENCE_MS }, ({ expect }) =>
    inWorld(async (world) => {
      await world.start();
      const id = await oneThatEnded(world);
      const chance = chanceOf(seed, `${NAME}, fields`);
      const version = chance.pick(neighbours(await ownVersion()).older);
      const needed = ['experiment_id', 'status', 'created_at'];
      const fields = Object.keys(await world.client.get(id)).filter((name) => !needed.includes(name));
      for (const field of chance.shuffled(fields).slice(0, scaled(3, fields.length))) {
        const without = (document: Fields) => {
          const all = Array.isArray(document['experiments']) ? document['experiments'] : [document];
          for (const one of all) delete one[field];
        };
        await beside(world, { version, answers: without }, async (env) => {
          for (const [word, ...rest] of [['get', id], ['list']]) {
            const outcome = await world.aichor(['experiments', String(word), ...rest, '--output', 'table'], { env });
            if (outcome.code === 0) continue;
            expect({ field, code: outcome.code, hint: errorOf(outcome).hint }).toEqual({ field, code: 1, hint: expect.stringContaining(`is aichor ${version}, and this is `) });
          }
        });
      }
    }),
  );

  test('that fails in a way of its own is told in its own words', { timeout: PATIENCE_MS }, ({ expect }) =>
    inWorld(async (world) => {
      await world.start();
      const version = chanceOf(seed, `${NAME}, words`).pick(neighbours(await ownVersion()).newer);
      const answers = (document: Fields) => {
        if (typeof document['error'] === 'object') Object.assign(document['error'] ?? {}, { code: 'of_the_future' });
      };
      await beside(world, { version, answers }, async (env) => {
        const outcome = await world.aichor(['experiments', 'get', '0123456789'], { env });
        expect(outcome.code, outcome.stderr).toBe(7);
        expect(errorOf(outcome)).toMatchObject({ code: 'server_error', message: expect.stringContaining('0123456789') });
      });
    }),
  );
}); // prettier-ignore

/** This program, which believes that it is of another version. */
async function installed(world: World, version: string): Promise<(...args: string[]) => Promise<{ code: number; out: string; told: string }>> {
  const root = join(world.folder, `aichor-${version}`);
  mkdirSync(root);
  for (const part of ['bin', 'dist', 'oclif.manifest.json', 'package.json'])
    cpSync(join(ROOT, part), join(root, part), { recursive: true });
  for (const part of ['node_modules', 'templates']) symlinkSync(join(ROOT, part), join(root, part));
  const file = join(root, 'package.json');
  await writeFile(file, JSON.stringify({ ...JSON.parse(await readFile(file, 'utf8')), version }));
  return (...args) =>
    new Promise((resolve) => {
      execFile(process.execPath, [join(root, 'bin/aichor.js'), ...args], { env: world.env }, (failure, out, told) =>
        resolve({ code: failure === null ? 0 : Number(failure.code), out, told }),
      );
    });
} // prettier-ignore

test.each(seedsOf(NAME))(
  'an embedded control plane of another version is used while it is needed; an older one is replaced then, a newer one stays (seed %i)',
  { timeout: PATIENCE_MS },
  (seed) =>
    inWorld(async (world) => {
      const own = await ownVersion();
      const { older, newer } = neighbours(own);
      const chance = chanceOf(seed, `${NAME}, embedded`);
      const serverFile = async () => JSON.parse(await readFile(join(world.home, 'server.json'), 'utf8'));
      const listed = async () => (await world.aichor(['experiments', 'list', '--json'])).stdout.toString();
      for (const version of [chance.pick(older), chance.pick(newer)]) {
        const other = await installed(world, version);
        const isNewer = newer.includes(version);
        expect(JSON.parse(await listed())).toHaveProperty('experiments');
        const before = await serverFile();
        expect(before.version).toBe(own);
        const gate = join(world.folder, `gate-${version}`);
        const id = await world.submit(await world.upload({ script: `until [ -e '${gate}' ]; do sleep 0.1; done` }));
        await until(async () => (await world.client.get(id)).status === 'Running');
        const meanwhile = await other('experiments', 'list', '--output', 'id');
        expect(meanwhile, meanwhile.told).toMatchObject({ code: 0, out: expect.stringContaining(id) });
        expect(meanwhile.told).toContain(
          isNewer
            ? `the control plane is still version ${own} (this is ${version}), because 1 experiments run`
            : `the control plane is version ${own}, newer than this (${version}), and is left running`,
        );
        expect(await serverFile()).toEqual(before);
        await writeFile(gate, '');
        expect((await world.end(id)).status).toBe('Succeeded');
        await until(async () => (await world.client.server()).live_experiments === 0);
        const known = await listed();
        const then = await other('experiments', 'list', '--json');
        expect(then, then.told).toMatchObject({ code: 0, out: known });
        if (isNewer) {
          expect(then.told).toBe('');
          const after = await serverFile();
          expect(after.version).toBe(version);
          expect(after.pid).not.toBe(before.pid);
          // The older one, which is ours now, uses it as it is.
          expect(await listed()).toBe(known);
          expect(await serverFile()).toEqual(after);
        } else {
          expect(then.told).toContain('is left running');
          expect(await serverFile()).toEqual(before);
        }
        const { version: stays, pid } = await serverFile();
        const told = await other('server', 'status', '--json');
        expect(JSON.parse(told.out)).toMatchObject({ running: true, pid, version: stays });
      }
    }),
); // prettier-ignore
