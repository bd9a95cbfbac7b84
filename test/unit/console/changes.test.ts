import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { changesFrom, type LiveMessage } from '../../../src/console/base/changes.ts';
import { FakeEventSource } from './event-source.ts';

let sources: FakeEventSource[];
beforeEach(() => {
  sources = FakeEventSource.made = [];
  vi.stubGlobal('EventSource', FakeEventSource);
});
afterEach(() => void vi.unstubAllGlobals());

it('begins anew for who sits here now: nothing more of the stream before, and all are told', () => {
  const told: LiveMessage['kind'][] = [];
  const changes = changesFrom(({ kind }) => told.push(kind));
  expect(changes.start()).toEqual({ kind: 'begun' });
  sources[0]?.open();
  expect(changes.start()).toEqual({ kind: 'open' });
  expect(sources).toHaveLength(1);
  expect(changes.restart()).toEqual({ kind: 'begun' });
  expect(sources.map(({ readyState }) => readyState)).toEqual([FakeEventSource.CLOSED, 0]);
  sources[1]?.open();
  expect(told).toEqual(['open', 'begun', 'open']);
  changes.stop();
});
