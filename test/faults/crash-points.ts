import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { STEPS } from '../../src/experiment/status.ts';

const SOURCE = join(import.meta.dirname, '../../src');

/** Kinds of facts that the embedded engine never has recorded while an experiment is carried. */
const NOT_OF_THIS_ENGINE: ReadonlySet<string> = new Set([
  // Written with the experiment itself, in one transaction: `submit-created` stands behind it.
  'recorded-step-wait',
  'recorded-planned',
  // The files of a commit are here before it is accepted.
  'recorded-source',
  // Pods that wait for one of several GPUs; TensorBoard and the like.
  'recorded-progress',
  'recorded-link',
  // Images, and queues that take back, are those of clusters.
  'recorded-image',
  'recorded-suspended',
  'recorded-resumed',
  // Hooks are those of a team's server.
  // At the start, of a database that an earlier version wrote: test/faults/upgrade.test.ts.
  'migration-copied',
  'migration-step',
  'delivery-written',
  'delivery-answered',
  'push-submitted',
  // Steps of any small file: killed one by one in test/unit/base/place.test.ts.
  'place-opened',
  'place-written',
  'place-renamed',
]);

/** The control plane dies there in test/cluster. */
const OTHER_ENGINE = 'engines/kubernetes/';

/** Every name that a `crashPoint(…)` of the source can have. A new one is found by itself. */
export async function crashPoints(): Promise<string[]> {
  const points = new Set<string>();
  for (const file of await readdir(SOURCE, { recursive: true })) {
    if (!file.endsWith('.ts') || file.startsWith(OTHER_ENGINE)) continue;
    const text = await readFile(join(SOURCE, file), 'utf8');
    for (const [, argument = ''] of text.matchAll(/^\s*(?:if \(.*\) )?crashPoint\(([^;]*)\);$/gm))
      for (const name of await namesIn(argument)) points.add(name);
  }
  return [...points].filter((name) => !NOT_OF_THIS_ENGINE.has(name)).sort();
}

/** A text is a name; `fact.step` and `fact.type` in a template stand for each step and each kind of fact. */
async function namesIn(argument: string): Promise<string[]> {
  const names: string[] = [];
  for (const [, plain, template] of argument.matchAll(/'([\w-]+)'(?! \?)|`([^`]+)`/g)) {
    if (plain !== undefined) names.push(plain);
    else if (template !== undefined) names.push(...(await filledIn(template)));
  }
  return names;
}

async function filledIn(template: string): Promise<string[]> {
  const [before, what, after] = /^(.*)\$\{fact\.(\w+)\}(.*)$/.exec(template)?.slice(1) ?? [];
  if (what === 'step') return STEPS.map((step) => `${before}${step}${after}`);
  if (what === 'type') return (await factTypes()).map((type) => `${before}${type}${after}`);
  throw new Error(`what does the crash point ${template} stand for?`);
}

async function factTypes(): Promise<string[]> {
  const text = await readFile(join(SOURCE, 'experiment/event.ts'), 'utf8');
  return [...text.matchAll(/\btype: '(\w+)'/g)].flatMap(([, type]) => (type === undefined || type === 'step' ? [] : [type]));
} // prettier-ignore
