import { constants, watch } from 'node:fs';
import { open, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isAbsent } from '../../../../base/io/files-sync.ts';
import { systemErrorCode } from '../../../../errors.ts';

/** A program of a RUN line that the engine stands for. */
export interface ProgramRequest {
  /** Name and arguments. */
  words: string[];
  env: Record<string, string>;
  /** Folder of the image. */
  folder: string;
}

export interface ProgramAnswer {
  code: number;
  /** What it prints; null: what it printed is in the log. */
  output: string | null;
}

/** Answers the programs of a running command, one after the other, until it is ended. */
export interface Requests {
  /** Waits for what is being answered. Throws what answering threw. */
  end(): Promise<void>;
}

export function serveRequests(
  folder: string,
  answer: (request: ProgramRequest) => Promise<ProgramAnswer>,
): Requests {
  const known = new Set<string>();
  let failed: { error: unknown } | null = null;
  let working = Promise.resolve();
  const look = async () => {
    for (const name of (await readdir(folder)).filter((each) => each.startsWith('ask-')).sort()) {
      if (known.has(name)) continue;
      known.add(name);
      await answerOne(join(folder, name), failed === null ? answer : refuse);
    }
  };
  const wake = () => {
    working = working.then(look).catch((error: unknown) => {
      failed ??= { error };
    });
  };
  const watcher = watchFolder(folder, wake);
  wake();
  return {
    async end() {
      watcher.close();
      await working;
      for (const name of known) await rm(join(folder, name), { recursive: true, force: true });
      if (failed !== null) throw failed.error;
    },
  };
}

const POLL_MS = 20;

/** Calls when something comes into a folder; looks again and again where a system can watch no more of them. */
function watchFolder(folder: string, wake: () => void): { close(): void } {
  try {
    return watch(folder, wake);
  } catch {
    const timer = setInterval(wake, POLL_MS);
    return { close: () => clearInterval(timer) };
  }
}

const refuse = () => Promise.resolve<ProgramAnswer>({ code: 125, output: null });

async function answerOne(
  folder: string,
  answer: (request: ProgramRequest) => Promise<ProgramAnswer>,
): Promise<void> {
  const texts = async (name: string) => (await readFile(join(folder, name), 'utf8')).split('\0').slice(0, -1);
  const words = await texts('words');
  const env: Record<string, string> = {};
  for (const each of await texts('environ')) {
    const equals = each.indexOf('=');
    if (equals > 0) env[each.slice(0, equals)] = each.slice(equals + 1);
  }
  const place = (await readFile(join(folder, 'folder'), 'utf8')).replace(/\n$/, '');
  let told: ProgramAnswer = { code: 125, output: null };
  try {
    told = await answer({ words, env, folder: place });
  } finally {
    if (told.output !== null) await writeFile(join(folder, 'output'), told.output);
    await tell(join(folder, 'answer'), `${told.code}\n`);
  }
}

/** Who asked may be gone: nobody reads then. */
async function tell(fifo: string, text: string): Promise<void> {
  for (let tries = 0; tries < 50; tries++) {
    try {
      const file = await open(fifo, constants.O_WRONLY | constants.O_NONBLOCK);
      await file.writeFile(text);
      await file.close();
      return;
    } catch (error) {
      if (isAbsent(error)) return;
      if (systemErrorCode(error) !== 'ENXIO') throw error;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
}
