import fc from 'fast-check';
import { expect, test } from 'vitest';
import { deserialize, serialize } from 'node:v8';
import {
  addUsage,
  noUsage,
  peakMemory,
  usageCourse,
  usageOfPod,
  type UsageSamples,
} from '../../../src/metrics/usage.ts';

const NOTHING = { cpus: null, memory_bytes: null, gpu: null, gpu_memory_bytes: null };

function sampled(values: readonly (number | null)[], pods = ['a']): UsageSamples {
  const samples = noUsage();
  for (const [at, memory_bytes] of values.entries()) {
    const use = pods.map((pod) => ({ pod, ...NOTHING, cpus: 0.5, memory_bytes }));
    addUsage(samples, { time: at * 10, attempt: 1, pods: use });
  }
  return samples;
}

test('however long it runs the mean and the peak are exact, and the course is short, whole and in order', () => {
  const bytes = fc.oneof(fc.constant(null), fc.integer({ min: 0, max: 1e12 }));
  fc.assert(
    fc.property(fc.array(bytes, { minLength: 1, maxLength: 2000 }), (values) => {
      // Put away in the middle and taken up again.
      const samples: UsageSamples = deserialize(serialize(sampled(values)));
      const known = values.filter((value) => value !== null);
      const summary = usageOfPod(samples, 'a', 1);
      expect(summary).toMatchObject({ samples: values.length, cpus: { mean: 0.5, peak: 0.5 }, gpu: null });
      const course = usageCourse(samples);
      expect(course.length).toBeLessThanOrEqual(240);
      expect(course.map(({ time }) => time)).toEqual(course.map(({ time }) => time).sort());
      expect(course[0]?.time).toBe('1970-01-01T00:00:00.000Z');
      const peaks = course.flatMap(({ pods }) => pods[0]?.peak.memory_bytes ?? []);
      if (known.length === 0) {
        expect(summary?.memory_bytes).toBeNull();
        return;
      }
      expect(summary?.memory_bytes?.peak).toBe(Math.max(...known));
      expect(Math.max(...peaks)).toBe(Math.max(...known));
      const mean = known.reduce((sum, one) => sum + one, 0) / known.length;
      expect(summary?.memory_bytes?.mean).toBeCloseTo(mean, -1);
    }),
    { numRuns: 30 },
  );
});

test('of many pods fewer samples are kept', () => {
  const pods = Array.from({ length: 1000 }, (_, index) => `worker-0-${index}`);
  const course = usageCourse(sampled(Array(50).fill(1), pods));
  expect(course.length).toBeLessThanOrEqual(10);
  expect(course.every((span) => span.pods.length === 1000)).toBe(true);
  expect(course.reduce((sum, { span_s }) => sum + span_s, 0)).toBeGreaterThan(300);
});

test('what a pod took before it began again counts in the course, not in what the record says of it', () => {
  const samples = sampled([100]);
  addUsage(samples, { time: 20, attempt: 2, pods: [{ pod: 'a', ...NOTHING, memory_bytes: 4 }] });
  expect(usageOfPod(samples, 'a', 1)).toBeNull();
  expect(usageOfPod(samples, 'a', 2)).toEqual({
    samples: 1,
    ...NOTHING,
    memory_bytes: { mean: 4, peak: 4 },
  });
  expect(usageCourse(samples).map(({ pods }) => pods[0]?.memory_bytes)).toEqual([100, 4]);
  expect(usageOfPod(samples, 'b', 1)).toBeNull();
});

test.each([
  [null, null, null],
  [5, null, 5],
  [null, 7, 7],
  [5, 7, 7],
  [0, null, 0],
])(
  'of a peak that the engine saw (%s) and one that was sampled (%s) the larger one counts',
  (seen, peak, wanted) => {
    const usage = { memory_bytes: peak === null ? null : { mean: 1, peak } };
    expect(peakMemory({ peak_memory_bytes: seen, usage })).toBe(wanted);
    if (peak === null) expect(peakMemory({ peak_memory_bytes: seen, usage: null })).toBe(wanted);
  },
);
