import { describe, expect, test } from 'vitest';
import { renderSecretValues, secretNames } from '../../../../src/engines/kubernetes/run/secret-values.ts';
import { planManifest } from '../../../../src/operators/plan.ts';
import { renderKubernetes } from '../../../../src/render/kubernetes/objects.ts';
import { DEFAULT_SETTINGS } from '../../../../src/render/kubernetes/settings/settings.ts';
import { jobset, NO_SUBMISSION, podType } from '../../operators/manifests.ts';

function renderingWith(...secrets: string[]) {
  const manifest = jobset([podType('a'), podType('b')]);
  return {
    plan: planManifest(manifest, { ...NO_SUBMISSION, secrets }),
    settings: { ...DEFAULT_SETTINGS, namespace: 'team' },
    experimentId: '6f4a850d-2281-4c1e-9a55-0123456789ab',
    project: 'proj',
  };
}

describe('values of secrets', () => {
  test('stand in one Secret, under the names that pods refer to', () => {
    const rendering = renderingWith('B_KEY', 'A_KEY');
    const secret = renderSecretValues(rendering, { A_KEY: 'ä$(x)\n', B_KEY: '', OTHER: 'no' });
    const { namespace, name } = secret?.metadata ?? {};
    expect({ namespace, name, type: secret?.type }).toEqual({
      ...{ namespace: 'team', name: 'experiment-6f4a850d-2281-secrets', type: 'Opaque' },
    });
    const values = Object.entries(secret?.data ?? {}).map(([key, value]) => [
      key,
      Buffer.from(value, 'base64').toString(),
    ]);
    expect(values).toEqual([
      ['A_KEY', 'ä$(x)\n'],
      ['B_KEY', ''],
    ]);
    const rendered = JSON.stringify(renderKubernetes(rendering));
    expect(rendered).toContain(JSON.stringify({ secretKeyRef: { name, key: 'A_KEY' } }));
  });

  test('make no Secret where there are none', () => {
    expect(renderSecretValues(renderingWith(), { A_KEY: 'x' })).toBeNull();
    expect(secretNames(renderingWith().plan)).toEqual([]);
  });

  test('that are missing are a mistake of ours, not an empty value', () => {
    expect(() => renderSecretValues(renderingWith('toString'), {})).toThrow(RangeError);
  });
});
