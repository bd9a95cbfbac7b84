import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { describe, expect, test } from 'vitest';
import { RIGHTS, rightName } from '../../../src/engines/kubernetes/check/verbs.ts';

const ROOT = fileURLToPath(new URL('../../../deploy/kubernetes/', import.meta.url));

interface Rule {
  apiGroups: string[];
  resources: string[];
  verbs: string[];
}

const read = (file: string) => parse(readFileSync(join(ROOT, file), 'utf8'));

/** What is only looked at, where it may be: by `engines check`, and before a submission. */
const LOOKED_AT = ['get localqueues.kueue.x-k8s.io', 'list resourcequotas', 'list limitranges'];

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

  test('writes where it may', () => {
    const home = container.env.find(({ name }: { name: string }) => name === 'AICHOR_HOME');
    const mounts = container.volumeMounts.map(({ mountPath }: { mountPath: string }) => mountPath);
    expect(mounts).toEqual([home.value, '/tmp']);
  });

  test('is asked whether it is well where no key is needed', () => {
    for (const probe of ['startupProbe', 'readinessProbe', 'livenessProbe'])
      expect(container[probe].httpGet).toEqual({ path: '/v1/health', port: 'http' });
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
