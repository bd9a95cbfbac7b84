import { describe, expect, test } from 'vitest';
import { parseManifest } from '../../../src/manifest/parse.ts';
import { dotted } from '../../../src/manifest/diagnostic.ts';
import { engineFindings, type EngineFacts } from '../../../src/operators/engine-fit.ts';
import { planManifest } from '../../../src/operators/plan.ts';
import { changed, example, path, text, type Document } from '../manifest/examples.ts';
import { NO_SUBMISSION } from './manifests.ts';

const GPU = (count: number) => ({ gpu: { count, product: 'A100' } });
const LOCAL: EngineFacts = { name: 'local', kind: 'local', capacity: { cpus: 4, memory_gb: 16, gpus: 0 } };
const CLUSTER: EngineFacts = {
  name: 'kyber',
  kind: 'kubernetes',
  capacity: { cpus: 8, memory_gb: 64, gpus: 4 },
};

/** `code path` of what is said about the example with its worker's resources changed: two pods of 2 CPUs, 8 GB. */
function said(engine: EngineFacts, resources: Document = {}): string[] {
  const worker = { cpus: 2, memory: 8, ...resources };
  const source = text(changed(example('jax'), path('spec.types.worker.resources'), worker));
  return findings(engine, source).map(({ code, path: where }) => `${code} ${dotted(where)}`);
}

function findings(engine: EngineFacts, source: string) {
  const { manifest, places } = parseManifest(source, 'm.yaml');
  if (manifest === null) throw new Error('not valid');
  return engineFindings(planManifest(manifest, NO_SUBMISSION), engine, places);
}

const WORKER = 'spec.types.worker.resources';

describe.each([LOCAL, CLUSTER])('on the engine $name', (engine) => {
  test.each(['jobset', 'jax', 'pytorch', 'xgboost', 'kuberay'])('%s runs', (operator) => {
    const roomy = { ...engine, capacity: { cpus: null, memory_gb: null, gpus: null } };
    expect(findings(roomy, text(example(operator)))).toEqual([]);
  });

  test('vertexai does not: that is all there is to say', () => {
    const [finding, ...others] = findings(engine, text(example('vertexai')));
    expect(others).toEqual([]);
    expect(finding).toMatchObject({ code: 'engine-operator', path: ['spec', 'operator'] });
    expect(finding?.message).toContain(`${engine.name} cannot run the operator vertexai`);
  });
});

describe('on the embedded engine', () => {
  test('what fits is not mentioned', () => {
    expect(said(LOCAL)).toEqual([]);
    expect(said({ ...LOCAL, capacity: { cpus: null, memory_gb: null, gpus: null } }, { cpus: 900 })).toEqual(
      [],
    );
  });

  test('CPUs and memory are shared: warnings, however much is asked for', () => {
    expect(said(LOCAL, { cpus: 64 })).toEqual([`engine-capacity ${WORKER}.cpus`]);
    expect(said(LOCAL, { memory: 9 })).toEqual([`engine-capacity ${WORKER}.memory`]);
  });

  test('without any GPU pods run without; of some, no pod can have more than there are', () => {
    const two: EngineFacts = { ...LOCAL, capacity: { cpus: 4, memory_gb: 16, gpus: 2 } };
    expect(said(LOCAL, { accelerators: GPU(8) })).toEqual([
      `engine-capacity ${WORKER}.accelerators.gpu.count`,
    ]);
    expect(said(two, { accelerators: GPU(1) })).toEqual([]);
    expect(said(two, { accelerators: GPU(2) })).toEqual([`engine-capacity ${WORKER}.accelerators.gpu.count`]);
    expect(said(two, { accelerators: GPU(3) })).toEqual([
      `engine-too-small ${WORKER}.accelerators.gpu.count`,
    ]);
  });

  test('only what runs at the same time counts', () => {
    const jobs = { a: { completions: 10, parallelisms: 2, resources: { cpus: 2, memory: 8 } } };
    expect(findings(LOCAL, text(changed(example('jobset'), path('spec.types'), jobs)))).toEqual([]);
  });
});

describe('on a cluster', () => {
  test('pods wait for room; one that is larger than everything never runs', () => {
    expect(said(CLUSTER, { cpus: 5 })).toEqual([`engine-capacity ${WORKER}.cpus`]);
    expect(said(CLUSTER, { cpus: 9 })).toEqual([`engine-too-small ${WORKER}.cpus`]);
  });

  test('the finding stands at the type that asks for most, as it is written', () => {
    const types = {
      Master: { resources: { cpus: 1, memory: 1 } },
      Worker: { count: 3, resources: { cpus: 9, ramRatio: 1 } },
    };
    const found = findings(CLUSTER, text(changed(example('pytorch'), path('spec.types'), types)));
    expect(found.map(({ code, path: where }) => `${code} ${dotted(where)}`)).toEqual([
      'engine-too-small spec.types.Worker.resources.cpus',
    ]);
    expect(found[0]?.message).toBe('a pod asks for 9 CPUs; the engine kyber has 8 in all');
  });
});
