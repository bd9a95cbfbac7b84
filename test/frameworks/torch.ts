import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** Said in the names of the tests that are left out. */
export const TORCH_ABSENT = ' (skipped: /usr/bin/python3 has no torch; apt-get install python3-torch)';

/** Debian's build of torch is for Debian's interpreter: its path, or null where it is not to be had. */
export async function findTorch(): Promise<string | null> {
  return promisify(execFile)('/usr/bin/python3', ['-c', 'import torch']).then(
    () => '/usr/bin/python3',
    () => null,
  );
}
