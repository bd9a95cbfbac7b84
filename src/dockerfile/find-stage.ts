/** A stage by its name or number, as `COPY --from` and `target` know it. */
export function findStage<T extends { name: string | null }>(
  stages: readonly T[],
  ref: string,
): T | undefined {
  const byName = stages.findLast(({ name }) => name === ref.toLowerCase());
  return byName ?? (/^\d+$/.test(ref) ? stages[Number(ref)] : undefined);
}
