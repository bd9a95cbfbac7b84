import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { changesFrom, type LiveMessage } from '../../../src/console/base/changes.ts';

/** A browser's, as far as it is used. */
class Source extends EventTarget {
  static readonly OPEN = 1;
  static readonly CLOSED = 2;
  readyState = 0;
  constructor() {
    super();
    sources.push(this);
  }
  open(): void {
    this.readyState = Source.OPEN;
    this.dispatchEvent(new Event('open'));
  }
  close(): void {
    this.readyState = Source.CLOSED;
  }
}

let sources: Source[];
beforeEach(() => {
  sources = [];
  vi.stubGlobal('EventSource', Source);
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
  expect(sources.map(({ readyState }) => readyState)).toEqual([Source.CLOSED, 0]);
  sources[1]?.open();
  expect(told).toEqual(['open', 'begun', 'open']);
  changes.stop();
});
