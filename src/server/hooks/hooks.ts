import { createPushJudge, type Judging, type PushJudge } from './judge.ts';
import type { HookRequest } from './providers.ts';
import { receive, type HookAnswered, type Receiving } from './receive.ts';

/** Hooks of projects, and whoever looks at what they are sent. */
export interface Hooks extends Pick<PushJudge, 'wake' | 'reconcile'> {
  /** Begins to look at what waits, until the server leaves; before that, everything waits. */
  start(by: Parts, closing: AbortSignal | null): void;
  receive(hook: string, request: HookRequest): HookAnswered;
  /** Whether there is one of this id: of what is sent elsewhere nothing is kept. */
  isThere(hook: string): boolean;
  /** The same of what comes in one turn of the event loop, written together. Rejects when it could not be written down. */
  take(hook: string, request: HookRequest): Promise<HookAnswered>;
  /** Returns when nothing is looked at any more. */
  settled(): Promise<void>;
}

type Parts = Judging & Omit<Receiving, 'wake'>;

/** What judges submits, and what submits may wake it: so it begins when both are there. */
export function createHooks(): Hooks {
  let started: { by: Parts; judge: PushJudge; ended: Promise<void> } | null = null;
  const hooks: Hooks = {
    wake: () => started?.judge.wake(),
    reconcile: async (only) => started?.judge.reconcile(only),
    start(by, closing) {
      const judge = createPushJudge(by);
      // Nothing outside tells the embedded server of pushes.
      const ended = closing === null ? Promise.resolve() : judge.run(closing);
      started = {
        by,
        judge,
        ended: ended.catch((error: unknown) =>
          by.log.error({ err: error }, 'pushes are not looked at any more until the server is started again'),
        ),
      };
    },
    isThere: (hook) => started !== null && started.by.projects.withId(hook) !== null,
    receive(hook, request) {
      if (started === null) throw new Error('a hook was called before the control plane was put together');
      return receive({ ...started.by, wake: hooks.wake }, hook, request);
    },
    take: inTurns(
      (each) => hooks.receive(each.hook, each.request),
      (work) => started?.by.deliveries.together(work),
    ),
    settled: async () => started?.ended,
  };
  return hooks;
}

interface Waiting {
  hook: string;
  request: HookRequest;
  resolve(answered: HookAnswered): void;
  reject(error: unknown): void;
}

/**
 * Many come at once when many have pushed, or somebody sends one again and again: each would wait for the disk by itself,
 * and all the others for it. One that cannot be taken does not take others with it.
 */
function inTurns(
  receiveOne: (each: Waiting) => HookAnswered,
  together: (work: () => void) => void,
): Hooks['take'] {
  let waiting: Waiting[] = [];
  function takeAll(): void {
    const all = waiting;
    waiting = [];
    const answered = new Map<Waiting, HookAnswered>();
    try {
      together(() => all.forEach((each) => answered.set(each, receiveOne(each))));
      for (const [each, said] of answered) each.resolve(said);
    } catch (error) {
      const [only, ...others] = all;
      if (others.length === 0) return only?.reject(error);
      for (const each of all) {
        try {
          each.resolve(receiveOne(each));
        } catch (why) {
          each.reject(why);
        }
      }
    }
  }
  return (hook, request) =>
    new Promise((resolve, reject) => {
      waiting.push({ hook, request, resolve, reject });
      if (waiting.length === 1) setImmediate(takeAll);
    });
}
