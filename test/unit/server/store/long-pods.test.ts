/** The pods of live experiments that have very many are remembered, but never of any number of experiments. */
import { expect, test } from 'vitest';
import { applyEvent, initialState } from '../../../../src/experiment/state.ts';
import { columnsOf, stateOfRow } from '../../../../src/server/store/rows.ts';
import { NEW, planned } from '../../experiment/facts.ts';

test('of many experiments with many pods those are remembered that were asked for last', () => {
  const names = Array.from({ length: 3000 }, (_, index) => `worker-${index}-0`);
  const event = { time: NEW.created_at, ...planned(...names) };
  const state = applyEvent(initialState(NEW), event);
  const ids = Array.from({ length: 60 }, (_, index) => `experiment-${index}`);
  const rows = ids.map((id) => {
    const of = { ...state, record: { ...state.record, experiment_id: id } };
    return { number: 1, id, updated_at: NEW.created_at, ...columnsOf(of) };
  });
  const isRemembered = (row: (typeof rows)[number]) => {
    const { pods } = stateOfRow(row, () => []).record;
    expect(pods).toHaveLength(names.length);
    return pods === state.record.pods;
  };
  // The newest first: asking for one that is forgotten remembers it, and takes the place of another.
  const remembered = rows.toReversed().map(isRemembered);
  const count = remembered.indexOf(false);
  expect(count).toBeGreaterThan(1);
  expect(count * (rows[0]?.pods.length ?? 0)).toBeLessThanOrEqual(20_000_000);
  expect(remembered.slice(count)).not.toContain(true);
});
