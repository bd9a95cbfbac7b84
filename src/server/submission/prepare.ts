import type { Engine, SnapshotReader } from '../../engines/engine.ts';
import { AichorError } from '../../errors.ts';
import type { Plan } from '../../experiment/plan.ts';
import type { Notice } from '../../experiment/record.ts';
import type { Diagnostic } from '../../manifest/diagnostic.ts';
import { parseManifest } from '../../manifest/parse.ts';
import { planManifest, type SubmissionFacts } from '../../operators/plan.ts';
import { repositoryFindings } from '../../repository/findings.ts';
import { locateManifest } from '../../repository/locate.ts';
import { chooseEngine } from './choose-engine.ts';
import { withPlaces } from '../engines/placed-findings.ts';

export interface PrepareRequest {
  snapshot: SnapshotReader;
  submission: SubmissionFacts;
  engine: { asked: string | null; preferred: string | null };
  /** An environment of the engine's machine, used as it is; null: one is built. */
  python_env: string | null;
  /** What only the present state of the engine speaks against is a notice. */
  force: boolean;
}

export interface Prepared {
  manifestPath: string;
  manifest: string;
  plan: Plan;
  engine: Engine;
  notices: Notice[];
}

/** The manifest as it lies in the snapshot. */
export interface FoundManifest {
  path: string;
  bytes: Uint8Array;
  notices: Notice[];
}

/**
 * From submitted files to a plan and the engine that will carry it out. The server's word counts, whatever the client
 * found before. Throws `manifest_invalid`, `repository_invalid` (both with diagnostics) and `engine_unavailable`.
 */
export async function prepare(
  engines: ReadonlyMap<string, Engine>,
  request: PrepareRequest,
  found: FoundManifest,
): Promise<Prepared> {
  const { snapshot, submission } = request;
  const { manifest, diagnostics, places } = parseManifest(found.bytes, found.path);
  if (manifest === null) throw invalid('manifest_invalid', found.path, diagnostics);
  const findings = repositoryFindings(manifest, pathsOf(snapshot), found.path);
  if (findings.some(isError)) throw invalid('repository_invalid', found.path, findings);
  const plan = planManifest(manifest, submission);
  const { engine, notice } = chooseEngine(engines, { ...request.engine, manifest: plan.engine_name });
  if (request.python_env !== null && engine.kind !== 'local') {
    throw new AichorError('usage', `--python-env is for the engine local; this runs on ${engine.name}`, {
      hint: 'leave it out, or submit with --engine local',
    });
  }
  const notices = [
    ...found.notices,
    ...findings.map(({ code, message }) => ({ code, message })),
    ...(notice === null ? [] : [notice]),
    ...(await withPlaces(engine.check(plan, { force: request.force }), { file: found.path, places })),
  ];
  return { manifestPath: found.path, manifest: manifestText(found), plan, engine, notices };
}

/** Throws `manifest_invalid` or `repository_invalid` when there is none. */
export async function findManifest(
  snapshot: SnapshotReader,
  requested: string | null,
): Promise<FoundManifest> {
  const { path, notices } = locateManifest(pathsOf(snapshot), requested);
  const bytes = await snapshot.read(path);
  if (bytes === null) throw new Error(`the snapshot ${snapshot.digest} lists ${path} but does not hold it`);
  return { path, bytes, notices };
}

/** As it is kept with the experiment and printed by `experiments get --manifest`. */
export function manifestText({ bytes }: FoundManifest): string {
  return Buffer.from(bytes).toString('utf8');
}

function pathsOf(snapshot: SnapshotReader) {
  const list = snapshot.paths();
  const known = new Set(list);
  return { has: (path: string) => known.has(path), list: () => list };
}

function isError(diagnostic: Diagnostic): boolean {
  return diagnostic.severity === 'error';
}

function invalid(
  code: 'manifest_invalid' | 'repository_invalid',
  path: string,
  diagnostics: Diagnostic[],
): AichorError {
  const errors = diagnostics.filter(isError);
  const number = errors.length === 1 ? '1 mistake' : `${errors.length} mistakes`;
  const where = code === 'manifest_invalid' ? path : `the repository around ${path}`;
  return new AichorError(code, `${where} has ${number}`, {
    hint: 'aichor manifest validate shows each with its place',
    diagnostics,
  });
}
