import type { Compared, Comparison } from '../../api/compare-contract.ts';
import { differencesOf, fileDifferences, flattened, type Cell, type Sides } from '../../compare/compare.ts';
import type { Engine, SnapshotEntry, SnapshotReader } from '../../engines/engine.ts';
import { AichorError } from '../../errors.ts';
import type { ExperimentState } from '../../experiment/state.ts';
import { readDocument } from '../../manifest/yaml/document.ts';
import type { SnapshotStore } from '../ports.ts';
import { stateOf, type ExperimentStore } from '../store/store.ts';

/** What comparing needs. */
export interface Comparing {
  store: Pick<ExperimentStore, 'resolve' | 'state' | 'submission' | 'build'>;
  snapshots: Pick<SnapshotStore, 'open'>;
  engines: ReadonlyMap<string, Engine>;
}

/** What differs between experiments: what they were given, their files and packages, and what came of them. */
export async function compareExperiments(by: Comparing, { ids, patch }: Comparison): Promise<Compared> {
  const states = [...new Set(ids.map((ref) => by.store.resolve(ref)))].map((id) => stateOf(by.store, id));
  if (states.length < 2)
    throw new AichorError('usage', 'these are the same experiment', { hint: 'name at least two' });
  if (patch && states.length > 2)
    throw new AichorError('usage', 'a patch leads from one experiment to one other', {
      hint: 'name two, or leave --patch out',
    });
  const sides: Sides[] = [];
  for (const state of states) sides.push(await sideOf(by, state));
  const snapshots = await snapshotsOf(by, states);
  const files = snapshots === null ? null : fileDifferences(snapshots.map(filesIn));
  return {
    experiments: states.map(({ record }) => record.experiment_id),
    differences: differencesOf(sides),
    files,
    patch: patch && snapshots !== null && files !== null ? await patchOf(snapshots, files) : null,
  };
}

async function sideOf(by: Comparing, { record }: ExperimentState): Promise<Sides> {
  const { experiment_id: id, engine, project, message, labels, source, manifest_path, image } = record;
  const { status, reason, attempt, duration_s, pods, env, secrets, metrics } = record;
  const build = by.store.build(id);
  const packages = build === null ? null : await by.engines.get(engine)?.packages?.(build);
  const exits = pods.map(({ pod, exit_code }): [string, Cell] => [`exit_code.${pod}`, exit_code]);
  return {
    submission: {
      engine,
      project,
      message,
      manifest_path,
      image,
      repository: source.repository,
      commit: source.commit_sha,
      branch: source.branch,
      ...flattened({ label: labels }),
    },
    env: { ...env, ...Object.fromEntries(secrets.map((name) => [name, '***'])) },
    manifest: manifestOf(by.store.submission(id)?.manifest ?? ''),
    packages: packages ?? {},
    metrics: Object.fromEntries(Object.entries(metrics).map(([name, { last }]) => [name, last])),
    result: { status, reason, attempt, duration_s, ...Object.fromEntries(exits) },
  };
}

function manifestOf(text: string): Record<string, Cell> {
  const { readable, value } = readDocument(text);
  return readable ? flattened(value) : {};
}

/** Null when those of one of them are gone. Several experiments of the same files share a reader. */
async function snapshotsOf(
  by: Comparing,
  states: readonly ExperimentState[],
): Promise<SnapshotReader[] | null> {
  const known = new Map<string, SnapshotReader | null>();
  const readers: SnapshotReader[] = [];
  for (const { record } of states) {
    const digest = record.source.snapshot;
    if (digest === null) return null;
    const reader = known.get(digest) ?? (await by.snapshots.open(digest));
    if (reader === null) return null;
    known.set(digest, reader);
    readers.push(reader);
  }
  return readers;
}

function filesIn(snapshot: SnapshotReader) {
  return snapshot.entries().map((entry) => ({ path: entry.path, mark: markOf(entry) }));
}

function markOf(entry: SnapshotEntry): string {
  if (entry.kind === 'file') return `${entry.executable ? 'x' : 'f'} ${entry.sha256}`;
  return entry.kind === 'link' ? `l ${entry.target}` : 'd';
}

/** Larger files are told to differ, not how. */
const LARGEST_TEXT = 1 << 20;
/** Of a patch nobody reads more. */
const LARGEST_PATCH = 8 << 20;

async function patchOf(
  [before, after]: readonly SnapshotReader[],
  files: readonly { path: string }[],
): Promise<string> {
  const { createTwoFilesPatch, FILE_HEADERS_ONLY } = await import('diff');
  let patch = '';
  for (const { path } of files) {
    const [old, now] = [await textOf(before, path), await textOf(after, path)];
    if (old === undefined || now === undefined) patch += `Binary files a/${path} and b/${path} differ\n`;
    else if (old !== now)
      patch += createTwoFilesPatch(
        old === null ? '/dev/null' : `a/${path}`,
        now === null ? '/dev/null' : `b/${path}`,
        old ?? '',
        now ?? '',
        undefined,
        undefined,
        { headerOptions: FILE_HEADERS_ONLY },
      );
    if (patch.length > LARGEST_PATCH)
      throw new AichorError('too_large', 'the patch has more than 8 MB', { hint: 'leave --patch out' });
  }
  return patch;
}

/** Null: there is no such file; undefined: it is no text, or too long for a patch. */
async function textOf(
  snapshot: SnapshotReader | undefined,
  path: string,
): Promise<string | null | undefined> {
  const bytes = (await snapshot?.read(path)) ?? null;
  if (bytes === null) return null;
  return bytes.length > LARGEST_TEXT || bytes.includes(0) ? undefined : bytes.toString('utf8');
}
