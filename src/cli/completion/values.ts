import type { Client } from '../../client/client.ts';
import type { ExperimentSummary } from '../../experiment/record.ts';
import { isTerminal, STATUSES } from '../../experiment/status.ts';
import { printable } from '../print/text.ts';
import { SHELLS } from './scripts.ts';
import type { Suggestion, ValueKind } from './wanted.ts';

/** Experiments that are looked at: who completes wants one of the last ones. */
const LOOKED_AT = 200;

/** Values of a kind; `current` is what is typed of one. `client` gives null where no control plane runs: none is started. */
export async function valuesOf(
  kind: ValueKind,
  { current, client, of }: { current: string; client(): Promise<Client | null>; of?: string | undefined },
): Promise<Suggestion[]> {
  const found = await experimentsFor(kind, client);
  switch (kind) {
    case 'id':
    case 'live-id':
    case 'ended-id':
      return idsOf(kind, found);
    case 'label':
      return distinct(found, ({ labels }) => Object.entries(labels).map(([key, value]) => `${key}=${value}`));
    case 'label-key':
      return distinct(found, ({ labels }) => Object.keys(labels));
    case 'sweep':
      return distinct(found, ({ sweep }) => (sweep === null ? [] : [sweep.name]));
    case 'project':
      return distinct(found, ({ project }) => [project]);
    case 'engine':
      return enginesOf(await client());
    case 'operator': {
      const { OPERATOR_NAMES } = await import('../../operators/table.ts');
      return plain(OPERATOR_NAMES);
    }
    case 'status':
      return plain(STATUSES.map((status) => status.toLowerCase()));
    case 'column': {
      const { columnNames } = await import('../print/experiments/columns.ts');
      return plain(columnNames());
    }
    case 'manifest-path':
    case 'manifest-value':
      return manifestPaths(current, kind === 'manifest-value');
    case 'pod':
      return podsOf(await client(), of ?? 'latest');
    case 'link':
      return plain(['tensorboard', 'ray', 'jupyter', 'vscode']);
    case 'shell':
      return plain(SHELLS);
    case 'file':
    case 'folder':
      return [];
  }
}

const OF_EXPERIMENTS: ReadonlySet<ValueKind> = new Set([
  'id',
  'live-id',
  'ended-id',
  'label',
  'label-key',
  'sweep',
  'project',
]);

async function experimentsFor(
  kind: ValueKind,
  client: () => Promise<Client | null>,
): Promise<ExperimentSummary[]> {
  if (!OF_EXPERIMENTS.has(kind)) return [];
  const page = await (await client())?.list({ limit: LOOKED_AT });
  return page?.experiments ?? [];
}

function idsOf(kind: 'id' | 'live-id' | 'ended-id', experiments: readonly ExperimentSummary[]): Suggestion[] {
  const wanted = experiments.filter(
    ({ status }) => kind === 'id' || isTerminal(status) === (kind === 'ended-id'),
  );
  const latest = wanted.length > 0 ? [{ word: 'latest', says: 'the newest' }] : [];
  const ids = wanted.map(({ experiment_id: id, status, message }) => ({
    word: id.slice(0, 8),
    says: [status.toLowerCase(), printable(message)].filter(Boolean).join(', '),
  }));
  return [...ids, ...latest];
}

function distinct(
  experiments: readonly ExperimentSummary[],
  wordsOf: (experiment: ExperimentSummary) => readonly string[],
): Suggestion[] {
  return plain([...new Set(experiments.flatMap(wordsOf))]);
}

function plain(words: readonly string[]): Suggestion[] {
  return words.map((word) => ({ word, says: '' }));
}

async function podsOf(client: Client | null, ref: string): Promise<Suggestion[]> {
  const pods = client === null ? [] : (await client.get(ref)).pods;
  return pods.map(({ pod, status }) => ({ word: pod, says: status.toLowerCase() }));
}

async function enginesOf(client: Client | null): Promise<Suggestion[]> {
  const engines = client === null ? [] : (await client.engines()).engines;
  return engines.map(({ name, kind }) => ({ word: name, says: kind }));
}

/** The keys below the path that is typed so far; `isSet`: with a `=` behind those that hold a value. */
async function manifestPaths(current: string, isSet: boolean): Promise<Suggestion[]> {
  if (isSet && current.includes('=')) return [];
  const { continuations } = await import('../../manifest/reference/explain.ts');
  return continuations(current).map(({ path, description, holds }) => {
    const end = holds === 'fields' || (isSet && holds === 'keys') ? '.' : isSet ? '=' : '';
    return { word: `${path}${end}`, says: description };
  });
}
