import { readdir, readFile } from 'node:fs/promises';
import { isAbsent } from '../base/io/files-sync.ts';
import { systemErrorCode } from '../errors.ts';
import type { ProcessIdentity, Processes } from './processes.ts';

/** Resident memory as `/proc/<pid>/status` prints it: in kB, whatever the page size. */
const RESIDENT = /^VmRSS:\s+(\d+) kB$/m;

interface Stat {
  zombie: boolean;
  pgid: number;
  /** Clock ticks since boot. */
  start: string;
}

/** Reads `/proc`: no process is started, so it is cheap enough to look at every pod at each wake. */
export function createProcProcesses(): Processes {
  let boot: Promise<string> | null = null;
  const bootId = () =>
    (boot ??= readFile('/proc/sys/kernel/random/boot_id', 'utf8').then((text) => text.trim()));

  async function identify(pid: number): Promise<ProcessIdentity | null> {
    const stat = await statOf(pid);
    return stat === null || stat.zombie ? null : { pid, start: stat.start, boot: await bootId() };
  }

  async function isAlive(identity: ProcessIdentity): Promise<boolean> {
    const now = await identify(identity.pid);
    return now !== null && now.start === identity.start && now.boot === identity.boot;
  }

  async function marked(name: string, value: string, also: string) {
    const found = await eachPid(async (pid) => {
      const environment = await environmentOf(pid);
      if (environment === null || !holds(environment, name, value)) return null;
      const stat = await statOf(pid);
      return stat === null || stat.zombie ? null : { pid, also: valueOf(environment, also) };
    });
    return found;
  }

  return {
    kind: 'proc',
    bootId,
    identify,
    marked,
    isAlive,
    async living(identities) {
      const alive = await Promise.all(identities.map(isAlive));
      return new Set(identities.filter((_, index) => alive[index]));
    },
    async withEnvironment(variables) {
      return eachPid(async (pid) => {
        const environment = await environmentOf(pid);
        const all = Object.entries(variables);
        if (environment === null || !all.every(([name, value]) => holds(environment, name, value)))
          return null;
        const stat = await statOf(pid);
        return stat === null || stat.zombie ? null : pid;
      });
    },
    async memoryOfGroups(pgids) {
      const sums = new Map<number, number>();
      await eachPid(async (pid) => {
        const stat = await statOf(pid);
        if (stat === null || stat.zombie || !pgids.has(stat.pgid)) return null;
        const bytes = await residentBytes(pid);
        sums.set(stat.pgid, (sums.get(stat.pgid) ?? 0) + bytes);
        return null;
      });
      return sums;
    },
  };
}

/** Visits every process, a few at a time (a machine may have thousands), and keeps what is not null. */
async function eachPid<T>(visit: (pid: number) => Promise<T | null>): Promise<T[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const kept: T[] = [];
  for (let start = 0; start < pids.length; start += 64) {
    const results = await Promise.all(pids.slice(start, start + 64).map(visit));
    for (const result of results) if (result !== null) kept.push(result);
  }
  return kept;
}

/** The command name in field 2 may hold spaces and parentheses: fields are counted after the last `)`. */
export function parseStat(text: string): Stat | null {
  const close = text.lastIndexOf(')');
  if (close === -1) return null;
  const fields = text.slice(close + 2).split(' ');
  const [state, , pgrp] = fields;
  const start = fields[19];
  if (state === undefined || pgrp === undefined || start === undefined) return null;
  return { zombie: state === 'Z' || state === 'X' || state === 'x', pgid: Number(pgrp), start };
}

async function statOf(pid: number): Promise<Stat | null> {
  const text = await readGone(`/proc/${pid}/stat`);
  return text === null ? null : parseStat(text);
}

async function environmentOf(pid: number): Promise<string | null> {
  return readGone(`/proc/${pid}/environ`);
}

function holds(environment: string, name: string, value: string): boolean {
  return `\0${environment}\0`.includes(`\0${name}=${value}\0`);
}

function valueOf(environment: string, name: string): string | null {
  const entry = environment.split('\0').find((text) => text.startsWith(`${name}=`));
  return entry === undefined ? null : entry.slice(name.length + 1);
}

async function residentBytes(pid: number): Promise<number> {
  const text = await readGone(`/proc/${pid}/status`);
  const kilobytes = text === null ? null : RESIDENT.exec(text)?.[1];
  return kilobytes === undefined || kilobytes === null ? 0 : Number(kilobytes) * 1024;
}

/** Processes end while they are looked at, and those of other users may not be read: both are null. */
async function readGone(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'latin1');
  } catch (error) {
    const code = systemErrorCode(error);
    if (isAbsent(error) || code === 'ESRCH' || code === 'EACCES' || code === 'EPERM') return null;
    throw error;
  }
}
