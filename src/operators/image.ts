import type { Plan } from '../experiment/plan/plan.ts';
import { isFullReference } from '../manifest/image-reference.ts';

type Images = Pick<Plan, 'builder' | 'image'>;

/**
 * The finished image that a plan names: a full reference with `skipBuild`, used exactly as it is written, whatever
 * experiment `skipBuild` names beside it. Null: an image is built, or that of an earlier experiment is used.
 */
export function givenImage({ builder, image }: Images): string | null {
  if (builder.skip_build === null) return null;
  return [builder.image, image].find(isFullReference) ?? null;
}

/** The experiment whose image is used instead of building one; null: none. */
export function reusedExperiment(plan: Images): string | null {
  if (givenImage(plan) !== null) return null;
  return plan.builder.skip_build?.experiment_id ?? null;
}
