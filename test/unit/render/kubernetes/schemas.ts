import { readFileSync } from 'node:fs';
import { Ajv, type ValidateFunction } from 'ajv';
import type { KubernetesObject } from '../../../../src/render/kubernetes/objects.ts';

/** Checks objects against the published schemas (test/fixtures/crds), in which unknown keys are refused. */

const ajv = new Ajv({ strict: false, allErrors: true, validateFormats: false, allowUnionTypes: true });

function schema(file: string): object {
  return JSON.parse(readFileSync(new URL(`../../../fixtures/crds/${file}`, import.meta.url), 'utf8'));
}

ajv.addSchema(schema('core.schema.json'), 'core');
/** Of each version that an object is to be taken by. */
const custom: Record<string, ValidateFunction[]> = {
  JobSet: [ajv.compile(schema('jobset.schema.json'))],
  RayJob: ['rayjob.schema.json', 'rayjob-1.7.schema.json'].map((file) => ajv.compile(schema(file))),
};

/** What is wrong with an object by its kind's schema, one line each; empty: nothing. */
export function schemaErrors(object: KubernetesObject): string[] {
  const core = ajv.getSchema(`core#/$defs/${object.kind}`);
  const checks = custom[object.kind ?? ''] ?? (core === undefined ? [] : [core]);
  if (checks.length === 0) throw new Error(`no schema for ${object.kind}`);
  for (const check of checks) check(object);
  const metadata = ajv.getSchema('core#/$defs/ObjectMeta');
  metadata?.(object.metadata);
  const errors = [...checks, metadata].flatMap((check) => check?.errors ?? []);
  return errors.map(
    ({ instancePath, message, params }) => `${instancePath} ${message} ${JSON.stringify(params)}`,
  );
}
