import { leftOut, type LeftOut } from '../../snapshot/packaging/left-out.ts';
import type { Scan } from '../../snapshot/packaging/scan.ts';
import type { SubmitOptions } from './options.ts';

/** A file, or a link or an empty folder (final `/`), which weigh nothing. */
export interface SentFile {
  path: string;
  bytes: number;
}

/** What `--show-files` adds to a document. */
export interface FilesOfDirectory {
  /** Files that would be sent, by path; null: not asked for. */
  files_sent: SentFile[] | null;
  /** What stays here, by the rule that says so. */
  left_out: LeftOut[];
}

/** What of a directory is sent, and what is not: every path of both with `--show-files`. */
export async function filesOfDirectory(
  root: string,
  scan: Pick<Scan, 'listing' | 'paths'>,
  { showFiles, signal }: Pick<SubmitOptions, 'showFiles' | 'signal'>,
): Promise<FilesOfDirectory> {
  const left_out = await leftOut(root, { env: process.env, sent: scan.paths, all: showFiles, signal });
  return { files_sent: showFiles ? sentFiles(scan) : null, left_out };
}

function sentFiles({ listing }: Pick<Scan, 'listing'>): SentFile[] {
  return listing.entries.map((entry) => ({
    path: entry.kind === 'folder' ? `${entry.path}/` : entry.path,
    bytes: entry.kind === 'file' ? entry.bytes : 0,
  }));
}
