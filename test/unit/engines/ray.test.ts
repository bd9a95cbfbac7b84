import { describe, expect, test } from 'vitest';
import { plannedPods } from '../../../src/experiment/plan/planned-pods.ts';
import {
  clusterFolder,
  localParams,
  storeLimit,
  wantedPorts,
  type RayCluster,
} from '../../../src/engines/local/ray/cluster.ts';
import { podBefore } from '../../../src/engines/local/ray/pods.ts';
import { explainRay } from '../../../src/engines/local/ray/installed.ts';
import { localRunFacts } from '../../../src/render/local/run-facts.ts';
import { planOf } from '../../engine/house.ts';

const resources = { cpus: 1, ramRatio: 2 };

function plan(head: object = {}, worker: object = {}) {
  const types = {
    Head: { resources, ...head },
    Workers: [{ name: 'small', count: 2, resources, ...worker }],
  };
  return planOf({ spec: { operator: 'kuberay', rayVersion: '2.23.0', command: 'true', types } });
}

const CLUSTER: RayCluster = {
  ports: {
    'head-0-0 metrics-export-port': 1, 'head-0-0 dashboard-agent-listen-port': 2, 'head-0-0 dashboard-port': 3,
    'head-0-0 ray-client-server-port': 4, 'small-0-0 metrics-export-port': 5, 'small-0-0 dashboard-agent-listen-port': 6,
    'small-1-0 metrics-export-port': 7, 'small-1-0 dashboard-agent-listen-port': 8,
  },
  storeLimit: 500_000_000,
  installed: { version: '2.23.0', missing: [], names_sockets: true },
}; // prettier-ignore

function paramsOf(name: string, of = plan(), cluster = CLUSTER): Record<string, string> {
  const pod = plannedPods(of).find((each) => each.pod === name);
  if (pod === undefined) throw new Error(`no ${name}`);
  return localParams(of, pod, { cluster, folder: '/tmp/x' });
}

describe('the nodes of a Ray cluster on one machine', () => {
  test('want the documented ports, or those of the manifest, and the submitter none', () => {
    expect(wantedPorts(plan({ rayStartParams: { 'dashboard-port': '9000' } }))).toEqual({
      'head-0-0 metrics-export-port': 8080,
      'head-0-0 dashboard-agent-listen-port': 52365,
      'head-0-0 dashboard-port': 9000,
      'head-0-0 ray-client-server-port': 10001,
      'small-0-0 metrics-export-port': 8080,
      'small-0-0 dashboard-agent-listen-port': 52365,
      'small-1-0 metrics-export-port': 8080,
      'small-1-0 dashboard-agent-listen-port': 52365,
    });
  });

  test('have ports and sockets of their own, and the dashboard is for this machine only', () => {
    expect(paramsOf('head-0-0')).toMatchObject({
      'metrics-export-port': '1',
      'dashboard-agent-listen-port': '2',
      'dashboard-port': '3',
      'dashboard-host': '127.0.0.1',
      'temp-dir': '/tmp/x',
    });
    const sockets = ['small-0-0', 'small-1-0'].flatMap((pod) => [
      paramsOf(pod)['raylet-socket-name'],
      paramsOf(pod)['plasma-store-socket-name'],
    ]);
    expect(new Set(sockets).size).toBe(4);
  });

  test('have folders of their own where Ray takes no names for sockets', () => {
    const installed = { version: '2.60.0', missing: [], names_sockets: false };
    const params = ['small-0-0', 'small-1-0'].map((pod) => paramsOf(pod, plan(), { ...CLUSTER, installed }));
    expect(params.map((each) => each['temp-dir'])).toEqual(['/tmp/x/1', '/tmp/x/2']);
    expect(Object.keys(params[0] ?? {}).filter((name) => name.includes('socket'))).toEqual([]);
    const longest = `${clusterFolder('9b2f41aa-0000-4000-8000-000000000000', 10)}/1000`;
    expect(longest.length).toBeLessThanOrEqual(35);
  });

  test('keep what the manifest says', () => {
    const mine = plan({ rayStartParams: { 'num-cpus': '0', 'object-store-memory': '3000000000' } });
    expect(paramsOf('head-0-0', mine)).toMatchObject({
      'num-cpus': '0',
      'object-store-memory': '3000000000',
      memory: String(2 * 2 ** 30),
      resources: `'{"head":100000}'`,
    });
  });

  test('share the memory for objects', () => {
    expect(paramsOf('small-0-0')['object-store-memory']).toBe('500000000');
    expect(storeLimit(plan(), 8)).toBe(Math.floor((8 * 2 ** 30 * 0.3) / 3));
    expect(storeLimit(plan(), 0.1)).toBe(80_000_000);
  });

  test('are started by a line that names the head’s port', () => {
    const [head, worker] = plannedPods(plan());
    const run = {
      experimentId: 'x'.repeat(36),
      restarts: 0,
      port: 7000,
      paths: { input: '', output: '', tensorboard: null },
    };
    const line = (pod = head) =>
      pod === undefined ? null : localRunFacts(plan(), pod, run)['ray-start-command'];
    expect(line()).toMatch(/^ray start --head .*--port=7000 /);
    expect(line(worker)).toMatch(/^ray start --address=127\.0\.0\.1:7000 /);
    expect(line(worker)).not.toContain('--port=');
  });

  test('come up after the head, and not more at a time than the machine can do', () => {
    const pods = plannedPods(plan({}, { count: 4 }));
    const before = (atOnce: number) => pods.slice(0, 5).map((pod) => podBefore(pods, pod, atOnce));
    expect(before(1)).toEqual([null, 'head-0-0', 'small-0-0', 'small-1-0', 'small-2-0']);
    expect(before(2)).toEqual([null, 'head-0-0', 'head-0-0', 'small-0-0', 'small-1-0']);
    expect(before(64)).toEqual([null, 'head-0-0', 'head-0-0', 'head-0-0', 'head-0-0']);
  });

  test('have a temporary folder that is short enough for the names of sockets', () => {
    expect(clusterFolder('9b2f41aa-0000-4000-8000-000000000000', 100).length).toBeLessThanOrEqual(35);
  });
});

describe('the Ray that is installed', () => {
  test.each<[string, Parameters<typeof explainRay>[0], string | null, RegExp]>([
    ['none', null, '2.23.0', /has no Ray; add ray\[default\]==2\.23\.0/],
    ['none, any is good', { version: null, missing: [], names_sockets: true }, null, /add ray\[default\] to/],
    ['another', { version: '2.9.0', missing: [], names_sockets: true }, '2.23.0', /spec\.rayVersion is 2\.23\.0.*has Ray 2\.9\.0/],
    ['without its dashboard', { version: '2.23.0', missing: ['aiohttp'], names_sockets: true }, '2.23.0', /without its extra "default" \(aiohttp missing\)/],
  ])('%s: says the cure', (_name, installed, wanted, says) => {
    expect(explainRay(installed, wanted)?.explanation).toMatch(says);
  }); // prettier-ignore

  test('the right one needs no word', () => {
    expect(explainRay({ version: '2.23.0', missing: [], names_sockets: true }, '2.23.0')).toBeNull();
    expect(explainRay({ version: '2.23.0', missing: [], names_sockets: true }, null)).toBeNull();
  });
});
