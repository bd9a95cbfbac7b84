import { expect, test } from 'vitest';
import { eventMessage } from '../../../src/experiment/event-message.ts';
import { storedSummary } from '../../../src/experiment/summary.ts';
import { columnsOf, summaryOfRow } from '../../../src/server/store/rows.ts';
import { fold, planned } from './facts.ts';

const IMAGE = 'images.example/a@sha256:0a';

test('the image that pods run is part of record and summary', () => {
  expect(fold(planned('a')).record.image).toBeNull();
  const state = fold(planned('a'), { type: 'image', image: IMAGE });
  expect(state.record.image).toBe(IMAGE);
  expect(storedSummary(state).image).toBe(IMAGE);
  const event = { type: 'image', image: IMAGE, time: '2026-01-01T00:00:00.000Z' } as const;
  expect(eventMessage(event)).toBe(`image: ${IMAGE}`);
});

test('a record of before there were images and metrics has none', () => {
  const state = fold(planned('a'));
  const { image: _, metrics: _m, progress: _p, ...earlier } = storedSummary(state);
  const { experiment_id: id, created_at: updated_at } = earlier;
  const row = { ...columnsOf(state), number: 1, id, updated_at, summary: JSON.stringify(earlier) };
  expect(summaryOfRow(row, () => [])).toEqual({ ...earlier, image: null, metrics: {}, progress: null });
});
