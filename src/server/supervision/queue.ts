import type { Engine } from '../../engines/engine.ts';
import type { ExperimentFact } from '../../experiment/event.ts';
import { decideQueue, type QueueEntry } from '../../experiment/queue.ts';
import type { Ground } from './ground.ts';

interface QueueOptions {
  ground: Pick<Ground, 'store' | 'engines' | 'log'>;
  /** What runs on an engine now. */
  running(engine: string): QueueEntry[];
  /** Whether nothing is to be started on an engine at present. */
  isHeld(engine: string): boolean;
  /** An experiment's turn has come. */
  start(id: string): void;
}

/** Experiments that wait for their turn, each on its engine, in the order in which they came. */
export interface Queue {
  add(id: string, entry: { engine: string; needs: QueueEntry['needs'] }): void;
  has(id: string): boolean;
  /** Takes one out before its turn. */
  withdraw(id: string): void;
  size(): number;
  /** Those that wait for an engine. */
  waitingFor(engine: string): string[];
  /** Decides again. Called whenever something was added, withdrawn, or has ended. */
  decide(): void;
  /** Nothing is started any more. */
  close(): void;
}

interface Waiting extends QueueEntry {
  engine: string;
  said: string | null;
}

export function createQueue({ ground, running, isHeld, start }: QueueOptions): Queue {
  const waiting = new Map<string, Waiting>();
  let closed = false;
  let deciding = false;
  let again = false;

  /** What came while capacities were asked for is looked at in one more round. */
  async function decideAll(): Promise<void> {
    if (deciding) {
      again = true;
      return;
    }
    deciding = true;
    try {
      do {
        again = false;
        for (const engine of ground.engines.values()) await decideFor(engine);
      } while (again && !closed);
    } finally {
      deciding = false;
    }
  }

  async function decideFor(engine: Engine): Promise<void> {
    const isHere = (entry: Waiting) => entry.engine === engine.name;
    if (![...waiting.values()].some(isHere)) return;
    const limits = await engine.limits();
    if (closed || isHeld(engine.name)) return;
    const decision = decideQueue([...waiting.values()].filter(isHere), running(engine.name), limits);
    for (const id of decision.admitted) {
      waiting.delete(id);
      start(id);
    }
    say(decision.waiting);
  }

  /** One transaction for all whose text has changed. */
  function say(messages: { id: string; message: string }[]): void {
    const facts = new Map<string, ExperimentFact[]>();
    for (const { id, message } of messages) {
      const entry = waiting.get(id);
      if (entry === undefined || entry.said === message) continue;
      entry.said = message;
      facts.set(id, [{ type: 'progress', message }]);
    }
    ground.store.appendAll(facts);
  }

  return {
    add: (id, entry) => void waiting.set(id, { id, ...entry, said: null }),
    has: (id) => waiting.has(id),
    withdraw: (id) => void waiting.delete(id),
    size: () => waiting.size,
    waitingFor: (engine) => [...waiting].filter(([, entry]) => entry.engine === engine).map(([id]) => id),
    decide() {
      decideAll().catch((error: unknown) =>
        ground.log.error({ err: error }, 'the queue could not be decided'),
      );
    },
    close() {
      closed = true;
    },
  };
}
