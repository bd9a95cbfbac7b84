import { expect, test } from 'vitest';
import type { Event } from '../../../../../src/engines/kubernetes/api/objects.ts';
import {
  involvedExperiment,
  slimEvent,
  slimJob,
  slimJobSet,
  slimQueued,
  slimRayJob,
} from '../../../../../src/engines/kubernetes/watch/slim-workloads.ts';

const METADATA = {
  name: 'a',
  uid: 'u',
  labels: { l: '1' },
  finalizers: ['f'],
  annotations: { kept: 'yes', 'kubectl.kubernetes.io/last-applied-configuration': 'x'.repeat(1000) },
  managedFields: [{ manager: 'aichor' }],
};
const SLIM_METADATA = {
  name: 'a',
  uid: 'u',
  labels: { l: '1' },
  finalizers: ['f'],
  annotations: { kept: 'yes' },
};

test('workloads keep no templates', () => {
  const template = { spec: { containers: [{ name: 'main', env: [{ name: 'A', value: 'b' }] }] } };
  const job = slimJob({ metadata: METADATA, spec: { completions: 2, template }, status: { active: 1 } });
  expect(job).toEqual({
    metadata: SLIM_METADATA,
    spec: { completions: 2, template: {} },
    status: { active: 1 },
  });
  const spec = { suspend: false, failurePolicy: { maxRestarts: 2 }, replicatedJobs: [template] };
  expect(slimJobSet({ metadata: METADATA, spec, status: { restarts: 1 } })).toEqual({
    metadata: SLIM_METADATA,
    spec: { suspend: false, failurePolicy: { maxRestarts: 2 } },
    status: { restarts: 1 },
  });
  const ray = { suspend: true, backoffLimit: 3, rayClusterSpec: template };
  expect(slimRayJob({ metadata: METADATA, spec: ray })).toEqual({
    metadata: SLIM_METADATA,
    spec: { suspend: true, backoffLimit: 3 },
  });
});

test.each([
  ['experiment-6f4a850d-2281', 'experiment-6f4a850d-2281'],
  ['experiment-6f4a850d-2281-worker-0-0-x7k2p', 'experiment-6f4a850d-2281'],
  ['experiment-6f4a850d-2281.17e', 'experiment-6f4a850d-2281'],
  ['experiment-6f4a850d-22810', null],
  ['my-experiment-6f4a850d-2281', null],
  ['experiment-of-mine', null],
])('a warning about %s belongs to %s', (name, expected) => {
  const event: Event = { metadata: METADATA, involvedObject: { name } };
  expect(involvedExperiment(event)).toBe(expected);
  expect(slimEvent(event)?.metadata).toEqual(expected === null ? undefined : SLIM_METADATA);
});

test('of what is queued it is kept what else has to agree', () => {
  const conditions = [{ type: 'QuotaReserved', status: 'True' }];
  const check = { name: 'nodes', state: 'Pending', message: 'soon' };
  const owner = { apiVersion: 'v1', kind: 'JobSet', name: 'experiment-1a2b3c4d-0000', uid: 'u' };
  const queued = {
    metadata: { name: 'w', ownerReferences: [owner] },
    spec: { queueName: 'main' },
    status: { conditions, admissionChecks: [{ ...check, podSetUpdates: [{ name: 'main' }] }] },
  };
  expect(slimQueued(queued)?.status).toEqual({ conditions, admissionChecks: [check] });
});
