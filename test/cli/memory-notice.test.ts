import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeProgram, type Program } from './program.ts';

let program: Program;
beforeAll(() => {
  program = makeProgram('memory');
});
afterAll(() => program.close());

/** Two kinds of pods that use the same memory, of which one has asked for it. */
const MANIFEST = `kind: AIchorManifest
apiVersion: "0.2.3"
builder: {image: x, dockerfile: ./Dockerfile}
spec:
  operator: jobset
  image: x
  command: python3 -c "import time; x = b'x' * 200_000_000; time.sleep(4)"
  types:
    small: {resources: {cpus: 1, memory: 0.05}}
    large: {resources: {cpus: 1, memory: 1}}
`;

test('a pod that used more memory than it asked for is told of, and no other', async () => {
  const repo = join(program.home, 'eater');
  mkdirSync(repo);
  writeFileSync(join(repo, 'manifest.yaml'), MANIFEST);
  const { code, stdout } = await program.aichor(['experiments', 'submit', 'local', repo, '--wait']);
  expect(code).toBe(0);
  const notices: { code: string; message: string }[] = JSON.parse(stdout).notices;
  const [said, ...others] = notices.filter((notice) => notice.code === 'memory_above_request');
  expect(others).toEqual([]);
  expect(said?.message).toMatch(/^small-0-0: peak 2\d\d MB of 50 MB asked; a cluster would have ended it/);
});
