import { run } from '../base/io/run.ts';
import type { ProcessIdentity, Processes } from './processes.ts';

interface Row {
  pid: number;
  pgid: number;
  zombie: boolean;
  bytes: number;
}

/** What `ps` prints depends on these two: pinned, here and in the shim, so that start times can be compared. */
const PS_ENVIRONMENT = { LC_ALL: 'C', TZ: 'UTC0' };

/** The portable way: everything from `ps`, for systems without `/proc`. */
export function createPsProcesses(platform: NodeJS.Platform): Processes {
  let boot: Promise<string> | null = null;
  const bootId = () => (boot ??= readBootId(platform));

  async function identify(pid: number): Promise<ProcessIdentity | null> {
    const text = await ps(['-o', 'stat=', '-o', 'lstart=', '-p', String(pid)]);
    const parsed = /^\s*(\S+)\s+(\S.*?)\s*$/m.exec(text);
    if (parsed === null || isZombie(parsed[1] ?? 'Z')) return null;
    return { pid, start: oneSpaced(parsed[2] ?? ''), boot: await bootId() };
  }

  async function environments(): Promise<{ pid: number; text: string }[]> {
    const [text, all] = await Promise.all([ps(['axeww', '-o', 'pid=,args=']), rows()]);
    const living = new Set(all.filter((row) => !row.zombie).map((row) => row.pid));
    return text
      .split('\n')
      .map((line) => ({ pid: Number.parseInt(line, 10), text: ` ${line} ` }))
      .filter(({ pid }) => living.has(pid));
  }

  async function marked(name: string, value: string, also: string) {
    const found = (await environments()).filter(({ text }) => text.includes(` ${name}=${value} `));
    return found.map(({ pid, text }) => ({
      pid,
      also: new RegExp(` ${also}=(\\S*) `).exec(text)?.[1] ?? null,
    }));
  }

  return {
    kind: 'ps',
    bootId,
    identify,
    marked,
    async isAlive(identity) {
      const now = await identify(identity.pid);
      return now !== null && now.start === identity.start && now.boot === identity.boot;
    },
    async living(identities) {
      const [text, boot] = await Promise.all([
        ps(['-A', '-o', 'pid=', '-o', 'stat=', '-o', 'lstart=']),
        bootId(),
      ]);
      const starts = parseStarts(text);
      return new Set(
        identities.filter(({ pid, start, boot: theirs }) => theirs === boot && starts.get(pid) === start),
      );
    },
    async withEnvironment(variables) {
      const wanted = Object.entries(variables).map(([name, value]) => ` ${name}=${value} `);
      return (await environments())
        .filter(({ text }) => wanted.every((part) => text.includes(part)))
        .map(({ pid }) => pid);
    },
    // Its processor times are whole seconds in places: too coarse to tell how busy somebody is.
    async usageOf(pids) {
      const wanted = new Set(pids);
      const living = (await rows()).filter(({ pid, zombie }) => !zombie && wanted.has(pid));
      return new Map(living.map(({ pid, bytes }) => [pid, { cpu_s: null, bytes }]));
    },
    // `ps` knows nothing of files.
    writtenFiles: async () => new Map(),
    async memoryOfGroups(pgids) {
      const sums = new Map<number, number>();
      for (const row of await rows()) {
        if (!row.zombie && pgids.has(row.pgid)) sums.set(row.pgid, (sums.get(row.pgid) ?? 0) + row.bytes);
      }
      return sums;
    },
  };
}

async function rows(): Promise<Row[]> {
  const text = await ps(['-A', '-o', 'pid=', '-o', 'pgid=', '-o', 'stat=', '-o', 'rss=']);
  return parseRows(text);
}

/** Lines of `pid pgid stat rss`; rss is in kB on every system. */
export function parseRows(text: string): Row[] {
  const parsed: Row[] = [];
  for (const line of text.split('\n')) {
    const [pid, pgid, stat, kilobytes] = line.trim().split(/\s+/);
    if (pid === undefined || pgid === undefined || stat === undefined || kilobytes === undefined) continue;
    parsed.push({
      pid: Number(pid),
      pgid: Number(pgid),
      zombie: isZombie(stat),
      bytes: Number(kilobytes) * 1024,
    });
  }
  return parsed;
}

/** Lines of `pid stat lstart`: start times of processes that live. */
export function parseStarts(text: string): Map<number, string> {
  const starts = new Map<number, string>();
  for (const line of text.split('\n')) {
    const [pid, stat, ...start] = line.trim().split(/\s+/);
    if (pid !== undefined && stat !== undefined && !isZombie(stat)) starts.set(Number(pid), start.join(' '));
  }
  return starts;
}

function isZombie(stat: string): boolean {
  return stat.startsWith('Z') || stat.startsWith('X');
}

function oneSpaced(text: string): string {
  return text.trim().replace(/\s+/g, ' ');
}

/** `ps` exits with 1 when no process matched: then it prints nothing, which is the answer. */
async function ps(args: string[]): Promise<string> {
  const { exitCode, stdout, why, cause } = await run('ps', args, {
    env: { ...PS_ENVIRONMENT, PATH: process.env['PATH'] ?? '/usr/bin:/bin' },
    mostBytes: 256 << 20,
  });
  if (exitCode !== 0 && exitCode !== 1) throw new Error(why, { cause });
  return stdout;
}

/** macOS says when it booted; elsewhere process 1 started when the machine did. */
async function readBootId(platform: NodeJS.Platform): Promise<string> {
  if (platform === 'darwin') {
    const { ok, stdout, why, cause } = await run('sysctl', ['-n', 'kern.bootsessionuuid'], {
      env: process.env,
    });
    if (!ok) throw new Error(why, { cause });
    return stdout.trim();
  }
  return oneSpaced(await ps(['-o', 'lstart=', '-p', '1'])).replaceAll(' ', '-');
}
