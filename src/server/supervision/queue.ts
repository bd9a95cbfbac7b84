import type { Engine } from '../../engines/engine.ts';
import { decideQueue, type QueueEntry, type SweepRoom } from '../../experiment/queue.ts';
import { isDiskTrouble } from '../store/database.ts';
import type { Ground } from './ground.ts';
import { lackOfRoom } from './room.ts';

/** How often it is looked whether there is room on the disk again. */
const LOOK_AGAIN_MS = 5000;

interface QueueOptions {
  ground: Pick<Ground, 'store' | 'engines' | 'log' | 'folders'>;
  /** What runs on an engine now. */
  running(engine: string): QueueEntry[];
  /** How many of a sweep run now, wherever. */
  runningOf(sweep: string): number;
  /** Whether nothing is to be started on an engine at present. */
  isHeld(engine: string): boolean;
  /** An experiment's turn has come. */
  start(id: string): void;
}

/** Experiments that wait for their turn, each on its engine, in the order in which they came. */
export interface Queue {
  /** It is decided upon soon, with all that come in the same turn of the event loop. */
  add(id: string, entry: Omit<QueueEntry, 'id'> & { engine: string }): void;
  has(id: string): boolean;
  /** Takes some out before their turn. */
  withdraw(ids: readonly string[]): void;
  size(): number;
  /** Those that wait for an engine. */
  waitingFor(engine: string): string[];
  /** Decides again: something that ran has ended. */
  decide(): void;
  /** Nothing is started any more. */
  close(): void;
}

/** Those that wait for one engine. */
interface Lane {
  waiting: Map<string, Waiting>;
  /** How many from the front know what they wait for: those behind have come since. */
  told: number;
}

interface Waiting extends QueueEntry {
  said: string | null;
}

export function createQueue({ ground, running, runningOf, isHeld, start }: QueueOptions): Queue {
  const lanes = new Map<string, Lane>();
  let closed = false;
  let deciding = false;
  let again = false;

  /** In the next turn of the event loop; what comes while capacities are asked for is looked at in one more round. */
  function decideSoon(): void {
    again = true;
    if (deciding) return;
    deciding = true;
    setImmediate(() => void decideAll());
  }

  async function decideAll(): Promise<void> {
    try {
      while (again && !closed) {
        again = false;
        for (const engine of ground.engines.values()) await decideFor(engine);
      }
    } catch (error) {
      ground.log.error({ err: error }, 'the queue could not be decided');
    } finally {
      deciding = false;
    }
  }

  async function decideFor(engine: Engine): Promise<void> {
    const lane = lanes.get(engine.name);
    if (lane === undefined || lane.waiting.size === 0) return;
    const limits = await engine.limits();
    if (closed || isHeld(engine.name)) return;
    const waiting = [...lane.waiting.values()];
    const lack = engine.kind === 'local' ? lackOfRoom(ground.folders) : null;
    if (lack !== null) {
      const messages = waiting.map(({ id }) => ({ id, message: lack }));
      say(ground.store, lane, messages);
      setTimeout(decideSoon, LOOK_AGAIN_MS).unref();
      return;
    }
    const bounded = { ...limits, sweeps: roomsOf(waiting, ground.store, runningOf) };
    const decision = decideQueue(waiting, running(engine.name), bounded, lane.told);
    for (const id of decision.admitted) {
      lane.waiting.delete(id);
      start(id);
    }
    say(ground.store, lane, decision.waiting);
    lane.told = lane.waiting.size;
  }

  function laneOf(engine: string): Lane {
    const lane = lanes.get(engine) ?? { waiting: new Map<string, Waiting>(), told: 0 };
    lanes.set(engine, lane);
    return lane;
  }

  return {
    add(id, { engine, needs, sweep = null }) {
      laneOf(engine).waiting.set(id, { id, needs, sweep, said: null });
      decideSoon();
    },
    has: (id) => [...lanes.values()].some(({ waiting }) => waiting.has(id)),
    withdraw(ids) {
      for (const lane of lanes.values()) {
        const before = lane.waiting.size;
        for (const id of ids) lane.waiting.delete(id);
        if (lane.waiting.size < before) lane.told = 0;
      }
      if (ids.length > 0) decideSoon();
    },
    size: () => [...lanes.values()].reduce((sum, { waiting }) => sum + waiting.size, 0),
    waitingFor: (engine) => [...(lanes.get(engine)?.waiting.keys() ?? [])],
    decide() {
      for (const lane of lanes.values()) lane.told = 0;
      decideSoon();
    },
    close() {
      closed = true;
    },
  };
}

/** Limits of the sweeps that wait. */
function roomsOf(
  waiting: readonly QueueEntry[],
  store: Pick<Ground['store'], 'sweep'>,
  runningOf: (sweep: string) => number,
): Map<string, SweepRoom> {
  const rooms = new Map<string, SweepRoom>();
  for (const sweep of new Set(waiting.flatMap((entry) => entry.sweep ?? []))) {
    const most = store.sweep(sweep)?.max_parallel ?? null;
    if (most !== null) rooms.set(sweep, { most, left: most - runningOf(sweep) });
  }
  return rooms;
}

/** One transaction for all whose text has changed. What the disk does not take is said again when there is room. */
function say(
  store: Ground['store'],
  { waiting }: Lane,
  messages: readonly { id: string; message: string }[],
): void {
  const changed = messages.filter(({ id, message }) => waiting.has(id) && waiting.get(id)?.said !== message);
  try {
    store.progress(new Map(changed.map(({ id, message }) => [id, message])));
    for (const { id, message } of changed) {
      const entry = waiting.get(id);
      if (entry !== undefined) entry.said = message;
    }
  } catch (error) {
    if (!isDiskTrouble(error)) throw error;
  }
}
