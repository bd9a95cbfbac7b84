import type { ObjectPods } from './engine.ts';

/** Variables by which pods find an object store, of the first group that has each; without a plan, of those that are given. */
export function storeVariables({
  plan,
  secrets,
}: Pick<ObjectPods, 'plan' | 'secrets'>): Record<string, string> {
  const own: Record<string, string> = {};
  if (plan === null) return Object.fromEntries(Object.entries(secrets).filter(([name]) => isOfStore(name)));
  for (const { name, source } of plan.groups.flatMap(({ env }) => env)) {
    if (!isOfStore(name) || Object.hasOwn(own, name)) continue;
    if (source.kind === 'literal') own[name] = source.value;
    else if (source.kind === 'secret' && Object.hasOwn(secrets, name)) own[name] = secrets[name] ?? '';
  }
  return own;
}

/** Whether Amazon's clients read it. */
export function isOfStore(name: string): boolean {
  return name.startsWith('AWS_') || name === 'S3_ENDPOINT';
}
