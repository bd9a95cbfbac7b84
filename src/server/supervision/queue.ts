import type { Engine } from '../../engines/engine.ts';
import { decideQueue, type QueueEntry, type SweepRoom } from '../../experiment/queue.ts';
import { cannotWriteNow } from '../store/database.ts';
import type { Ground } from './ground.ts';
import { roomsOfProjects, storedBy } from '../projects/rooms.ts';
import { lackOfRoom } from './room.ts';

/** How often it is looked whether there is room again: on the disk, or in what a project may store. */
const LOOK_AGAIN_MS = 5000;
/** Those that come behind others within that time are decided upon, and told their place, together: what is written of it is shared. */
const TOGETHER_MS = 100;

interface QueueOptions {
  ground: Pick<Ground, 'store' | 'engines' | 'log' | 'folders' | 'projects'>;
  /** What runs now, on which engine. */
  running(): readonly (QueueEntry & { engine: string })[];
  /** Whether nothing is to be started on an engine at present. */
  isHeld(engine: string): boolean;
  /** An experiment's turn has come. */
  start(id: string): void;
}

/** Experiments that wait for their turn, each on its engine, in the order in which they came. */
export interface Queue {
  /** It is decided upon soon, with all that come in the same turn of the event loop; where others wait already, a moment later. */
  add(id: string, entry: Omit<QueueEntry, 'id'> & { engine: string }): void;
  has(id: string): boolean;
  /** Takes some out before their turn. */
  withdraw(ids: readonly string[]): void;
  size(): number;
  /** Those that wait for an engine, in their order. */
  waitingFor(engine: string): QueueEntry[];
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

export function createQueue({ ground, running, isHeld, start }: QueueOptions): Queue {
  const lanes = new Map<string, Lane>();
  let closed = false;
  let deciding = false;
  let again = false;
  const decideLater = gathered(TOGETHER_MS, decideSoon);
  /** Nothing that runs need end before there is room again: who waits for it is not told of it otherwise. */
  const lookAgain = gathered(LOOK_AGAIN_MS, decideSoon);

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
      ground.log.error({ err: error }, 'the queue could not be decided; trying again');
      lookAgain();
    } finally {
      deciding = false;
    }
  }

  async function decideFor(engine: Engine): Promise<void> {
    const lane = lanes.get(engine.name);
    if (lane === undefined || lane.waiting.size === 0) return;
    const limits = await engine.limits();
    const stored = await storedBy([...lane.waiting.values()], ground);
    if (closed || isHeld(engine.name)) return;
    const waiting = [...lane.waiting.values()];
    const lack = engine.kind === 'local' ? lackOfRoom(ground.folders) : null;
    if (lack !== null) {
      const messages = waiting.map(({ id }) => ({ id, message: lack }));
      say(ground.store, lane, messages);
      lookAgain();
      return;
    }
    const all = running();
    const here = all.filter((entry) => entry.engine === engine.name);
    const bounded = {
      ...limits,
      sweeps: roomsOf(waiting, ground.store, all),
      projects: roomsOfProjects(waiting, { projects: ground.projects, running: all, stored }),
    };
    if ([...bounded.projects.values()].some(({ full }) => full !== null)) lookAgain();
    const decision = decideQueue(waiting, here, bounded, lane.told);
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
    add(id, { engine, needs, sweep = null, project = null }) {
      const { waiting } = laneOf(engine);
      const isBehind = waiting.size > 0;
      waiting.set(id, { id, needs, sweep, project, said: null });
      if (isBehind) decideLater();
      else decideSoon();
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
    waitingFor: (engine) => [...(lanes.get(engine)?.waiting.values() ?? [])],
    decide() {
      for (const lane of lanes.values()) lane.told = 0;
      decideSoon();
    },
    close() {
      closed = true;
    },
  };
}

/** Calls `act` that long after it is first asked to; once for all who ask meanwhile. */
function gathered(ms: number, act: () => void): () => void {
  let isDue = false;
  return () => {
    if (isDue) return;
    isDue = true;
    setTimeout(() => {
      isDue = false;
      act();
    }, ms).unref();
  };
}

/** Limits of the sweeps that wait. */
function roomsOf(
  waiting: readonly QueueEntry[],
  store: Pick<Ground['store'], 'sweep'>,
  running: readonly QueueEntry[],
): Map<string, SweepRoom> {
  const rooms = new Map<string, SweepRoom>();
  for (const sweep of new Set(waiting.flatMap((entry) => entry.sweep ?? []))) {
    const most = store.sweep(sweep)?.max_parallel ?? null;
    if (most !== null)
      rooms.set(sweep, { most, left: most - running.filter((entry) => entry.sweep === sweep).length });
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
    if (!cannotWriteNow(error)) throw error;
  }
}
