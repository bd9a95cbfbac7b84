import * as z from 'zod';
import {
  OPERATOR_NAMES,
  OPERATORS,
  type OperatorName,
  type OperatorWith,
  type TypesForm,
} from '../../operators/table.ts';
import { oneOf } from '../describe.ts';
import { builder, clone } from './builder.ts';
import { deprecated, filledText, optional, required } from './field.ts';
import { commonSpec } from './spec.ts';
import { jaxTypes, jobSetTypes, kubeRayTypes, masterWorkerTypes, vertexAiTypes } from './types.ts';

/** Strings that `apiVersion` may hold. It never selects a schema: the present rules hold for each. */
export const API_VERSIONS = ['0.2.3', '0.2.2', '0.2.1', '0.2.0'] as const;

const PODS = 'The kinds of pods.';
const OPERATOR = `What sets up the distribution: ${oneOf(OPERATOR_NAMES.toSorted())}.`;

function spec<N extends OperatorName, T extends z.ZodType, Extra extends z.ZodRawShape>(
  name: N,
  types: T,
  extra: Extra,
) {
  return z.strictObject({
    operator: required(z.literal(name), OPERATOR),
    ...commonSpec,
    ...extra,
    types: required(types, PODS),
  });
}

function frame<T extends z.ZodType>(specSchema: T) {
  return z.strictObject({
    kind: required(z.literal('AIchorManifest'), 'Always `AIchorManifest`.'),
    apiVersion: required(z.enum(API_VERSIONS), 'Version of the manifest language; the present one is 0.2.3.'),
    name: optional(z.string(), 'A free label.'),
    builder: required(builder, 'How the image is built.'),
    clone: optional(clone, 'How the repository is fetched.'),
    spec: required(specSchema, 'What is run.'),
    engineName: deprecated(filledText(), 'Belongs under `spec`.'),
  });
}

const rayVersion = () =>
  optional(z.string(), 'Version of ray in the image (a text: quote it).', DEFAULT_RAY_VERSION);
export const DEFAULT_RAY_VERSION = '2.23.0';

/** `spec` by the form of its types, for the operators that are written so. */
const SPECS_BY_FORM = {
  workers: (name: OperatorWith<'workers'>) => spec(name, jaxTypes, {}),
  'master-workers': (name: OperatorWith<'master-workers'>) => spec(name, masterWorkerTypes, {}),
  named: (name: OperatorWith<'named'>) => spec(name, jobSetTypes, {}),
  ray: (name: OperatorWith<'ray'>) => spec(name, kubeRayTypes, { rayVersion: rayVersion() }),
  'worker-pools': (name: OperatorWith<'worker-pools'>) => spec(name, vertexAiTypes, {}),
};

type SpecSchema = ReturnType<(typeof SPECS_BY_FORM)[TypesForm]>;
type Framed<Schema> = Schema extends z.ZodType ? ReturnType<typeof frame<Schema>> : never;

/** `spec` by operator. */
const SPECS = byOperator((name) => {
  // The form is that of the operator's row, which the compiler cannot follow.
  const make: (name: never) => SpecSchema = SPECS_BY_FORM[OPERATORS[name].types];
  return () => make(name as never);
});

/**
 * The whole document for one operator: exactly that operator's mistakes are found, not those of all of them. Built
 * when first asked for: a schema costs more to make than to use. */
export const DOCUMENTS = byOperator((name) => once(() => frame(SPECS[name]()) as Framed<SpecSchema>));

function byOperator<T>(make: (name: OperatorName) => T): Record<OperatorName, T> {
  return Object.fromEntries(OPERATOR_NAMES.map((name) => [name, make(name)])) as Record<OperatorName, T>;
}

/** For a document whose operator is not known: everything but `types`. */
export const documentOfAnyOperator = once(() =>
  frame(
    z.strictObject({ operator: z.unknown(), ...commonSpec, rayVersion: rayVersion(), types: z.unknown() }),
  ),
);

/** Every operator at once, for editors. */
export const documentOfAllOperators = () =>
  frame(
    z.discriminatedUnion(
      'operator',
      OPERATOR_NAMES.map((name) => SPECS[name]()) as [SpecSchema, ...SpecSchema[]],
    ),
  );

function once<T>(make: () => T): () => T {
  let made: { value: T } | null = null;
  return () => (made ??= { value: make() }).value;
}

export type WrittenDocument = z.infer<ReturnType<(typeof DOCUMENTS)[OperatorName]>>;
export type WrittenSpec = WrittenDocument['spec'];
