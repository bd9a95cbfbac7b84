import { describe, expect, test } from 'vitest';
import { isFullReference } from '../../../src/manifest/image-reference.ts';
import { planManifest } from '../../../src/operators/plan.ts';
import { givenImage, reusedExperiment } from '../../../src/operators/image.ts';
import { NO_SUBMISSION } from '../operators/manifests.ts';
import { changed, example, path, text, valid, verdicts, type Document } from './examples.ts';

const ID = '3f2a1b4c-9d8e-4f7a-b6c5-1a2b3c4d5e6f';
const DIGEST = `sha256:${'0a'.repeat(32)}`;

function withImages(builder: Document, image = builder['image'] ?? 'image'): string {
  const document = changed(example('jobset'), path('spec.image'), image);
  return text(
    Object.entries(builder).reduce((each, [key, value]) => changed(each, ['builder', key], value), document),
  );
}

test.each([
  ['image', false],
  ['team/image', false],
  ['images.example/team/image', false],
  ['images.example:5000/image', false],
  ['image:v1', true],
  ['localhost/busybox:test', true],
  ['images.example:5000/team/image:v1.2_3-rc', true],
  [`image@${DIGEST}`, true],
  [`images.example:5000/image:v1@${DIGEST}`, true],
  ['image:', false],
])('%s says which image is meant: %s', (image, full) => {
  expect(isFullReference(image)).toBe(full);
});

describe('builder.skipBuild', () => {
  const enabled = { enabled: true };

  test('needs no experiment when the image says which one is meant', () => {
    const manifest = withImages({ image: 'localhost/busybox:test', skipBuild: enabled });
    expect(verdicts(manifest)).toEqual([]);
    expect(valid(manifest).builder).toMatchObject({
      image: 'localhost/busybox:test',
      skipBuild: { experimentId: null, failIfNotFound: false },
    });
    expect(verdicts(withImages({ image: `image@${DIGEST}`, skipBuild: enabled }))).toEqual([]);
  });

  test('needs one when it does not', () => {
    expect(verdicts(withImages({ image: 'images.example:5000/image', skipBuild: enabled }))).toEqual([
      'error missing-experiment-id',
    ]);
  });

  test.each([
    ['builder.image alone', { image: 'a:1', skipBuild: enabled }, 'b', 'a:1'],
    ['spec.image alone', { image: 'a', skipBuild: enabled }, 'b:2', 'b:2'],
    ['both: what is built', { image: 'a:1', skipBuild: enabled }, 'b:2', 'a:1'],
    ['an experiment beside it', { image: 'a:1', skipBuild: { ...enabled, experimentId: ID } }, 'a:1', 'a:1'],
    ['not enabled', { image: 'a:1', skipBuild: { enabled: false } }, 'a:1', null],
    ['no skipBuild', { image: 'a:1' }, 'a:1', null],
    ['bare names', { image: 'a', skipBuild: { ...enabled, experimentId: ID } }, 'a', null],
  ])('names a finished image: %s', (_, builder, image, given) => {
    const plan = planManifest(valid(withImages(builder, image)), NO_SUBMISSION);
    expect(givenImage(plan)).toBe(given);
    const names = 'skipBuild' in builder && 'experimentId' in builder.skipBuild;
    expect(reusedExperiment(plan)).toBe(names && given === null ? ID : null);
  });
});

test('an image that is built has no digest yet', () => {
  expect(verdicts(withImages({ image: `image@${DIGEST}` }))).toEqual(['error invalid-value']);
  expect(verdicts(withImages({ image: 'image:v1' }))).toEqual([]);
});

test('a registry beside a full reference has no effect, which is said', () => {
  expect(verdicts(withImages({ image: 'image:v1', registry: 'images.example' }))).toEqual([
    'warning registry-unused',
  ]);
  expect(verdicts(withImages({ image: 'image', registry: 'images.example' }))).toEqual([]);
});
