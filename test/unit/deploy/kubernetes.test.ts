import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse, parseAllDocuments } from 'yaml';
import { describe, expect, test } from 'vitest';
import { OPTIONAL_RIGHTS, RIGHTS, rightName } from '../../../src/engines/kubernetes/check/verbs.ts';

const ROOT = fileURLToPath(new URL('../../../deploy/kubernetes/', import.meta.url));

interface Rule {
  apiGroups: string[];
  resources: string[];
  verbs: string[];
}

const read = (file: string) => parse(readFileSync(join(ROOT, file), 'utf8'));

/** What is only looked at, where it may be: by `engines check`, and before a submission. */
const LOOKED_AT = [
  'get namespaces',
  'get configmaps',
  ...OPTIONAL_RIGHTS.flatMap((right) => right.verbs.map((verb) => `${verb} ${rightName(right)}`)),
];

describe('the Role', () => {
  const { rules }: { rules: Rule[] } = read('experiments/role.yaml');
  const granted = rules.flatMap(({ apiGroups: [group = ''], resources, verbs }) =>
    resources.flatMap((name) => {
      const [plural = '', subresource] = name.split('/');
      const resource = { group, version: '', plural, kind: '', namespaced: true };
      const right = rightName({ resource, ...(subresource !== undefined && { subresource }) });
      return verbs.map((verb) => `${verb} ${right}`);
    }),
  );

  test('grants what the engine needs, and nothing more', () => {
    const needed = RIGHTS.flatMap((right) => right.verbs.map((verb) => `${verb} ${rightName(right)}`));
    expect(granted.toSorted()).toEqual([...needed, ...LOOKED_AT].toSorted());
  });

  test('grants nothing for everything', () => {
    expect(JSON.stringify(rules)).not.toContain('*');
  });
});

describe('the control plane', () => {
  const { spec } = read('control-plane/stateful-set.yaml');
  const pod = spec.template.spec;
  const [container] = pod.containers;

  test('is one, keeps its state, and runs with no rights on its node', () => {
    expect(spec.replicas).toBe(1);
    expect(spec.volumeClaimTemplates).toHaveLength(1);
    expect(pod.securityContext).toMatchObject({ runAsNonRoot: true, runAsUser: 1000, fsGroup: 1000 });
    expect(container.securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
  });

  test('writes where it may: in a folder of its own on the volume, whose root is root’s and the group’s', () => {
    const home = container.env.find(({ name }: { name: string }) => name === 'AICHOR_HOME');
    const mounts = container.volumeMounts.map(({ mountPath }: { mountPath: string }) => mountPath);
    expect(mounts).toEqual([dirname(home.value), '/tmp']);
  });

  test('is asked whether it is well where no key is needed', () => {
    const asked = ['startupProbe', 'readinessProbe', 'livenessProbe'].map(
      (probe) => container[probe].httpGet,
    );
    expect(asked).toEqual(['/readyz', '/readyz', '/healthz'].map((path) => ({ path, port: 'http' })));
  });
});

test('every kustomization names files that are there', () => {
  const folders = readdirSync(ROOT, { recursive: true, encoding: 'utf8' }).filter((path) =>
    path.endsWith('kustomization.yaml'),
  );
  expect(folders.length).toBeGreaterThan(3);
  for (const path of folders) {
    const { resources }: { resources: string[] } = read(path);
    for (const resource of resources)
      expect(existsSync(join(ROOT, path, '..', resource)), `${path}: ${resource}`).toBe(true);
  }
});

test.skipIf(spawnSync('kubectl', ['version', '--client']).error !== undefined).each([
  ['control-plane', ['Namespace', 'ServiceAccount', 'Service', 'StatefulSet']],
  ['experiments', ['Role', 'RoleBinding']],
  ['cluster', ['ClusterRole', 'ClusterRoleBinding']],
])('kubectl makes the objects of %s (with kubectl)', (folder, kinds) => {
  const { status, stdout, stderr } = spawnSync('kubectl', ['kustomize', join(ROOT, folder)], {
    encoding: 'utf8',
  });
  expect([status, stderr]).toEqual([0, '']);
  const objects = parseAllDocuments(stdout).map((document) => document.toJS());
  expect(objects.map(({ kind }) => kind).sort()).toEqual(kinds.toSorted());
});

test('the image starts what the page for administrators tells, as the user and in the folder of the pod', () => {
  const dockerfile = readFileSync(join(ROOT, '../Dockerfile'), 'utf8');
  const pod = read('control-plane/stateful-set.yaml').spec.template.spec;
  const [container] = pod.containers;
  const words = (instruction: string) =>
    JSON.parse(new RegExp(`^${instruction} (\\[.*\\])$`, 'm').exec(dockerfile)?.[1] ?? '[]');
  expect(words('ENTRYPOINT')).toEqual(['aichor']);
  expect(words('CMD')).toEqual(container.args);
  expect(/^USER (\d+):(\d+)$/m.exec(dockerfile)?.slice(1).map(Number)).toEqual([
    pod.securityContext.runAsUser,
    pod.securityContext.runAsGroup,
  ]);
  const env = Object.fromEntries(
    container.env.map(({ name, value }: Record<string, string>) => [name, value]),
  );
  expect(/^ENV AICHOR_HOME=(\S+)/m.exec(dockerfile)?.[1]).toBe(dirname(env['AICHOR_HOME'] ?? ''));
  expect(env['AICHOR_LOG']).toBe('stderr');
  expect(dockerfile).toMatch(/^ENV AICHOR_HOME=\S+ AICHOR_LOG=stderr$/m);
});
