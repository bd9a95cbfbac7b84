import type { InferredFlags } from '@oclif/core/interfaces';
import { join } from 'node:path';
import type { SubmissionInput } from '../api/contract.ts';
import type { Client } from '../client/client.ts';
import type { ExperimentSummary } from '../experiment/record.ts';
import type { Plan } from '../experiment/plan.ts';
import { planManifest } from '../operators/plan.ts';
import { scanDirectory, type Scan } from '../packaging/scan.ts';
import { PLACEHOLDER_EXPERIMENT_ID, planDocument, type PlanDocument } from '../render/local/plan-document.ts';
import { secretNames } from './env-flags.ts';
import type { newSubmissionFlags } from './flags.ts';
import { assertRepository, readLocalManifest } from './local-manifest.ts';
import type { Settings } from './settings.ts';
import type { CommonSubmission } from './submission.ts';
import type { Talk } from './talk.ts';
import { uploadSnapshot } from './upload.ts';

export type NewSubmissionFlags = InferredFlags<typeof newSubmissionFlags>;

/** A directory that was checked, not read yet. */
export interface CheckedDirectory {
  root: string;
  plan: Plan;
  manifestPath: string;
  /** Reads the files and checks what lies around the manifest. */
  scan(): Promise<Scan>;
}

interface Checking {
  root: string;
  flags: NewSubmissionFlags;
  common: CommonSubmission;
  settings: Settings;
  talk: Talk;
  signal: AbortSignal;
  onSource(file: string, text: string): void;
}

/** Everything that can be said without reading the whole directory and without a server. Throws AichorError. */
export function checkDirectory({
  root,
  flags,
  common,
  settings,
  talk,
  signal,
  onSource,
}: Checking): CheckedDirectory {
  const local = readLocalManifest({ root, requested: flags['manifest-path'] ?? null, onSource });
  const plan = planManifest(local.manifest, {
    message: flags.message ?? '',
    project: settings.project.value ?? 'default',
    env: common.env,
    secrets: secretNames(flags.secret, common.env),
    vcs: {},
  });
  for (const { file, line, column, message } of local.warnings)
    talk.notice(`${file}:${line}:${column}: ${message}`);
  const scan = async () => {
    const scanned = await scanDirectory(root, {
      cacheFolder: settings.folder.cache,
      signal,
      onProgress: ({ files, of }) => talk.progress(`reading: ${files} of ${of} files`),
    });
    assertRepository(
      local,
      scanned.listing.entries.map(({ path }) => path),
    );
    for (const { message } of [...local.notices, ...scanned.notices]) talk.notice(message);
    return scanned;
  };
  return { root, plan, manifestPath: local.path, scan };
}

export interface DryRun {
  manifest_path: string;
  snapshot: string;
  files: number;
  bytes: number;
  largest: { path: string; bytes: number }[];
  plan: PlanDocument;
}

/** What would be sent and created; nothing is (contract 3.1). */
export async function dryRun(
  { plan, manifestPath, scan }: CheckedDirectory,
  settings: Settings,
): Promise<DryRun> {
  const { digest, files, bytes, largest } = await scan();
  const { data } = settings.folder;
  const project = settings.project.value ?? 'default';
  const events = plan.tensorboard.pvc === null ? ['tensorboard'] : ['volumes', plan.tensorboard.pvc];
  const paths = {
    input: `${join(data, 'inputs', project)}/`,
    output: `${join(data, 'outputs', project, 'output', PLACEHOLDER_EXPERIMENT_ID)}/`,
    tensorboard: plan.tensorboard.enabled ? join(data, ...events, PLACEHOLDER_EXPERIMENT_ID) : null,
  };
  return {
    manifest_path: manifestPath,
    snapshot: digest,
    files,
    bytes,
    largest: largest.map((entry) => ({ path: entry.path, bytes: entry.bytes })),
    plan: planDocument(plan, { experimentId: PLACEHOLDER_EXPERIMENT_ID, paths }),
  };
}

interface Sending {
  client: Promise<Client>;
  submission: Omit<SubmissionInput, 'source'>;
  remote: boolean;
  talk: Talk;
  signal: AbortSignal;
}

/** Sends a checked directory and submits it; the server may still be starting while the directory is read. */
export async function sendDirectory(
  { root, manifestPath, scan }: CheckedDirectory,
  { client: connecting, submission, ...sending }: Sending,
): Promise<{ summary: ExperimentSummary; upload: { files: number; bytes: number; sent_bytes: number } }> {
  const [scanned, client] = await Promise.all([scan(), connecting]);
  const sent = await uploadSnapshot({ client, root, scan: scanned, ...sending });
  const source = { kind: 'local' as const, snapshot: scanned.digest };
  const summary = await client.submit({ ...submission, source, manifest_path: manifestPath });
  return { summary, upload: { files: scanned.files, bytes: scanned.bytes, sent_bytes: sent } };
}
