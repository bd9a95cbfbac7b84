import { readdirSync, readFileSync } from 'node:fs';

/** What a process is known to have taken so far, in milliseconds; null: it is gone. */
function takenBy(pid) {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1).split(' ');
    return (Number(fields[11]) + Number(fields[12])) * 10;
  } catch (error) {
    if (error.code === 'ENOENT' || error.code === 'ESRCH') return null;
    throw error;
  }
}

/** A process and all that it started, and they. */
export function withDescendants(pid) {
  const parents = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => [Number(name), parentOf(name)]);
  const found = [pid];
  for (const each of found)
    found.push(...parents.filter(([, parent]) => parent === each).map(([child]) => child));
  return found;
}

function parentOf(pid) {
  try {
    return Number(readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1).split(' ')[1]);
  } catch {
    return null;
  }
}

/** Processor's time of processes, as they are now. @returns {Map<number, number>} */
export function taken(pids) {
  return new Map(pids.flatMap((pid) => (takenBy(pid) === null ? [] : [[pid, takenBy(pid)]])));
}

/** Milliseconds of the processor from one look to the next; a process that began meanwhile counts whole. */
export function between(before, after) {
  return [...after].reduce((sum, [pid, ms]) => sum + ms - (before.get(pid) ?? 0), 0);
}
