import { userInfo } from 'node:os';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { findEntrance } from '../../src/engines/local/mounts/enter.ts';
import { readFoundImage } from '../../src/engines/local/build/image/found-image.ts';
import { readFollowed } from '../../src/engines/local/build/shell/follow.ts';
import { isAichorError } from '../../src/errors.ts';
import { createHouse, jobset, type House } from './house.ts';
import { smallUvShell } from './small-uv.ts';

const entrance = await findEntrance(process.env, userInfo());

let house: House;
let shell: Record<string, string>;
beforeAll(async () => {
  house = await createHouse();
  shell = await smallUvShell(house.folder);
});
afterAll(() => house.leave());

const FILES = { 'a.txt': 'a', 'src/m.py': 'm', 'src/n.py': 'n', 'go.sh': '#!/bin/sh\n' };

/** Pieces of lines that the plain reader takes or refuses. */
const LINE = fc.constantFrom(
  'RUN mkdir -p d/e && touch d/f',
  'RUN if [ "$X" = 1 ]; then touch one; else touch other; fi',
  'RUN for f in src/*.py; do touch "seen-$(basename $f)"; done',
  'RUN for f in src/*.py; do echo "$f" >> list; done',
  'RUN [ -f a.txt ] && rm a.txt || touch none',
  'RUN chmod -R u+x,go-r src; chmod 700 go.sh',
  'RUN case "$X-$Y" in 1-*) touch first ;; *2) touch second ;; *) touch third ;; esac',
  'RUN export Z="$Y$X"; (cd src && echo $Z > z); echo $Z > "z z"',
  'RUN ln -s src/m.py link && cp src/n.py copy',
  'RUN rm -rf src && mkdir src',
  'RUN A="one two"; for a in $A $NONE; do touch "word-$a"; done',
  'RUN set -e; ! [ -e gone ] && touch right; if test -d src; then touch folder; fi',
  'COPY a.txt more/',
  'COPY src copied',
  'ENV X=1',
  'ARG Y=2',
  'WORKDIR sub',
  'RUN echo "a b" > t; echo c >> t; rm -f t2 *.none',
);

test.runIf(entrance)('what is read without a shell is what a shell does', { timeout: 300_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(LINE, { minLength: 2, maxLength: 7 }), async (lines) => {
      const text = ['FROM python', 'WORKDIR /srv/aichor-same', 'COPY . .', ...lines].join('\n');
      const plain = await seen(text);
      // A line that only a shell can follow has all of them followed by one.
      const followed = await seen(`${text}\nRUN true | true`);
      // A line that fails, such as a link made twice, fails in an image's build too: the reader must not have taken it.
      if (followed === null || plain === null) {
        expect([plain === null, plain?.unfollowed === 0]).toEqual([false, false]);
        return;
      }
      for (const [path, what] of Object.entries(plain.tree))
        if (plain.unfollowed === 0) expect([path, followed.tree[path]]).toEqual([path, what]);
      if (plain.unfollowed === 0)
        expect(Object.keys(followed.tree).sort()).toEqual(Object.keys(plain.tree).sort());
    }),
    { numRuns: 12 },
  );
});

/** The image's own files: kinds, modes, targets. */
async function seen(Dockerfile: string) {
  const experiment = await house.submit({ ...jobset('true'), files: { ...FILES, Dockerfile }, shell });
  const context = await experiment.context();
  const plain = await readFoundImage(context);
  if (plain === null) throw new Error('there is no stage in it');
  if (plain.image.unfollowed.length === 0) return { tree: shown(plain.image.tree), unfollowed: 0 };
  if (!Dockerfile.endsWith('true | true')) return { tree: {}, unfollowed: plain.image.unfollowed.length };
  const built = await experiment.build().catch((error: unknown) => {
    if (isAichorError(error) && error.code === 'experiment_failed') return null;
    throw error;
  });
  if (built === null) return null;
  const { data } = built;
  const followed = await readFollowed(`${house.folder}/environments/${String(data['image'])}`, context);
  if (followed === null) throw new Error('it was not followed');
  return { tree: shown(followed.found.image.tree), unfollowed: followed.found.image.unfollowed.length };
}

function shown(
  tree: NonNullable<Awaited<ReturnType<typeof readFoundImage>>>['image']['tree'],
): Record<string, string> {
  const entries = [...tree.entries()].filter(([path]) => !path.endsWith('/Dockerfile'));
  return Object.fromEntries(
    entries.map(([path, node]) => [
      path,
      node.kind === 'link' ? `-> ${node.target}` : `${node.kind} ${node.mode.toString(8)}`,
    ]),
  );
}
