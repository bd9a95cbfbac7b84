import { Readable } from 'node:stream';
import { createGzip } from 'node:zlib';
import {
  CONTEXT_FOLDER,
  UPLOAD_FOLDER,
  UPLOADED_FILE,
} from '../../../../render/kubernetes/build/build-arguments.ts';
import { BUILD_CONTAINERS } from '../../../../render/kubernetes/build/build-job.ts';
import type { SnapshotReader } from '../../../engine.ts';
import type { Cluster } from '../../api/cluster.ts';

export interface Upload {
  snapshot: SnapshotReader;
  /** Folder of the repository, `.` for all of it. */
  context: string;
  /** Path of the Dockerfile in the repository. */
  dockerfile: string;
  /** The pod that waits for it. */
  pod: string;
  signal: AbortSignal;
}

/** Most of a program is text. More effort is worth less than the time it takes. */
const GZIP_LEVEL = 1;

/**
 * Unpacks what a build reads in its pod, which goes on when the last file is there. Can be repeated: what was unpacked
 * before is written over.
 *
 * @returns what `tar` said and ended with; throws ClusterError when it could not be run, or was cut off
 */
export async function uploadContext(
  cluster: Cluster,
  { snapshot, context, dockerfile, pod, signal }: Upload,
): Promise<{ code: number; output: string }> {
  const isRead = isReadBy({ context, dockerfile });
  const places = (path: string) => (isRead(path) ? [`${CONTEXT_FOLDER}/${path}`] : []);
  const archive = Readable.from(snapshot.pack({ places, last: UPLOADED_FILE }), { objectMode: false });
  const packed = createGzip({ level: GZIP_LEVEL });
  archive.once('error', (error) => packed.destroy(error));
  packed.once('close', () => archive.destroy());
  return cluster.exec(pod, {
    container: BUILD_CONTAINERS.upload,
    command: ['tar', '-xzf', '-', '-C', UPLOAD_FOLDER],
    stdin: archive.pipe(packed),
    signal,
  });
}

/** A build reads its context, and the Dockerfile (with the ignore file of its own) wherever that is. */
function isReadBy({
  context,
  dockerfile,
}: Pick<Upload, 'context' | 'dockerfile'>): (path: string) => boolean {
  if (context === '.') return () => true;
  const beside = new Set([dockerfile, `${dockerfile}.dockerignore`]);
  return (path) => path.startsWith(`${context}/`) || beside.has(path);
}
