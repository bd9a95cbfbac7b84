import * as z from 'zod';
import { documentOfAllOperators } from './document.ts';

export type JsonSchema = Record<string, unknown>;

/**
 * JSON Schema (draft 7, which editors read) of a manifest, made from the very schema that the parser uses, with
 * help texts for every key. Rules that join several keys are not in it.
 */
export function manifestJsonSchema(): JsonSchema {
  const schema = z.toJSONSchema(documentOfAllOperators(), {
    target: 'draft-7',
    io: 'input',
    reused: 'ref',
    override: ({ jsonSchema }) => tidy(jsonSchema),
  });
  return {
    ...schema,
    $id: 'manifest.schema.json',
    title: 'AIchor manifest',
    description: 'Describes an experiment: how its image is built, and what runs with which resources.',
  };
}

/** Limits that only say "fits a number" would show up as help. */
function tidy(schema: { maximum?: number | undefined; minimum?: number | undefined }): void {
  if (schema.maximum === Number.MAX_SAFE_INTEGER) delete schema.maximum;
  if (schema.minimum === Number.MIN_SAFE_INTEGER) delete schema.minimum;
}
