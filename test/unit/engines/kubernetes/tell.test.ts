import { describe, expect, test } from 'vitest';
import type { AttemptView } from '../../../../src/engines/kubernetes/status/model.ts';
import { createTeller } from '../../../../src/engines/kubernetes/run/tell.ts';
import type { ExperimentFact } from '../../../../src/experiment/event.ts';
import type { PodStatus } from '../../../../src/experiment/status.ts';

interface Shape {
  attempt?: number;
  statuses?: PodStatus[];
  waiting?: string | null;
  started?: boolean;
  told?: AttemptView['told'];
  suspensions?: AttemptView['suspensions'];
}

/** Only what is told of a view. */
function viewOf({ attempt = 1, statuses = [], waiting = null, started = true, told = null, ...more }: Shape) {
  const pods = statuses.map((status, job) => ({
    fact: { type: 'pod', pod: `worker-${job}-0`, attempt, status, reason: null, exit_code: null },
  }));
  const wait = waiting === null ? null : { message: waiting };
  return {
    attempt,
    pods,
    waiting: wait,
    everStarted: started,
    told,
    suspensions: [],
    ...more,
  } as unknown as AttemptView;
}

function tellerOf(most = 1, before: Parameters<typeof createTeller>[2] = {}) {
  const told: string[] = [];
  const push = (fact: ExperimentFact) => {
    if (fact.type === 'pod') told.push(`${fact.attempt}: ${fact.pod} ${fact.status}`);
    else if (fact.type === 'attempt') told.push(`attempt ${fact.attempt}`);
    else if (fact.type === 'progress') told.push(fact.message);
    else told.push(fact.type);
  };
  const tell = createTeller({ push, end: () => undefined, facts: async function* () {} }, most, before);
  const see = (shape: Shape, earlier: Record<number, Shape> = {}) =>
    tell.attempt(viewOf(shape), (attempt) => viewOf({ attempt, ...earlier[attempt] }));
  return { told, tell, see };
}

describe('what is told', () => {
  test('of each suspension its beginning and its end, once, whoever tells', () => {
    const { told, see } = tellerOf();
    const from = '2026-01-01T00:00:20Z';
    const open = { attempt: 1, after: from, from, until: null };
    const over = { ...open, until: '2026-01-01T00:01:00Z' };
    see({ statuses: ['Running'] });
    see({ statuses: ['Stopped'], suspensions: [open] });
    see({ attempt: 2, statuses: ['Pending'], suspensions: [open], waiting: 'queued' });
    see({ attempt: 2, statuses: ['Running'], suspensions: [over] }, { 1: { statuses: ['Stopped'] } });
    expect(told.filter((each) => /suspended|resumed|attempt/.test(each))).toEqual([
      'attempt 1',
      'suspended',
      'attempt 2',
      'resumed',
    ]);
  });

  test('is only what it waits for, until a pod has started', () => {
    const { told, see } = tellerOf();
    see({ statuses: ['Pending'], started: false, waiting: 'for a node' });
    see({ statuses: ['Pending'], started: false, waiting: 'for a node' });
    see({ statuses: ['Running'] });
    expect(told).toEqual(['for a node', 'attempt 1', '1: worker-0-0 Running', '1 of 1 pod running']);
  });

  test('is each change once', () => {
    const { told, see } = tellerOf();
    see({ statuses: ['Running', 'Pending'] });
    see({ statuses: ['Running', 'Pending'] });
    see({ statuses: ['Running', 'Running'] });
    expect(told.slice(1)).toEqual([
      '1: worker-0-0 Running',
      '1: worker-1-0 Pending',
      '1: worker-1-0 Running',
    ]);
  });

  test('of an attempt comes before the next one, also when attempts were missed', () => {
    const { told, see } = tellerOf(4);
    see({ statuses: ['Running'] });
    see({ attempt: 3, statuses: ['Pending'] }, { 1: { statuses: ['Failed'] }, 2: { statuses: ['Failed'] } });
    expect(told.slice(2)).toEqual([
      '1: worker-0-0 Failed',
      'attempt 2',
      '2: worker-0-0 Failed',
      'attempt 3',
      '3: worker-0-0 Pending',
    ]);
  });

  test('begins with the present attempt when somebody else told the earlier ones', () => {
    const { told, see } = tellerOf(4);
    see({ attempt: 3, statuses: ['Running'] });
    expect(told).toEqual(['attempt 3', '3: worker-0-0 Running']);
  });

  test('of waiting by somebody who is gone, and that is no longer so, does not stand', () => {
    const { told, see } = tellerOf(1, { isTakenOver: true });
    see({ statuses: ['Running'] });
    see({ statuses: ['Running'] });
    expect(told).toEqual(['attempt 1', '1: worker-0-0 Running', '1 of 1 pod running']);
    const other = tellerOf(1, { isTakenOver: true });
    other.see({ statuses: ['Running'], waiting: 'suspended' });
    expect(other.told).toEqual(['attempt 1', '1: worker-0-0 Running', 'suspended']);
  });

  test('says once that the cluster is away, and what it waits for when it is back', () => {
    const { told, tell, see } = tellerOf();
    see({ started: false, waiting: 'for a node' });
    tell.unseen('no answer');
    tell.unanswered('refused');
    tell.unseen('another reason');
    see({ started: false, waiting: 'for an image' });
    tell.unseen(null);
    tell.unanswered(null);
    expect(told).toEqual([
      'for a node',
      'the cluster cannot be reached, what runs there goes on: no answer',
      'for an image',
    ]);
  });

  test('is nothing of waiting, once the pods were told to end', () => {
    const { told, see } = tellerOf();
    see({ statuses: ['Pending'], started: false, waiting: 'for a node' });
    see({ statuses: ['Pending'], started: false, told: 'CancelledByUser' });
    expect(told).toEqual(['for a node']);
  });

  test('are the failure, and each notice, once', () => {
    const { told, tell } = tellerOf();
    for (let time = 0; time < 2; time++) {
      tell.failure({ reason: 'Killed', explanation: 'x' });
      tell.notice({ code: 'a', message: 'x' });
    }
    tell.notice({ code: 'a', message: 'y' });
    expect(told).toEqual(['failure', 'notice', 'notice']);
  });
});
