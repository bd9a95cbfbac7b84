import { lstatSync, readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { basename } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { inRounds } from '../base/async/rounds.ts';
import { isAbsent } from '../base/io/files-sync.ts';
import { readText } from '../base/io/files.ts';
import { systemErrorCode } from '../errors.ts';
import type { ProcessIdentity, Processes, ProcessUsage, WrittenFile } from './processes.ts';

/** Resident memory as `/proc/<pid>/status` prints it: in kB, whatever the page size. */
const RESIDENT = /^VmRSS:\s+(\d+) kB$/m;

/** What programs are told a clock tick is, on every Linux. */
const TICKS_PER_SECOND = 100;

interface Stat {
  zombie: boolean;
  pgid: number;
  /** Clock ticks since boot. */
  start: string;
  /** Clock ticks that it has worked, in its own code and in the kernel's. */
  worked: number;
}

interface Marks {
  name: string;
  value: string;
  also: string;
}

type Marked = { pid: number; also: string | null }[];

/**
 * Reads `/proc`: no process is started, so it is cheap enough to look at every pod at each wake. These files are made
 * of the kernel's memory: reading one at once takes a tenth of waiting for it, and has one open at a time.
 */
export function createProcProcesses(): Processes {
  let boot: Promise<string> | null = null;
  const bootId = () => (boot ??= readText('/proc/sys/kernel/random/boot_id').then((text) => text.trim()));

  async function identify(pid: number): Promise<ProcessIdentity | null> {
    const stat = statOf(pid);
    return stat === null || stat.zombie ? null : { pid, start: stat.start, boot: await bootId() };
  }

  async function isAlive(identity: ProcessIdentity): Promise<boolean> {
    const now = await identify(identity.pid);
    return now !== null && now.start === identity.start && now.boot === identity.boot;
  }

  const marked = inRounds<Marks, Marked>(findMarked);
  const memory = inRounds<ReadonlySet<number>, Map<number, number>>(findMemory);

  return {
    kind: 'proc',
    bootId,
    identify,
    marked: (name, value, also) => marked({ name, value, also }),
    isAlive,
    async living(identities) {
      const alive = await Promise.all(identities.map(isAlive));
      return new Set(identities.filter((_, index) => alive[index]));
    },
    async withEnvironment(variables) {
      const all = Object.entries(variables);
      const found: number[] = [];
      await eachPid((pid) => {
        const environment = environmentOf(pid);
        if (environment === null || !all.every(([name, value]) => valueOf(environment, name) === value))
          return;
        if (lives(pid)) found.push(pid);
      });
      return found;
    },
    usageOf: async (pids) => {
      const taken = new Map<number, ProcessUsage>();
      for (const pid of pids) {
        const stat = statOf(pid);
        if (stat === null || stat.zombie) continue;
        taken.set(pid, { cpu_s: stat.worked / TICKS_PER_SECOND, bytes: residentBytes(pid) });
      }
      return taken;
    },
    writtenFiles: async (pids, part) => new Map(pids.map((pid) => [pid, writtenFilesOf(pid, part)])),
    memoryOfGroups: memory,
  };
}

/** Answers all who look for marked processes with one look at every process. */
async function findMarked(asked: readonly Marks[]): Promise<Marked[]> {
  const answers = asked.map((): Marked => []);
  const wanted = new Map<string, Map<string, number[]>>();
  asked.forEach(({ name, value }, index) => {
    const byValue = wanted.get(name) ?? new Map<string, number[]>();
    byValue.set(value, [...(byValue.get(value) ?? []), index]);
    wanted.set(name, byValue);
  });
  await eachPid((pid) => {
    const environment = environmentOf(pid);
    if (environment === null) return;
    for (const [name, byValue] of wanted) {
      const value = valueOf(environment, name);
      const indexes = value === null ? undefined : byValue.get(value);
      if (indexes === undefined || !lives(pid)) continue;
      for (const index of indexes)
        answers[index]?.push({ pid, also: valueOf(environment, asked[index]?.also ?? '') });
    }
  });
  return answers;
}

async function findMemory(asked: readonly ReadonlySet<number>[]): Promise<Map<number, number>[]> {
  const wanted = new Set(asked.flatMap((pgids) => [...pgids]));
  const sums = new Map<number, number>();
  await eachPid((pid) => {
    const stat = statOf(pid);
    if (stat === null || stat.zombie || !wanted.has(stat.pgid)) return;
    sums.set(stat.pgid, (sums.get(stat.pgid) ?? 0) + residentBytes(pid));
  });
  return asked.map((pgids) => new Map([...sums].filter(([pgid]) => pgids.has(pgid))));
}

/** Processes that are looked at without a turn for others: about a millisecond. */
const BETWEEN_TURNS = 32;

/** Visits every process: a machine may have thousands. */
async function eachPid(visit: (pid: number) => void): Promise<void> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  for (const [index, pid] of pids.entries()) {
    if (index % BETWEEN_TURNS === BETWEEN_TURNS - 1) await turn();
    visit(Number(pid));
  }
}

/** The command name in field 2 may hold spaces and parentheses: fields are counted after the last `)`. */
export function parseStat(text: string): Stat | null {
  const close = text.lastIndexOf(')');
  if (close === -1) return null;
  const fields = text.slice(close + 2).split(' ');
  const [state, , pgrp] = fields;
  const start = fields[19];
  if (state === undefined || pgrp === undefined || start === undefined) return null;
  return {
    zombie: state === 'Z' || state === 'X' || state === 'x',
    pgid: Number(pgrp),
    start,
    worked: Number(fields[11]) + Number(fields[12]),
  };
}

function statOf(pid: number): Stat | null {
  const text = readGone(`/proc/${pid}/stat`);
  return text === null ? null : parseStat(text);
}

/** A zombie does not. */
function lives(pid: number): boolean {
  return statOf(pid)?.zombie === false;
}

/** Its variables, each between two zeros. */
function environmentOf(pid: number): string | null {
  const text = readGone(`/proc/${pid}/environ`);
  return text === null ? null : `\0${text}\0`;
}

function valueOf(environment: string, name: string): string | null {
  const found = environment.indexOf(`\0${name}=`);
  if (found < 0) return null;
  const start = found + name.length + 2;
  return environment.slice(start, environment.indexOf('\0', start));
}

function residentBytes(pid: number): number {
  const text = readGone(`/proc/${pid}/status`);
  const kilobytes = text === null ? null : RESIDENT.exec(text)?.[1];
  return kilobytes === undefined || kilobytes === null ? 0 : Number(kilobytes) * 1024;
}

/** Processes end while they are looked at, and those of other users may not be read: both are null. */
function readGone(path: string): string | null {
  try {
    return readFileSync(path, 'latin1');
  } catch (error) {
    const code = systemErrorCode(error);
    if (isAbsent(error) || code === 'ESRCH' || code === 'EACCES' || code === 'EPERM') return null;
    throw error;
  }
}

/** The permission of a link in `/proc/PID/fd` says how the file was opened. */
const WRITTEN = 0o200;

/**
 * What one process has open for writing, of files whose names hold `part`. Nothing of processes that are gone or another user's.
 * Paths lead through `/proc`, because a pod may see the file at another place.
 */
function writtenFilesOf(pid: number, part: string): WrittenFile[] {
  const folder = `/proc/${pid}/fd`;
  const descriptors = unlessGone(() => readdirSync(folder)) ?? [];
  return descriptors.flatMap((descriptor) => {
    const link = `${folder}/${descriptor}`;
    return unlessGone(() => written(link, part)) ?? [];
  });
}

function written(link: string, part: string): WrittenFile | null {
  const path = readlinkSync(link);
  if (!basename(path).includes(part) || (lstatSync(link).mode & WRITTEN) === 0) return null;
  const { dev, ino } = statSync(link);
  return { identity: `${dev}:${ino}`, path };
}

/** Processes end, and close files, while they are looked at. */
function unlessGone<T>(look: () => T): T | null {
  try {
    return look();
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error;
    return null;
  }
}
