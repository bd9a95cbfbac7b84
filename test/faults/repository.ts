import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** What a test says of an experiment; one group of pods called `worker`. */
export interface Work {
  /** A POSIX shell script; every pod runs it. */
  script: string;
  count?: number;
  completions?: number;
  parallelisms?: number;
  /** More of `spec`: `restartPolicy`, `timeout`, `gracefulTermination`, … */
  spec?: object;
  /** More files of the repository. */
  files?: Readonly<Record<string, string | Uint8Array>>;
}

/** So little that many run side by side whatever the machine has. */
const RESOURCES = { cpus: 0.1, ramRatio: 0.01 };
/** What that is in memory, as commands say it. */
export const MEMORY_GB = 0.001;

export function manifestOf({ count = 1, completions, parallelisms, spec }: Work): string {
  const worker = {
    count,
    resources: RESOURCES,
    ...(completions !== undefined && { completions }),
    ...(parallelisms !== undefined && { parallelisms }),
  };
  return JSON.stringify({
    kind: 'AIchorManifest',
    apiVersion: '0.2.3',
    builder: { image: 'x', dockerfile: './Dockerfile', context: '.' },
    spec: { operator: 'jobset', image: 'x', command: 'sh run.sh', types: { worker }, ...spec },
  });
}

/** Writes a repository that can be submitted. */
export async function writeRepository(folder: string, work: Work): Promise<void> {
  const files = {
    'aichor_manifests/manifest.yaml': manifestOf(work),
    Dockerfile: 'FROM scratch\n',
    'run.sh': `${work.script}\n`,
    ...work.files,
  };
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), content);
  }
}
