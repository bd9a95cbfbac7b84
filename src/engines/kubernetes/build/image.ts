import { AichorError } from '../../../errors.ts';
import type { Plan } from '../../../experiment/plan/plan.ts';
import { isFullReference } from '../../../manifest/image-reference.ts';
import { givenImage, reusedExperiment } from '../../../operators/image.ts';
import type { KubernetesSettings } from '../../../render/kubernetes/settings/settings.ts';
import type { BuildResult } from '../../engine.ts';

/** What this engine's builds hand to its runs, and to the builds of other experiments. */
export interface BuiltImage {
  /** As it is called: with a tag, or as the manifest gives it. */
  image: string;
  /** `sha256:…` of what was pushed; null for an image that was given. */
  digest: string | null;
}

/** The image as pods name it: by digest where there is one, so that all of them run the very same. */
export function imageByDigest({ image, digest }: BuiltImage): string {
  if (digest === null) return image;
  const tag = image.lastIndexOf(':');
  return `${tag > image.lastIndexOf('/') ? image.slice(0, tag) : image}@${digest}`;
}

export function toBuildResult(
  message: string,
  built: BuiltImage,
  notices: BuildResult['notices'] = [],
): BuildResult {
  return { message, image: imageByDigest(built), data: { ...built }, notices };
}

/** The image of a build by this engine; null: another kind of engine built. */
export function builtImage({ data: { image, digest } }: BuildResult): BuiltImage | null {
  if (typeof image !== 'string') return null;
  return { image, digest: typeof digest === 'string' ? digest : null };
}

/**
 * Refuses a plan whose image must be built where there is nowhere to push it. An earlier experiment's image may turn
 * out to be gone: that is told when it is looked for.
 *
 * @throws AichorError `engine_unavailable`
 */
export function refuseWithoutRegistry(plan: Plan, { name, settings }: EngineSettings): void {
  if (givenImage(plan) !== null || reusedExperiment(plan) !== null) return;
  requireRegistry(plan, { name, settings });
}

/** @throws AichorError `engine_unavailable` when the plan's own build has no registry to push to */
export function requireRegistry({ builder }: Plan, { name, settings }: EngineSettings): void {
  if (isFullReference(builder.image) || (builder.registry ?? settings.registry) !== null) return;
  throw new AichorError(
    'engine_unavailable',
    `the image ${builder.image} must be built, and the engine ${name} has no registry to push it to`,
    {
      hint: `give the engine one (aichor engines add ${name} --replace --registry HOST/PATH …), write builder.registry, or name a finished image: builder.image with its tag, and builder.skipBuild.enabled: true`,
    },
  );
}

interface EngineSettings {
  name: string;
  settings: Pick<KubernetesSettings, 'registry'>;
}
