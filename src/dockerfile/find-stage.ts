import type { Stage } from './stage.ts';

/** A stage by its name or number, as `COPY --from` and `target` know it. */
export function findStage(stages: readonly Stage[], ref: string): Stage | undefined {
  const byName = stages.findLast(({ name }) => name === ref.toLowerCase());
  return byName ?? (/^\d+$/.test(ref) ? stages[Number(ref)] : undefined);
}
