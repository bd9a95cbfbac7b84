import type { SweepSubmissionInput, SweepSubmitted } from '../../api/sweep-contract.ts';
import type { Client } from '../../client/client.ts';
import { withChanges } from '../../manifest/changes.ts';
import { parseManifest } from '../../manifest/parse.ts';
import type { LeftOut } from '../../snapshot/packaging/left-out.ts';
import type { Point } from '../../sweep/point.ts';
import { messageOf } from '../../sweep/template.ts';
import { givenBy, trialsOf, type Trial } from '../../sweep/trials.ts';
import { planManifest } from '../../operators/plan.ts';
import { DEFAULT_PROJECT } from '../../experiment/project-name.ts';
import { planTotals } from '../../experiment/plan/totals.ts';
import { invalidManifest } from '../manifest/local-manifest.ts';
import {
  checkDirectory,
  scanForDryRun,
  uploadDirectory,
  type CheckedDirectory,
} from '../submit/directory.ts';
import { commitMeant, inCopyOf, type Commit } from '../submit/commit.ts';
import { newSubmission, type SubmitOptions } from '../submit/options.ts';
import type { SentFile } from '../submit/sent-files.ts';

/** What a sweep is, beside what each of its experiments has from the options. */
export interface SweepWanted {
  name: string;
  points: Point[];
  /** The flag that gave each name of the points. */
  givenBy: Record<string, string>;
  repeat: number;
  maxParallel: number | null;
  rerun: 'missing' | 'failed';
}

/** What `--dry-run` prints. */
export interface SweepDryRun {
  sweep: string;
  manifest_path: string;
  snapshot: string;
  /** Files that would be sent; null unless they were asked for. */
  files_sent: SentFile[] | null;
  left_out: LeftOut[] | null;
  /** How many pods all experiments have together. */
  pods: number;
  points: (Trial & { message: string })[];
}

/** What submitting prints. */
export interface SubmittedSweep extends SweepSubmitted {
  upload: { files: number; bytes: number; sent_bytes: number } | null;
}

/** Where the files are: a directory, or a commit of the origin. */
export type SweepFiles =
  { kind: 'directory'; root: string; requested: string | null } | { kind: 'commit'; commit: Commit };

interface Sent {
  secrets(): Promise<Record<string, string>>;
  connect(): Promise<Client>;
}

/** The commit that is meant, as files of a sweep. */
export async function filesOfCommit(
  meant: Parameters<typeof commitMeant>[0],
  options: SubmitOptions,
): Promise<SweepFiles> {
  return { kind: 'commit', commit: await commitMeant(meant, options) };
}

/** Checks every point against the manifest and sends all of them in one request. Throws AichorError; then none is there. */
export async function sendSweep(
  files: SweepFiles,
  sweep: SweepWanted,
  { options, secrets, connect }: Sent & { options: SubmitOptions },
): Promise<{ client: Client; document: SubmittedSweep }> {
  const messages = drafted(sweep, options);
  if (messages.length === 0) throw new Error('a sweep without a point');
  if (files.kind === 'commit') {
    const { repository, sha, branch, requested } = files.commit;
    const values = await secrets();
    const client = await connect();
    options.talk.progress(`fetching ${sha.slice(0, 12)}`);
    const source = { kind: 'commit' as const, repository, commit_sha: sha, branch };
    const request = requestOf({ sweep, options, secrets: values }, { source, manifest_path: requested });
    return { client, document: { ...(await client.submitSweep(request)), upload: null } };
  }
  const { root, requested } = files;
  const checked = checkDirectory({ root, requested }, options);
  checkPoints(checked, sweep, options);
  const values = await secrets();
  const { client, source, upload } = await uploadDirectory(checked, { options, connect });
  const request = requestOf({ sweep, options, secrets: values }, { source, manifest_path: requested });
  return { client, document: { ...(await client.submitSweep(request)), upload } };
}

/** Every experiment that would be there, with its message; nothing is sent. Throws AichorError for a point that cannot be. */
export async function dryRunSweep(
  files: SweepFiles,
  sweep: SweepWanted,
  options: SubmitOptions,
): Promise<SweepDryRun> {
  const points = drafted(sweep, options);
  const work = async (checked: CheckedDirectory): Promise<SweepDryRun> => {
    const pods = checkPoints(checked, sweep, options);
    const isCommit = files.kind === 'commit';
    const scanned = await scanForDryRun(checked, { isCommit, talk: options.talk });
    const sent = options.showFiles
      ? await (await import('../submit/sent-files.ts')).filesOfDirectory(checked.root, scanned, options)
      : { files_sent: null, left_out: null };
    return {
      sweep: sweep.name,
      manifest_path: checked.manifestPath,
      snapshot: scanned.digest,
      ...sent,
      pods,
      points,
    };
  };
  if (files.kind === 'commit') return inCopyOf(files.commit, options, work);
  return work(checkDirectory({ root: files.root, requested: files.requested }, options));
}

function drafted(sweep: SweepWanted, { message }: SubmitOptions): (Trial & { message: string })[] {
  return trialsOf(sweep).map((trial) => ({
    ...trial,
    message: messageOf(message ?? '', { sweep: sweep.name, ...trial }),
  }));
}

/**
 * Plans each point's manifest, each form of it once; returns the number of pods of all. Throws AichorError with the place
 * in the manifest as the point has it.
 */
function checkPoints(checked: CheckedDirectory, sweep: SweepWanted, options: SubmitOptions): number {
  const { text, file } = checked.source;
  const forms = new Map<string, number>();
  let pods = 0;
  for (const point of sweep.points) {
    const { env, set } = givenBy(point);
    const key = JSON.stringify([Object.keys(env), set]);
    const known = forms.get(key);
    if (known !== undefined) {
      pods += known;
      continue;
    }
    const changed = withChanges(text, set);
    if (set.length > 0) options.onSource(file, changed);
    const { manifest, diagnostics } = parseManifest(changed, file);
    if (manifest === null) throw invalidManifest([file, ...set].join(' with '), diagnostics);
    const plan = planManifest(manifest, {
      message: '',
      project: options.settings.project.value ?? DEFAULT_PROJECT,
      env: { ...options.env, ...env },
      given_by: { ...options.envGivenBy, ...sweep.givenBy },
      secrets: options.secretNames,
      vcs: {},
    });
    const number = planTotals(plan).pods;
    forms.set(key, number);
    pods += number;
  }
  return pods * sweep.repeat;
}

function requestOf(
  {
    sweep,
    options,
    secrets,
  }: { sweep: SweepWanted; options: SubmitOptions; secrets: Record<string, string> },
  from: Pick<SweepSubmissionInput, 'source' | 'manifest_path'>,
): SweepSubmissionInput {
  const { name, points, repeat, maxParallel, rerun } = sweep;
  return {
    ...newSubmission(options, secrets),
    ...from,
    name,
    points: points.map((point) => ({ ...point })),
    repeat,
    max_parallel: maxParallel,
    rerun,
  };
}
