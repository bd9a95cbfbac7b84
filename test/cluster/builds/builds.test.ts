import { createHash, randomUUID } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import {
  builds,
  inBuildPlace,
  printed,
  submitBuilt,
  untilBuildPrints,
  why,
  withBuilds,
} from './harness/builds.ts';
import { cluster } from '../harness/found.ts';
import { NODE_ADDRESS, startRegistry } from './harness/registry.ts';

const BASE = 'FROM python:3.11-slim-bookworm\n';
const DIGEST = /^10\.244\.0\.1:5443\/[0-9a-f]{8}\/app@sha256:[0-9a-f]{64}$/;

/** Another text in each place, so that nothing of it comes from the cache of another test. */
const unique = () => `RUN echo ${randomUUID()} >/once\n`;

withBuilds('built, pushed, pulled by digest and run', () => {
  test('twice: the second time its layers come from the registry', { timeout: 900_000 }, () =>
    inBuildPlace(async (place) => {
      const dockerfile = `${BASE}${unique()}RUN python -c "print(6 * 7)" >/answer\nCOPY run.sh /\n`;
      const work = { dockerfile, command: 'cat /answer /once /run.sh' };
      const first = await submitBuilt(place, work);
      const record = await place.world.end(first);
      expect(record.status, why(record)).toBe('Succeeded');
      expect(record.image).toMatch(DIGEST);
      expect(await printed(place, first, 'run')).toContain('42');
      expect(await printed(place, first, 'build')).toContain('RUN python -c');
      const second = await submitBuilt(place, work);
      const again = await place.world.end(second);
      expect(again.status, why(again)).toBe('Succeeded');
      expect(await printed(place, second, 'build')).toMatch(/#\d+ \[2\/4\] RUN echo .*\n#\d+ CACHED/);
    }),
  );

  test('packages come from the index of the settings, over a company’s mirror and authority', { timeout: 900_000 }, () =>
    inBuildPlace(async (place) => {
      const install = 'RUN --mount=type=secret,id=ca.crt pip install --no-cache-dir six==1.17.0\n';
      const dockerfile = `${BASE}${unique()}ARG PIP_INDEX_URL PIP_TRUSTED_HOST PIP_CERT\n${install}`;
      const id = await submitBuilt(place, { dockerfile, command: 'python -c "import six; print(six.__version__)"' });
      const record = await place.world.end(id);
      expect(record.status, why(record)).toBe('Succeeded');
      expect(await printed(place, id, 'run')).toContain('1.17.0');
      expect(await printed(place, id, 'build')).toContain(`Looking in indexes: ${builds.index.python.slice(0, -1)}`);
    }),
  ); // prettier-ignore

  test('what a RUN line mounts as a secret is in no layer and in no log', { timeout: 900_000 }, () => {
    const secret = `s3cret-${randomUUID()}`;
    const hash = createHash('sha256').update(secret).digest('hex');
    return inBuildPlace(
      async (place) => {
        const line = 'RUN --mount=type=secret,id=netrc,target=/etc/netrc sha256sum </etc/netrc >/seen\n';
        const id = await submitBuilt(place, { dockerfile: BASE + line, command: 'cat /seen; ls /etc/netrc' });
        const record = await place.world.end(id);
        expect(await printed(place, id, 'run'), why(record)).toContain(hash);
        expect(await printed(place, id, 'run')).toContain("cannot access '/etc/netrc'");
        expect(await printed(place, id, 'build')).not.toContain(secret);
        const contents = await pushedContents();
        expect(contents.some((content) => content.includes(hash))).toBe(true);
        expect(contents.some((content) => content.includes(secret))).toBe(false);
      },
      { build: { secrets: { netrc: 'index/login' } }, secrets: { index: { login: secret } } },
    );
  });

  test('two at once', { timeout: 900_000 }, () =>
    inBuildPlace(async (place) => {
      const work = (word: string) => ({ dockerfile: `${BASE}${unique()}RUN echo ${word} >/word\n`, command: 'cat /word' });
      const ids = await Promise.all(['one', 'two'].map((word) => submitBuilt(place, work(word))));
      const records = await Promise.all(ids.map((id) => place.world.end(id)));
      for (const record of records) expect(record.status, why(record)).toBe('Succeeded');
      const said = await Promise.all(ids.map((id) => printed(place, id, 'run')));
      expect(said.map((text) => text.trim())).toEqual(['one', 'two']);
      expect(records[0]?.image).not.toBe(records[1]?.image);
    }),
  ); // prettier-ignore

  test('skipBuild takes an earlier image by the experiment, and a finished one by its reference', { timeout: 900_000 }, () =>
    inBuildPlace(async (place) => {
      const dockerfile = `${BASE}${unique()}RUN echo first >/word\n`;
      const first = await submitBuilt(place, { dockerfile, command: 'cat /word' });
      const { image, status, ...more } = await place.world.end(first);
      expect(status, JSON.stringify(more)).toBe('Succeeded');
      const broken = { dockerfile: 'FROM nowhere.invalid/nothing\n', command: 'cat /word' };
      const skipped = [
        { skipBuild: { enabled: true, experimentId: first, failIfNotFound: true } },
        { image: String(image), skipBuild: { enabled: true } },
      ];
      for (const builder of skipped) {
        const id = await submitBuilt(place, { ...broken, builder });
        const record = await place.world.end(id);
        expect(record.status, why(record)).toBe('Succeeded');
        expect(record.image).toBe(image);
        expect((await printed(place, id, 'run')).trim()).toBe('first');
      }
    }),
  ); // prettier-ignore

  test('kill -9 of the control plane in the middle of a build: it is gone on with', { timeout: 900_000 }, () =>
    inBuildPlace(async (place) => {
      const dockerfile = `${BASE}${unique()}RUN for i in 1 2 3 4 5 6 7 8 9 10; do echo st$(true)ep $i; sleep 1; done; date +%s%N >/when\n`;
      const id = await submitBuilt(place, { dockerfile, command: 'cat /when' });
      await untilBuildPrints(place, id, 'step 2');
      await place.restart();
      const record = await place.world.end(id);
      expect(record.status, why(record)).toBe('Succeeded');
      const lines = (await printed(place, id, 'build')).split('\n').filter((line) => / step \d+$/.test(line));
      expect(lines.map((line) => line.replace(/.* step /, ''))).toEqual('1 2 3 4 5 6 7 8 9 10'.split(' '));
    }),
  ); // prettier-ignore
});

withBuilds('that cannot be built', () => {
  test('a RUN line that fails is named, with what it said', { timeout: 900_000 }, () =>
    inBuildPlace(async (place) => {
      const dockerfile = `${BASE}RUN echo the reason && exit 3\n`;
      const record = await place.world.end(await submitBuilt(place, { dockerfile, command: 'true' }));
      expect(record.reason).toBe('BuildFailed');
      expect(record.explanation).toContain('process "/bin/sh -c echo the reason && exit 3" did not complete');
      expect(record.explanation).toContain('it said "the reason"; at Dockerfile:2');
    }),
  );

  test('a base image that is not there is named', { timeout: 900_000 }, () =>
    inBuildPlace(async (place) => {
      const dockerfile = `FROM ${builds.registry.host}/team/nothing:1\n`;
      const record = await place.world.end(await submitBuilt(place, { dockerfile, command: 'true' }));
      expect(record.reason).toBe('BuildFailed');
      expect(record.explanation).toContain(
        `${builds.registry.host}/team/nothing:1: not found; at Dockerfile:1`,
      );
    }),
  );

  test('without the right to push, and then with it', { timeout: 900_000 }, () =>
    withRegistry({ port: 5444, logins: LOGINS }, async ({ host }) => {
      const dockerfile = `${BASE}${unique()}`;
      const registry = `${host}/team`;
      await inBuildPlace(
        async (place) => {
          const record = await place.world.end(await submitBuilt(place, { dockerfile, command: 'true' }));
          expect(record.reason).toBe('BuildFailed');
          // The layers' cache goes there, too, and may be refused first.
          expect(record.explanation).toMatch(/401 Unauthorized|no basic auth credentials/);
          expect(record.explanation).not.toContain(PASSWORD);
        },
        { registry },
      );
      const auth = Buffer.from(`pusher:${PASSWORD}`).toString('base64');
      const login = { '.dockerconfigjson': JSON.stringify({ auths: { [host]: { auth } } }) };
      await inBuildPlace(
        async (place) => {
          const id = await submitBuilt(place, { dockerfile, command: 'true' });
          const record = await place.world.end(id);
          expect(record.status, why(record)).toBe('Succeeded');
          expect(record.image).toMatch(/^10\.244\.0\.1:5444\/team\/app@sha256:/);
          expect(await printed(place, id, 'build')).not.toContain(PASSWORD);
        },
        {
          ...{ registry, build: { push_secret: 'login' }, settings: { pull_secret: 'login' } },
          secrets: { login },
        },
      );
    }),
  );

  test(
    'a registry that goes down in the middle is told, and the next one is built',
    { timeout: 900_000 },
    async () => {
      const connects = `python -c "import socket; socket.create_connection(('${NODE_ADDRESS}', 5445), 5)" 2>/dev/null`;
      const dockerfile = `${BASE}${unique()}RUN echo beg$(true)un; while ${connects}; do sleep 0.1; done\n`;
      const where = { port: 5445 };
      await withRegistry(where, (registry) =>
        inBuildPlace(
          async (place) => {
            const id = await submitBuilt(place, { dockerfile, command: 'true' });
            await untilBuildPrints(place, id, 'begun');
            await registry.stop();
            const record = await place.world.end(id);
            expect(record.reason).toBe('BuildFailed');
            expect(record.explanation).toMatch(/10\.244\.0\.1:5445.*connection refused/);
            await withRegistry(where, async () => {
              const another = { dockerfile: `${BASE}${unique()}`, command: 'true' };
              const next = await place.world.end(await submitBuilt(place, another));
              expect(next.status, why(next)).toBe('Succeeded');
            });
          },
          { registry: `${registry.host}/team` },
        ),
      );
    },
  );
});

/** As `htpasswd -B` writes it; made for this test alone. */
const PASSWORD = 'push-me-please';
const LOGINS = 'pusher:$2y$05$abcdefghijklmnopqrstuuPQqQw3PY.wguecXl4/37jxaFznPYU76\n';

type Where = Pick<Parameters<typeof startRegistry>[0], 'port' | 'logins'>;

/** A registry of a test's own, with the certificate of the cluster's authority. */
async function withRegistry(
  where: Where,
  body: (registry: Awaited<ReturnType<typeof startRegistry>>) => Promise<void>,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'aichor-r-'));
  const { state } = cluster;
  if (state === null) throw new Error('registries need a cluster of ours');
  const registry = await startRegistry({ ...where, state, program: builds.program, folder, tls: true });
  try {
    await body(registry);
  } finally {
    await registry.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

/** Everything that the registry holds, unpacked. */
async function pushedContents(): Promise<Buffer[]> {
  const folder = join(builds.registry.folder, 'data/docker/registry/v2/blobs');
  const files = (await readdir(folder, { recursive: true, withFileTypes: true })).filter(({ name }) => name === 'data'); // prettier-ignore
  const contents = await Promise.all(files.map((file) => readFile(join(file.parentPath, file.name))));
  return contents.map((content) => (content[0] === 0x1f && content[1] === 0x8b ? gunzipSync(content) : content));
} // prettier-ignore
