import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decideQueue, type QueueEntry, type QueueLimits } from '../../../src/experiment/queue.ts';

const LIMITS: QueueLimits = { cpus: 8, memory_gb: 32, gpus: 0, max_experiments: null };

function entry(id: string, needs: Partial<QueueEntry['needs']> = {}): QueueEntry {
  return { id, needs: { pods: 1, cpus: 1, memory_gb: 1, gpus: 0, ...needs } };
}

describe('who may start', () => {
  test('all that fit beside each other, in order', () => {
    const decision = decideQueue(
      [entry('a', { cpus: 4 }), entry('b', { cpus: 4 }), entry('c', { cpus: 4 })],
      [],
      LIMITS,
    );
    expect(decision).toEqual({
      admitted: ['a', 'b'],
      waiting: [{ id: 'c', message: 'next in the queue; needs 4 of 8 CPUs' }],
    });
  });

  test('one that is larger than the machine, alone', () => {
    expect(decideQueue([entry('a', { cpus: 64 })], [], LIMITS).admitted).toEqual(['a']);
    expect(decideQueue([entry('a', { cpus: 64 })], [entry('x')], LIMITS)).toEqual({
      admitted: [],
      waiting: [{ id: 'a', message: 'next in the queue; needs 64 of 8 CPUs' }],
    });
  });

  test('nobody overtakes', () => {
    const { admitted, waiting } = decideQueue(
      [entry('large', { cpus: 8 }), entry('small'), entry('third')],
      [entry('x')],
      LIMITS,
    );
    expect(admitted).toEqual([]);
    expect(waiting.map(({ message }) => message)).toEqual([
      'next in the queue; needs 8 of 8 CPUs',
      '1 experiment ahead of it',
      '2 experiments ahead of it',
    ]);
  });

  test('of a sweep only as many as it may have; others go past those that wait for that', () => {
    const of = (id: string, sweep: string | null = 's') => ({ ...entry(id), sweep });
    const limits = { ...LIMITS, sweeps: new Map([['s', { left: 1, most: 3 }]]) };
    expect(decideQueue([of('a'), of('b'), of('c', null), of('d'), of('e', 'other')], [], limits)).toEqual({
      admitted: ['a', 'c', 'e'],
      waiting: ['b', 'd'].map((id) => ({ id, message: 'at most 3 of the sweep s at the same time' })),
    });
    const full = { ...limits, max_experiments: 1 };
    expect(decideQueue([of('a'), of('b', null)], [entry('x')], full).admitted).toEqual([]);
  });

  test('as many as are allowed', () => {
    const decision = decideQueue([entry('a'), entry('b')], [entry('x')], { ...LIMITS, max_experiments: 2 });
    expect(decision).toEqual({
      admitted: ['a'],
      waiting: [{ id: 'b', message: 'next in the queue; at most 2 experiments at the same time' }],
    });
  });

  test('says everything that is short', () => {
    const [first] = decideQueue(
      [entry('a', { cpus: 8, memory_gb: 32 })],
      [entry('x', { cpus: 0.5 })],
      LIMITS,
    ).waiting;
    expect(first?.message).toBe('next in the queue; needs 8 of 8 CPUs and 32 of 32 GB of memory');
  });

  test('GPUs do not count where there are none, and do where there are', () => {
    const [waiting, running] = [[entry('a', { gpus: 1 })], [entry('x', { gpus: 1 })]];
    expect(decideQueue(waiting, running, LIMITS).admitted).toEqual(['a']);
    expect(decideQueue(waiting, running, { ...LIMITS, gpus: 1 }).admitted).toEqual([]);
  });

  test('fractions that fill a machine exactly fit', () => {
    const parts = ['a', 'b', 'c'].map((id) => entry(id, { cpus: 0.1 }));
    expect(decideQueue(parts, [], { ...LIMITS, cpus: 0.3 }).admitted).toEqual(['a', 'b', 'c']);
  });

  test('far back in a long queue a rough place is enough', () => {
    const queue = Array.from({ length: 350 }, (_, index) => entry(`e${index}`, { cpus: 8 }));
    const { waiting } = decideQueue(queue, [entry('x')], LIMITS);
    const places = [1, 10, 11, 20, 21, 50, 51, 100, 101, 200, 201, 349].map(
      (ahead) => waiting[ahead]?.message.split(';')[0],
    );
    const more = (number: number) => `more than ${number} experiments ahead of it`;
    expect(places).toEqual([
      '1 experiment ahead of it',
      '10 experiments ahead of it',
      more(10),
      more(10),
      more(20),
      more(20),
      more(50),
      more(50),
      more(100),
      more(100),
      more(200),
      more(200),
    ]);
  });

  test('properties: in order, nothing lost, never too much unless alone, never idle', () => {
    const needs = fc.record({
      cpus: fc.nat({ max: 12 }),
      memory_gb: fc.nat({ max: 40 }),
      gpus: fc.nat({ max: 2 }),
    });
    const queue = fc
      .array(needs, { maxLength: 8 })
      .map((all) => all.map((each, index) => entry(`e${index}`, each)));
    fc.assert(
      fc.property(
        queue,
        fc.array(needs, { maxLength: 2 }),
        fc.constantFrom(null, 1, 3),
        (waiting, busy, max) => {
          const running = busy.map((each, index) => entry(`r${index}`, each));
          const limits = { ...LIMITS, max_experiments: max };
          const { admitted, waiting: left } = decideQueue(waiting, running, limits);
          expect([...admitted, ...left.map(({ id }) => id)]).toEqual(waiting.map(({ id }) => id));
          const held = [...running, ...waiting.slice(0, admitted.length)];
          const cpus = held.reduce((sum, { needs: each }) => sum + each.cpus, 0);
          if (admitted.length > 0 && held.length > 1) expect(cpus).toBeLessThanOrEqual(8);
          if (running.length === 0 && waiting.length > 0) expect(admitted.length).toBeGreaterThan(0);
        },
      ),
    );
  });
});
