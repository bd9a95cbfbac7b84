import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Judgement } from '../../../../src/engines/kubernetes/status/verdict.ts';
import { isPodTerminal } from '../../../../src/experiment/status.ts';
import {
  createLooker,
  createWorld,
  LATER,
  readRecording,
  recordingNames,
  type Recorded,
} from './recorded.ts';

const recordings = new Map(recordingNames().map((name) => [name, readRecording(name)]));

/** Merges streams into one, each in its own order: the next event is taken from the stream that a number names. */
function interleave(streams: readonly Recorded[][], picks: readonly number[]): Recorded[] {
  const left = streams.map((stream) => [...stream]);
  const merged: Recorded[] = [];
  for (let turn = 0; left.some((stream) => stream.length > 0); turn++) {
    const live = left.filter((stream) => stream.length > 0);
    const next = live[(picks[turn % picks.length] ?? 0) % live.length]?.shift();
    if (next !== undefined) merged.push(next);
  }
  return merged;
}

function streamsOf(events: readonly Recorded[], key: (event: Recorded) => string): Recorded[][] {
  const streams = new Map<string, Recorded[]>();
  for (const event of events) streams.set(key(event), [...(streams.get(key(event)) ?? []), event]);
  return [...streams.values()];
}

const byObject = ({ resource, uid }: Recorded): string => `${resource}/${uid}`;
const byWatch = ({ resource }: Recorded): string => resource;
const picks = fc.array(fc.nat(40), { minLength: 1, maxLength: 200 });

/** Verdicts differ in nothing that anybody acts on or reads. */
function gist(verdict: Judgement): string {
  const { kind } = verdict;
  if (kind === 'failed') return `${verdict.reason}: ${verdict.explanation}`;
  return kind === 'again' ? `again: ${verdict.explanation}` : kind;
}

/** How many pods it is true of may change. */
function core(verdict: Judgement): string {
  return verdict.kind === 'failed' ? verdict.reason : verdict.kind;
}

function finalVerdict(name: string, events: readonly Recorded[]): Judgement {
  const recording = recordings.get(name);
  if (recording === undefined) throw new Error(name);
  const world = createWorld();
  const look = createLooker(recording);
  for (const event of events) {
    world.apply(event);
    look(world.observed(), new Date(event.at));
  }
  return look(world.observed(), LATER).verdict;
}

test.each([...recordings.keys()])(
  '%s: any order of different objects ends the same, told twice or once',
  (name) => {
    const { events = [] } = recordings.get(name) ?? {};
    const expected = gist(finalVerdict(name, events));
    fc.assert(
      fc.property(picks, fc.array(fc.nat(3), { minLength: 1 }), (order, repeats) => {
        const merged = interleave(streamsOf(events, byObject), order);
        const told = merged.flatMap((event, index) =>
          repeats[index % repeats.length] === 0 ? [event, event] : [event],
        );
        expect(gist(finalVerdict(name, told))).toBe(expected);
      }),
      { numRuns: 3 },
    );
  },
);

/** Pods that are removed within seconds of their success look like pods that were told to end: that is no success. */
const NOT_KNOWN: Record<string, string> = { 'jobset-deleted-after': 'RemovedOutside' };

test.each([...recordings.keys()])('%s: who sees only the end comes to the same', (name) => {
  const recording = recordings.get(name);
  if (recording === undefined) throw new Error(name);
  const expected = NOT_KNOWN[name] ?? gist(finalVerdict(name, recording.events));
  const world = createWorld();
  for (const event of recording.events) world.apply(event);
  expect(gist(createLooker(recording, { created: true })(world.observed(), LATER).verdict)).toContain(
    expected,
  );
});

test.each([...recordings.keys()])(
  '%s: watches that lag behind each other bring no verdict that is taken back',
  (name) => {
    const recording = recordings.get(name);
    if (recording === undefined) throw new Error(name);
    const expected = core(finalVerdict(name, recording.events));
    fc.assert(
      fc.property(picks, (order) => {
        const world = createWorld();
        const look = createLooker(recording);
        for (const event of interleave(streamsOf(recording.events, byWatch), order)) {
          world.apply(event);
          const { verdict } = look(world.observed(), new Date(0));
          if (verdict.kind !== 'go-on') expect(core(verdict)).toBe(expected);
        }
      }),
      { numRuns: 3 },
    );
  },
);

/** Orders in which something went wrong once. */
const ORDERS: Record<string, [number[]][]> = { 'ray-retried': [[[29, 7, 8, 2, 21]]] };

test.each([...recordings.keys()])('%s: attempts only go up, and pods only on', (name) => {
  const recording = recordings.get(name);
  if (recording === undefined) throw new Error(name);
  fc.assert(
    fc.property(picks, (order) => {
      const world = createWorld();
      const look = createLooker(recording);
      const before = new Map<string, string>();
      let attempt = 1;
      for (const event of interleave(streamsOf(recording.events, byWatch), order)) {
        world.apply(event);
        const { view } = look(world.observed(), new Date(event.at));
        expect(view.attempt).toBeGreaterThanOrEqual(attempt);
        attempt = view.attempt;
        for (const { fact } of view.pods) {
          const key = `${fact.attempt}/${fact.pod}`;
          const last = before.get(key);
          if (last === 'Running') expect(fact.status).not.toBe('Pending');
          if (last !== undefined && last !== 'Pending' && last !== 'Running') expect(fact.status).toBe(last);
          if (isPodTerminal(fact.status))
            expect(fact.ended_at === null || fact.ended_at >= (fact.started_at ?? '')).toBe(true);
          before.set(key, fact.status);
        }
      }
    }),
    { numRuns: 3, examples: ORDERS[name] ?? [] },
  );
});
