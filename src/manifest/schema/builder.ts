import * as z from 'zod';
import { count, deprecated, filledText, optional, required } from './field.ts';

const skipBuild = z.strictObject({
  enabled: optional(
    z.boolean(),
    'Use a finished image: that of an earlier experiment, or `image` when it has a tag or a digest.',
    false,
  ),
  experimentId: optional(
    z.string(),
    'The earlier experiment; needed when enabled, unless `image` has a tag or a digest.',
  ),
  experimentID: deprecated(z.string(), 'Other spelling of `experimentId`.'),
  failIfNotFound: optional(z.boolean(), 'Fail when that image is gone, instead of building.', false),
});

export const builder = z.strictObject({
  image: required(
    filledText(),
    'Name of the image to build; with a tag exactly that image, with `skipBuild` as it is.',
  ),
  dockerfile: required(filledText(), 'The Dockerfile, relative to `context`.'),
  context: optional(
    filledText(),
    'Folder of the repository that the Dockerfile, the command and the Python project are relative to.',
    '.',
  ),
  buildArgs: optional(
    z.record(z.string(), z.union([z.string(), z.boolean()])),
    'Passed to the build as `--build-arg`.',
  ),
  registry: optional(filledText(), "Registry to push to and pull from, instead of the project's."),
  target: optional(filledText(), 'Stage of a multi-stage Dockerfile.'),
  skipBuild: optional(skipBuild, 'Reuse an image instead of building one.'),
});

export const clone = z.strictObject({
  depth: optional(count(1), 'How many commits are fetched.', 1),
  includeDotGit: optional(z.boolean(), 'Keep `.git` in the build context.', false),
  submodules: optional(
    z.enum(['false', 'true', 'recursive']),
    'Fetch submodules too (a text: quote it).',
    'false',
  ),
});
