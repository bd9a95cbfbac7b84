import { expect, test } from 'vitest';
import { isAichorError } from '../../../../../src/errors.ts';
import {
  builtImage,
  imageByDigest,
  refuseWithoutRegistry,
  toBuildResult,
} from '../../../../../src/engines/kubernetes/build/image.ts';
import type { Builder } from '../../../../../src/manifest/manifest.ts';
import { planManifest } from '../../../../../src/operators/plan.ts';
import { jobset, NO_SUBMISSION, podType } from '../../../operators/manifests.ts';
import { DIGEST } from './objects.ts';

test.each([
  ['images.example:5000/team/image:v1', DIGEST, `images.example:5000/team/image@${DIGEST}`],
  ['images.example:5000/image', DIGEST, `images.example:5000/image@${DIGEST}`],
  ['localhost/busybox:test', null, 'localhost/busybox:test'],
])('%s with digest %s runs as %s', (image, digest, runs) => {
  expect(imageByDigest({ image, digest })).toBe(runs);
  const result = toBuildResult('', { image, digest });
  expect(result.image).toBe(runs);
  expect(builtImage(JSON.parse(JSON.stringify(result)))).toEqual({ image, digest });
});

test("another kind of engine's build has no image", () => {
  expect(builtImage({ message: '', data: { programs: [], environment: 'key' }, notices: [] })).toBeNull();
});

const ID = '3f2a1b4c-9d8e-4f7a-b6c5-1a2b3c4d5e6f';

test.each<[string, Partial<Builder>, string | null, boolean]>([
  ['a bare name, no registry', {}, null, false],
  ["the engine's registry", {}, 'images.example', true],
  ["the manifest's registry", { registry: 'images.example' }, null, true],
  ['a full reference that is built', { image: 'images.example/a:1' }, null, true],
  [
    'a finished image',
    { image: 'a:1', skipBuild: { experimentId: null, failIfNotFound: false } },
    null,
    true,
  ],
  ["an earlier experiment's image", { skipBuild: { experimentId: ID, failIfNotFound: false } }, null, true],
])('needs a registry: %s', (_, change, registry, allowed) => {
  const manifest = jobset([podType('w')]);
  Object.assign(manifest.builder, change);
  const plan = planManifest(manifest, NO_SUBMISSION);
  let refused: unknown = null;
  try {
    refuseWithoutRegistry(plan, { name: 'lab', settings: { registry } });
  } catch (error) {
    refused = error;
  }
  if (allowed) return expect(refused).toBeNull();
  expect(isAichorError(refused) && refused.code).toBe('engine_unavailable');
  expect(refused).toMatchObject({
    hint: expect.stringMatching(/engines add lab --replace --registry.*builder\.image with its tag/),
  });
});
