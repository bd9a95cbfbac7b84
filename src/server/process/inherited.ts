import { closeSync, readdirSync, readFileSync } from 'node:fs';
import { systemErrorCode } from '../../errors.ts';

/** In the flags of a descriptor: it is closed when another program is started. Node opens all of its own so. */
const CLOSED_BY_EXEC = 0o2000000;

/**
 * Closes what the starter of this process had open and passed on without wanting to: a lock file of the calling script
 * would stay locked for as long as the control plane runs. Where the system does not tell (macOS) nothing is closed.
 */
export function closeInherited(): void {
  if (process.platform !== 'linux') return;
  for (const name of readdirSync('/proc/self/fd')) {
    const fd = Number(name);
    if (fd > 2 && isInherited(fd)) closeSync(fd);
  }
}

function isInherited(fd: number): boolean {
  try {
    const flags = /^flags:\s*([0-7]+)$/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'))?.[1];
    return flags !== undefined && (Number.parseInt(flags, 8) & CLOSED_BY_EXEC) === 0;
  } catch (error) {
    // The one through which the folder was read is closed by now.
    if (systemErrorCode(error) === undefined) throw error;
    return false;
  }
}
