import type { Client } from '../../client/client.ts';
import type { Plan } from '../../experiment/plan/plan.ts';
import { DEFAULT_PROJECT } from '../../experiment/project-name.ts';
import type { Clone } from '../../manifest/manifest.ts';
import { planManifest } from '../../operators/plan.ts';
import { scanDirectory, type Scan } from '../../snapshot/packaging/scan.ts';
import { isAichorError } from '../../errors.ts';
import { assertRepository, readLocalManifest } from '../manifest/local-manifest.ts';
import { localDocument } from '../manifest/rendering.ts';
import { newSubmission, type SubmitOptions } from './options.ts';
import type { DryRun, PreparedSubmission, Taken } from './submit-command.ts';
import { uploadSnapshot } from './upload.ts';

interface Directory {
  root: string;
  /** `--manifest-path`. */
  requested: string | null;
  /** The directory that files are named from; without it the current one. */
  namedFrom?: string;
}

/** A directory that was checked, not read yet. */
export interface CheckedDirectory extends Directory {
  plan: Plan;
  /** What the manifest wants of a commit. */
  clone: Clone;
  /** The manifest that was found, from the root. */
  manifestPath: string;
  /** Its text, and what it is called from here. */
  source: { text: string; file: string };
  /** Reads the files and checks what lies around the manifest. */
  scan(): Promise<Scan>;
}

/** Everything that can be said without reading the whole directory and without a server. Throws AichorError. */
export function checkDirectory(directory: Directory, options: SubmitOptions): CheckedDirectory {
  const { root, requested, namedFrom } = directory;
  const { settings, talk, signal, onSource } = options;
  const local = readLocalManifest({ root, requested, namedFrom, set: options.set, onSource });
  const plan = planManifest(local.manifest, {
    message: options.message ?? '',
    project: settings.project.value ?? DEFAULT_PROJECT,
    env: options.env,
    given_by: options.envGivenBy,
    secrets: options.secretNames,
    vcs: {},
  });
  for (const { file, line, column, message } of local.warnings)
    talk.notice(`${file}:${line}:${column}: ${message}`);
  const scan = async () => {
    const scanned = await scanDirectory(root, {
      cacheFolder: settings.folder.cache,
      signal,
      limitBytes: settings.max_snapshot_gb === undefined ? undefined : settings.max_snapshot_gb * 1e9,
      onProgress: ({ files, of }) => talk.progress(`reading: ${files} of ${of} files`),
    });
    assertRepository(local, scanned.paths);
    for (const { message } of [...local.notices, ...scanned.notices]) talk.notice(message);
    return scanned;
  };
  const { path: manifestPath, source } = local;
  return { ...directory, plan, clone: local.manifest.clone, manifestPath, source, scan };
}

/** A directory as it is, checked. The server may still be starting while its files are read. */
export function directorySubmission(
  directory: Directory,
  options: SubmitOptions,
  connect: () => Promise<Client>,
): PreparedSubmission {
  const checked = checkDirectory(directory, options);
  return {
    dryRun: () => dryRunOf(checked, options),
    send: (secrets) => sendDirectory(checked, { options, secrets, connect }),
  };
}

/** What would be sent and created; nothing is (contract 3.1). `isCommit`: the files are a commit's. */
export async function dryRunOf(
  checked: CheckedDirectory,
  options: SubmitOptions,
  isCommit = false,
): Promise<DryRun> {
  const { root, plan, manifestPath } = checked;
  const scanned = await scanForDryRun(checked, { isCommit, talk: options.talk });
  const { digest, files, bytes, largest } = scanned;
  const { filesOfDirectory } = await import('./sent-files.ts');
  return {
    manifest_path: manifestPath,
    snapshot: digest,
    files,
    bytes,
    largest: largest.map((entry) => ({ path: entry.path, bytes: entry.bytes })),
    ...(await filesOfDirectory(root, scanned, options)),
    plan: localDocument(plan, options.settings),
  };
}

/** Reads what would be sent, and says what is not there of its contents, as the server would. */
export async function scanForDryRun(
  { root, plan, clone, scan }: CheckedDirectory,
  { isCommit, talk }: { isCommit: boolean; talk: SubmitOptions['talk'] },
): Promise<Scan> {
  const scanned = await scan();
  const [{ absentContents }, { scannedContents }] = await Promise.all([
    import('../../repository/git-contents.ts'),
    import('./scanned-contents.ts'),
  ]);
  const origin = { clone: isCommit ? clone : null, context: plan.builder.context };
  // Submodules that are wanted are not in the copy of a commit that a dry run looks at.
  const isOut = isCommit && clone.submodules !== 'false' ? 'submodules_absent' : null;
  for (const { code, message } of await absentContents(scannedContents(root, scanned), origin))
    if (code !== isOut) talk.notice(message);
  return scanned;
}

/** So many times a directory is read that changes while it is sent. */
const TRIES = 3;

interface Sending {
  options: SubmitOptions;
  secrets: Record<string, string>;
  connect(): Promise<Client>;
}

async function sendDirectory(
  checked: CheckedDirectory,
  { options, secrets, connect }: Sending,
): Promise<Taken> {
  const { client, source, upload } = await uploadDirectory(checked, { options, connect });
  // Unless it was asked for, the server chooses too, and its record says which of two it took.
  const summary = await client.submit({
    ...newSubmission(options, secrets),
    source,
    manifest_path: checked.requested,
  });
  return { client, summary, upload };
}

/** Brings a directory to the server; what it is called there, and how much was sent. */
export async function uploadDirectory(
  { root, scan }: CheckedDirectory,
  { options, connect }: Omit<Sending, 'secrets'>,
) {
  const { settings, talk, signal } = options;
  const [first, client] = await Promise.all([scan(), connect()]);
  const remote = settings.server.value !== null;
  let scanned = first;
  let sent = 0;
  for (let attempt = 1; ; attempt++) {
    if (options.showFiles) await sayFiles(root, scanned, options);
    try {
      sent += await uploadSnapshot({ client, root, scan: scanned, remote, talk, signal });
      break;
    } catch (error) {
      // A file was written to between reading and sending: what it says now is sent.
      if (attempt === TRIES || !isAichorError(error) || error.code !== 'conflict') throw error;
      scanned = await scan();
    }
  }
  const source = { kind: 'local' as const, snapshot: scanned.digest, ...scanned.git };
  const upload = { files: scanned.files, bytes: scanned.bytes, sent_bytes: sent };
  return { client, source, upload };
}

/** Names each file that is about to be sent, and each that is not. */
async function sayFiles(root: string, scan: Scan, options: SubmitOptions): Promise<void> {
  const [{ filesOfDirectory }, { sentFilesView }] = await Promise.all([
    import('./sent-files.ts'),
    import('../print/manifest/sent-files.ts'),
  ]);
  const { files_sent: sent, left_out: left } = await filesOfDirectory(root, scan, options);
  options.talk.say(sentFilesView(sent ?? [], left, options.talkScreen));
}
