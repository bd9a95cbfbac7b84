import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parseManifest } from '../../../../src/manifest/parse.ts';
import { planManifest } from '../../../../src/operators/plan.ts';
import { renderKubernetes } from '../../../../src/render/kubernetes/objects.ts';
import { DEFAULT_SETTINGS } from '../../../../src/render/kubernetes/settings/settings.ts';
import { NO_SUBMISSION } from '../../operators/manifests.ts';
import { schemaErrors } from './schemas.ts';

/**
 * Every documented example with the plan it has and the objects it becomes (test/fixtures/golden). After a change
 * that is meant: `npx vitest run test/unit/render/kubernetes/golden.test.ts -u`, then read the difference.
 */

const FIXTURES = new URL('../../../fixtures/', import.meta.url);
const EXPERIMENT_ID = '6f4a850d-2281-4c1e-9a55-0123456789ab';

const names = readdirSync(new URL('manifests/', FIXTURES))
  .filter((file) => /\.ya?ml$/.test(file))
  .map((file) => file.replace(/\.ya?ml$/, ''));

describe.each(names)('%s', (name) => {
  const file = `${name}.yaml`;
  const { manifest, diagnostics } = parseManifest(readFileSync(new URL(`manifests/${file}`, FIXTURES)), file);
  if (manifest === null) throw new Error(`${file}: ${diagnostics.map(({ message }) => message).join('; ')}`);
  const plan = planManifest(manifest, NO_SUBMISSION);
  const objects = renderKubernetes({
    plan,
    settings: DEFAULT_SETTINGS,
    experimentId: EXPERIMENT_ID,
    project: 'default',
  });

  test('has the plan and the objects it had', async () => {
    const text = `${JSON.stringify({ plan, objects }, null, 2)}\n`;
    await expect(text).toMatchFileSnapshot(`../../../fixtures/golden/${name}.json`);
  });

  test('gives valid objects', () => {
    expect(objects.flatMap(schemaErrors)).toEqual([]);
  });
});
