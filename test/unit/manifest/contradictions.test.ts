import { describe, expect, test } from 'vitest';
import { parseManifest } from '../../../src/manifest/parse.ts';
import { planManifest } from '../../../src/operators/plan.ts';
import { NO_SUBMISSION } from '../operators/manifests.ts';
import { changed, example, path, text, valid, verdicts, type Document } from './examples.ts';

const RESOURCES = { cpus: 1, memory: 2 };
const ID = '3f2a1b4c-9d8e-4f7a-b6c5-1a2b3c4d5e6f';

function withTypes(operator: string, types: Document): string {
  return text(changed(example(operator), path('spec.types'), types));
}

function typeNames(source: string): string[] {
  const { spec } = valid(source);
  return 'types' in spec ? spec.types.map(({ name, count }) => `${name} ${count}`) : [];
}

function firstHint(source: string): string | null | undefined {
  return parseManifest(source, 'm').diagnostics[0]?.hint;
}

/**
 * Where documents about the language disagree: what is done about it. Those that concern more than the manifest
 * are tested with what they concern (in `test/unit` unless said):
 * - 4, where the Dockerfile is looked for: `repository/repository.test.ts` (dockerfile-at-root)
 * - 6, which manifest counts: `repository/repository.test.ts`; what is said of two: `test/cli/commands.test.ts`
 * - 11, both names of each pair: `operators/plan.test.ts` (messages), `render/kubernetes/objects.test.ts` (S3),
 *   `render/local/environment.test.ts` (no S3)
 * - 13, pytorch and xgboost as a JobSet: `render/kubernetes/objects.test.ts`; their variables: here
 * - 14, commands of version 2: `cli/commands-unknown.test.ts`
 * - 22, completions and parallelisms left out, and 16, count left out: `fields.test.ts` (defaults)
 * - 23, the prefix of names: `render/local/environment.test.ts`, `render/kubernetes/objects.test.ts`
 */
describe('contradictions', () => {
  test('1: experimentId and experimentID', () => {
    const skip = (block: Document) =>
      text(changed(example('jax'), path('builder.skipBuild'), { enabled: true, ...block }));
    expect(verdicts(skip({ experimentID: ID }))).toEqual(['warning deprecated-key']);
    expect(valid(skip({ experimentID: ID })).builder.skipBuild).toEqual({
      experimentId: ID,
      failIfNotFound: false,
    });
    expect(verdicts(skip({ experimentID: ID, experimentId: ID }))).toEqual(['warning deprecated-key']);
    expect(verdicts(skip({ experimentID: ID, experimentId: ID.replace('3', '4') }))).toEqual([
      'error conflicting-keys',
    ]);
  });

  test.each(['pytorch', 'xgboost'])('2: Master and Worker with %s', (operator) => {
    const old = withTypes(operator, {
      Worker: { count: 3, resources: RESOURCES },
      Master: { count: 1, resources: RESOURCES },
    });
    expect(verdicts(old)).toEqual(['warning deprecated-type']);
    expect(verdicts(old, { strict: true })).toEqual(['error deprecated-type']);
    expect(typeNames(old)).toEqual(['master 1', 'worker 3']);
    const mixed = withTypes(operator, { worker: { resources: RESOURCES }, Master: { resources: RESOURCES } });
    expect(typeNames(mixed)).toEqual(['master 1', 'worker 1']);
    const both = withTypes(operator, { worker: { resources: RESOURCES }, Worker: { resources: RESOURCES } });
    expect(verdicts(both)).toEqual(['error conflicting-keys']);
    expect(firstHint(old)).toContain('count: 4');
  });

  test('3: Worker with jax', () => {
    expect(verdicts(withTypes('jax', { Worker: { resources: RESOURCES } }))).toEqual([
      'warning deprecated-type',
    ]);
    expect(typeNames(withTypes('jax', { Worker: { count: 4, resources: RESOURCES } }))).toEqual(['worker 4']);
    const both = withTypes('jax', { Worker: { resources: RESOURCES }, worker: { resources: RESOURCES } });
    expect(verdicts(both)).toEqual(['error conflicting-keys']);
  });

  test.each(['aichor[team/manifest.yaml]: a', 'aichor(team/manifest.yaml): a', 'exp: a', 'EXP a', 'a'])(
    '5: the message %j of a submission is carried as it is',
    (message) => {
      const { groups } = planManifest(valid(text(example('jobset'))), { ...NO_SUBMISSION, message });
      for (const { env } of groups)
        expect(env).toContainEqual(
          expect.objectContaining({
            name: 'AICHOR_EXPERIMENT_MESSAGE',
            source: { kind: 'literal', value: message },
          }),
        );
    },
  );

  test('7: engineName at the top level', () => {
    const outer = changed(example('jax'), ['engineName'], 'kyber');
    expect(verdicts(text(outer))).toEqual(['warning deprecated-key']);
    expect(verdicts(text(outer), { strict: true })).toEqual(['error deprecated-key']);
    expect(valid(text(outer)).spec.engineName).toBe('kyber');
    expect(verdicts(text(changed(outer, path('spec.engineName'), 'kyber')))).toEqual([
      'warning deprecated-key',
    ]);
    expect(verdicts(text(changed(outer, path('spec.engineName'), 'other')))).toEqual([
      'error conflicting-keys',
    ]);
  });

  test('8: jupyter as a boolean', () => {
    const jupyter = (operator: string, value: Document[string]) =>
      text(changed(example(operator), path('spec.debug.jupyter'), value));
    expect(verdicts(jupyter('kuberay', false))).toEqual([]);
    expect(verdicts(jupyter('jobset', false))).toEqual([]);
    expect(valid(jupyter('kuberay', true)).spec.debug.jupyter).toEqual({ path: 'jupyter' });
    expect(verdicts(jupyter('jobset', true))).toEqual(['error operator-mismatch']);
  });

  test.each([
    [1, [], 4],
    [1.5, [], 6],
    [2, [], 8],
    [0, ['error out-of-range'], null],
    [-1, ['error out-of-range'], null],
  ])('9: a ramRatio of %d: %j', (ramRatio, expected, memory) => {
    const source = withTypes('jobset', { worker: { resources: { cpus: 4, ramRatio } } });
    expect(verdicts(source)).toEqual(expected);
    const spec = parseManifest(source, 'm').manifest?.spec;
    expect(spec?.operator === 'jobset' ? spec.types[0]?.resources.memory : null).toBe(memory);
  });

  test.each([
    ['both', { memory: 4, ramRatio: 2 }],
    ['neither', {}],
  ])('10: of memory and ramRatio, %s', (_, amounts) => {
    const source = withTypes('jax', { worker: { resources: { cpus: 2, ...amounts } } });
    const { diagnostics } = parseManifest(source, 'm');
    expect(diagnostics.map(({ code }) => code)).toEqual(['memory-choice']);
    const said = `${diagnostics[0]?.message} ${diagnostics[0]?.hint}`;
    expect(said).toContain('memory');
    expect(said).toContain('ramRatio');
  });

  test('12: slips of the documentation', () => {
    const slip = (block: Document) => withTypes('jobset', { worker: { resources: block } });
    expect(verdicts(slip({ cpu: 4, ramRatio: 3 }))).toEqual(['error unknown-key']);
    expect(verdicts(slip({ cpus: 4, ramRation: 3 }))).toEqual(['error unknown-key']);
    expect(firstHint(slip({ cpu: 4, ramRatio: 3 }))).toBe('did you mean "cpus"?');
    expect(firstHint(slip({ cpus: 4, ramRation: 3 }))).toBe('did you mean "ramRatio"?');
  });

  test.each([
    ['pytorch', '2'],
    ['xgboost', '2'],
  ])('13: %s keeps the variables of its earlier controller', (operator, worldSize) => {
    const [group] = planManifest(valid(text(example(operator))), NO_SUBMISSION).groups;
    const env = new Map(group?.env.map(({ name, source }) => [name, source]));
    expect([...env.keys()]).toEqual(
      expect.arrayContaining(['MASTER_ADDR', 'MASTER_PORT', 'WORLD_SIZE', 'RANK']),
    );
    expect(env.get('WORLD_SIZE')).toEqual({ kind: 'literal', value: worldSize });
  });

  test('15: buildArgs of any scalar', () => {
    const source = text(changed(example('jax'), path('builder.buildArgs'), { A: 'x', B: true, C: 3.1 }));
    expect(verdicts(source)).toEqual(['warning unquoted-text']);
    expect(valid(source).builder.buildArgs).toEqual({ A: 'x', B: 'true', C: '3.1' });
  });

  test.each([undefined, null])('16: Workers that are %s', (workers) => {
    const source = text(changed(example('kuberay'), path('spec.types.Workers'), workers));
    expect(verdicts(source)).toEqual(['warning missing-workers']);
    const { spec } = valid(source);
    expect(spec.operator === 'kuberay' && spec.workerGroups).toEqual([]);
  });

  test.each(['0.2.1', '0.2.2', '0.2.3'])('17: vertexai with %s', (version) => {
    expect(verdicts(text(changed(example('vertexai'), ['apiVersion'], version)))).toEqual([]);
  });

  test.each([
    ['tf', 'jobset'],
    ['batchjob', 'jobset'],
    ['ray', 'kuberay'],
    ['slurm', 'jobset'],
  ])('18, 19: %s was removed; a version is missing with it as well', (operator, instead) => {
    const source = text(changed(withoutVersion(), path('spec.operator'), operator));
    expect(verdicts(source)).toEqual(['error missing-key', 'error removed-operator']);
    const removed = parseManifest(source, 'm').diagnostics.find(({ code }) => code === 'removed-operator');
    expect(removed).toMatchObject({ path: 'spec.operator', hint: expect.stringContaining(`use ${instead}`) });
    const versioned = changed(
      changed(withoutVersion(), ['apiVersion'], '0.2.2'),
      path('spec.operator'),
      operator,
    );
    expect(verdicts(text(versioned))).toEqual(['error removed-operator']);
  });

  test.each(['spec.types.job', 'job'])(
    '19: a Slurm job at %s without an operator is known as one',
    (place) => {
      const bare = { kind: 'AIchorManifest', apiVersion: '0.2.3' };
      const source = text(changed(bare, path(place), { ntasks: 1, nodes: 1 }));
      const { diagnostics } = parseManifest(source, 'm');
      expect(diagnostics.map(({ code, path: where }) => `${code} ${where}`)).toEqual([
        `removed-operator ${place}`,
      ]);
    },
  );

  test('20: images that differ', () => {
    expect(verdicts(text(changed(example('jax'), path('spec.image'), 'other')))).toEqual([
      'warning image-mismatch',
    ]);
  });

  test.each(['extraSelectors', 'extraTolerations'])('21: %s beside resources', (key) => {
    const value = key === 'extraSelectors' ? { a: 'b' } : [];
    const source = text(changed(example('jax'), path(`spec.types.worker.${key}`), value));
    expect(verdicts(source)).toEqual(['error misplaced-key']);
    expect(firstHint(source)).toContain('resources');
  });

  test.each(['pytorch', 'xgboost'])('24: with %s the master is the pod of rank 0, not a type', (operator) => {
    const plan = planManifest(valid(text(example(operator))), NO_SUBMISSION);
    expect(plan.groups.map(({ name }) => name)).toEqual(['worker']);
    expect(plan.coordinator_pod).toBe('worker-0-0');
    const alone = withTypes(operator, { Master: { resources: RESOURCES } });
    expect(verdicts(alone)).toEqual(['warning deprecated-type']);
    expect(typeNames(alone)).toEqual(['master 1']);
  });

  test('24: jax never had a master', () => {
    const types = { worker: { resources: RESOURCES }, Master: { resources: RESOURCES } };
    expect(verdicts(withTypes('jax', types))).toEqual(['error operator-mismatch']);
  });

  test.each(['jax  r', 'jobset"x', 'Jax', 'kube-ray'])('25: the operator %j is not trimmed', (operator) => {
    const [first] = verdicts(text(changed(example('jax'), path('spec.operator'), operator)));
    expect(first).toBe('error unknown-operator');
  });

  test.each([
    ['jax  r', 'jax'],
    ['jobset"x', 'jobset'],
    ['kube-ray', 'kuberay'],
  ])('25: the operator %j: was %s meant?', (operator, meant) => {
    const source = text(changed(example('jax'), path('spec.operator'), operator));
    expect(firstHint(source)).toContain(`did you mean ${meant}`);
  });
});

function withoutVersion(): Document {
  return changed(changed(example('jax'), ['apiVersion'], undefined), path('spec.types'), {
    job: { ntasks: 1 },
  });
}
