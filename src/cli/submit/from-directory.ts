import type { InferredFlags } from '@oclif/core/interfaces';
import type { SubmissionInput } from '../../api/contract.ts';
import type { Client } from '../../client/client.ts';
import type { ExperimentSummary } from '../../experiment/record.ts';
import type { Plan } from '../../experiment/plan.ts';
import { DEFAULT_PROJECT } from '../../experiment/project-name.ts';
import { planManifest } from '../../operators/plan.ts';
import { scanDirectory, type Scan } from '../../snapshot/packaging/scan.ts';
import type { PlanDocument } from '../../render/local/plan-document.ts';
import { secretNames } from './env-flags.ts';
import type { newSubmissionFlags } from '../runtime/flags.ts';
import { assertRepository, readLocalManifest } from '../manifest/local-manifest.ts';
import { localDocument } from '../manifest/rendering.ts';
import type { Settings } from '../settings/settings.ts';
import type { CommonSubmission } from './submission.ts';
import type { Talk } from '../runtime/talk.ts';
import { uploadSnapshot } from './upload.ts';

export type NewSubmissionFlags = InferredFlags<typeof newSubmissionFlags>;

/** A directory that was checked, not read yet. */
export interface CheckedDirectory {
  root: string;
  plan: Plan;
  /** `--manifest-path`. */
  requested: string | null;
  /** The manifest that was found, from the root. */
  manifestPath: string;
  /** Reads the files and checks what lies around the manifest. */
  scan(): Promise<Scan>;
}

interface Checking {
  root: string;
  /** The directory that files are named from; without it the current one. */
  namedFrom?: string;
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
  namedFrom,
  flags,
  common,
  settings,
  talk,
  signal,
  onSource,
}: Checking): CheckedDirectory {
  const requested = flags['manifest-path'] ?? null;
  const local = readLocalManifest({ root, requested, namedFrom, onSource });
  const plan = planManifest(local.manifest, {
    message: flags.message ?? '',
    project: settings.project.value ?? DEFAULT_PROJECT,
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
      scanned.listing.entries.filter(({ kind }) => kind !== 'folder').map(({ path }) => path),
    );
    for (const { message } of [...local.notices, ...scanned.notices]) talk.notice(message);
    return scanned;
  };
  return { root, plan, requested, manifestPath: local.path, scan };
}

export interface DryRun {
  manifest_path: string;
  /** Null: the code of a commit that could not be fetched. */
  snapshot: string | null;
  /** Null where nothing is packed: a resubmission's code is on the server already. */
  files: number | null;
  bytes: number | null;
  largest: { path: string; bytes: number }[];
  plan: PlanDocument;
}

/** What would be sent and created; nothing is (contract 3.1). */
export async function dryRun(
  { plan, manifestPath, scan }: CheckedDirectory,
  settings: Settings,
): Promise<DryRun> {
  const { digest, files, bytes, largest } = await scan();
  return {
    manifest_path: manifestPath,
    snapshot: digest,
    files,
    bytes,
    largest: largest.map((entry) => ({ path: entry.path, bytes: entry.bytes })),
    plan: localDocument(plan, settings),
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
  { root, requested, scan }: CheckedDirectory,
  { client: connecting, submission, ...sending }: Sending,
): Promise<{ summary: ExperimentSummary; upload: { files: number; bytes: number; sent_bytes: number } }> {
  const [scanned, client] = await Promise.all([scan(), connecting]);
  const sent = await uploadSnapshot({ client, root, scan: scanned, ...sending });
  const source = { kind: 'local' as const, snapshot: scanned.digest };
  // Unless it was asked for, the server chooses too, and its record says which of two it took.
  const summary = await client.submit({ ...submission, source, manifest_path: requested });
  return { summary, upload: { files: scanned.files, bytes: scanned.bytes, sent_bytes: sent } };
}
