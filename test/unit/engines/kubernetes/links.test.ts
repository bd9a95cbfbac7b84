import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ExperimentFact } from '../../../../src/experiment/event.ts';
import { REACHED } from '../../../../src/experiment/link.ts';
import type { RunContext } from '../../../../src/engines/engine.ts';
import { createFactQueue } from '../../../../src/engines/facts.ts';
import { createLinkTeller } from '../../../../src/engines/kubernetes/links/link-teller.ts';
import { servingPod } from '../../../../src/engines/kubernetes/links/services.ts';
import type { Pod } from '../../../../src/engines/kubernetes/api/objects.ts';
import { see, type SeenPod } from '../../../../src/engines/kubernetes/pod/seen-pod.ts';
import type { Look } from '../../../../src/engines/kubernetes/status/model.ts';
import type { CommonSpec, Manifest } from '../../../../src/manifest/manifest.ts';
import { planManifest } from '../../../../src/operators/plan.ts';
import { jobset, kuberay, NO_SUBMISSION, podType, workerGroup } from '../../operators/manifests.ts';

const ID = '6f4a850d-2281-4c1e-9a55-0123456789ab';

function pod(name: string, labels: Record<string, string>, { ready = true, ...more } = {}): SeenPod {
  const object: Pod = {
    metadata: { name, labels, creationTimestamp: `2026-01-01T00:00:0${name.at(-1)}Z`, ...more },
    status: { conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }] },
  };
  return see(object);
}

const board = (name: string, more = {}) => pod(name, { 'aichor.io/component': 'tensorboard' }, more);
const head = (name: string, more = {}) => pod(name, { 'ray.io/node-type': 'head' }, more);

test('a service is in the latest pod that is ready and stays', () => {
  expect(servingPod([], 'ray')).toBeNull();
  expect(servingPod([board('a1')], 'ray')).toBeNull();
  expect(servingPod([head('a1', { ready: false })], 'ray')).toBeNull();
  expect(servingPod([head('a1', { deletionTimestamp: '2026-01-01T00:00:09Z' })], 'ray')).toBeNull();
  expect(servingPod([head('a2'), head('a3', { ready: false }), head('a1')], 'jupyter')?.name).toBe('a2');
});

describe('links are told while they lead somewhere', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'aichor-links-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  function teller(manifest: Manifest) {
    const queue = createFactQueue();
    const told: ExperimentFact[] = [];
    const context: Partial<RunContext> = {
      ...{ experimentId: ID, plan: planManifest(manifest, NO_SUBMISSION) },
      logs: {
        async file({ pod: name, attempt }) {
          const path = join(folder, `${name}.${attempt}`);
          writeFileSync(path, '', { flag: 'a' });
          return path;
        },
        async appended() {},
        async closed() {},
      },
    };
    const links = createLinkTeller(context as RunContext, { ...queue, push: (fact) => void told.push(fact) });
    const look = async (pods: SeenPod[], running: string[] = []) => {
      told.length = 0;
      const views = running.map((name) => ({ pod: name, attempt: 1, fact: { status: 'Running' } }));
      await links.look({ observed: { pods }, view: { pods: views } } as unknown as Look);
      return told.map((fact) => (fact.type === 'link' ? [fact.name, fact.url] : fact));
    };
    return { look, links, told };
  }

  const print = (name: string, text: string) => writeFileSync(join(folder, `${name}.1`), text);
  const debug = (more: Partial<CommonSpec['debug']>) => ({ debug: { vscode: null, jupyter: null, ...more } });

  test('TensorBoard, once, and no more when it is gone', async () => {
    const { look } = teller(jobset([podType('w')], { tensorboard: { enabled: true, pvc: null } }));
    expect(await look([board('a1', { ready: false })])).toEqual([]);
    expect(await look([board('a1')])).toEqual([['tensorboard', REACHED]]);
    expect(await look([board('a1')])).toEqual([]);
    expect(await look([])).toEqual([['tensorboard', null]]);
  });

  test('no TensorBoard where none is asked for', async () => {
    const { look } = teller(jobset([podType('w')]));
    expect(await look([board('a1')])).toEqual([]);
  });

  test('the dashboard of Ray, until the end', async () => {
    const { look, links, told } = teller(kuberay([workerGroup('g')]));
    expect(await look([head('a1')])).toEqual([['ray_dashboard', REACHED]]);
    links.end();
    expect(told.at(-1)).toEqual({ type: 'link', name: 'ray_dashboard', url: null });
  });

  test('Jupyter when it says where it listens', async () => {
    const { look } = teller(kuberay([workerGroup('g')], debug({ jupyter: { path: 'jupyter' } })));
    const pods = [head('a1')];
    await look(pods, ['submitter-0-0']);
    expect(await look(pods, ['submitter-0-0'])).toEqual([]);
    print('submitter-0-0', `Jupyter Server is running at:\nhttp://127.0.0.1:8888/links/${ID}/jupyter/\n`);
    expect(await look(pods, ['submitter-0-0'])).toEqual([['jupyter', REACHED]]);
    expect(await look(pods, [])).toEqual([['jupyter', null]]);
  });

  test('a tunnel of VS Code, by the address that it prints', async () => {
    const { look } = teller(jobset([podType('w')], debug({ vscode: { path: 'code', provider: 'github' } })));
    expect(await look([], ['w-0-0'])).toEqual([]);
    print('w-0-0', 'Open this link in your browser https://vscode.dev/tunnel/here/now\n');
    expect(await look([], ['w-0-0'])).toEqual([['vscode', 'https://vscode.dev/tunnel/here/now']]);
    expect(await look([], ['w-0-0'])).toEqual([]);
  });
});
