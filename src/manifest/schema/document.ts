import * as z from 'zod';
import type { OperatorName } from '../../operators/name.ts';
import { builder, clone } from './builder.ts';
import { deprecated, filledText, optional, required } from './field.ts';
import { commonSpec } from './spec.ts';
import { jaxTypes, jobSetTypes, kubeRayTypes, masterWorkerTypes, vertexAiTypes } from './types.ts';

/** Strings that `apiVersion` may hold. It never selects a schema: the present rules hold for each. */
export const API_VERSIONS = ['0.2.3', '0.2.2', '0.2.1', '0.2.0'] as const;

const PODS = 'The kinds of pods.';
const OPERATOR = 'What sets up the distribution: jax, jobset, kuberay, pytorch, xgboost or vertexai.';

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

/** `spec` by operator. */
export const SPECS = {
  jax: () => spec('jax', jaxTypes, {}),
  pytorch: () => spec('pytorch', masterWorkerTypes, {}),
  xgboost: () => spec('xgboost', masterWorkerTypes, {}),
  jobset: () => spec('jobset', jobSetTypes, {}),
  kuberay: () => spec('kuberay', kubeRayTypes, { rayVersion: rayVersion() }),
  vertexai: () => spec('vertexai', vertexAiTypes, {}),
} as const satisfies Record<OperatorName, () => z.ZodType>;

/**
 * The whole document for one operator: exactly that operator's mistakes are found, not those of all of them. Built
 * when first asked for: a schema costs more to make than to use. */
export const DOCUMENTS = {
  jax: once(() => frame(SPECS.jax())),
  pytorch: once(() => frame(SPECS.pytorch())),
  xgboost: once(() => frame(SPECS.xgboost())),
  jobset: once(() => frame(SPECS.jobset())),
  kuberay: once(() => frame(SPECS.kuberay())),
  vertexai: once(() => frame(SPECS.vertexai())),
} as const satisfies Record<OperatorName, () => z.ZodType>;

/** For a document whose operator is not known: everything but `types`. */
export const documentOfAnyOperator = once(() =>
  frame(
    z.strictObject({ operator: z.unknown(), ...commonSpec, rayVersion: rayVersion(), types: z.unknown() }),
  ),
);

/** Every operator at once, for editors. */
export const documentOfAllOperators = () =>
  frame(
    z.discriminatedUnion('operator', [
      SPECS.jobset(),
      SPECS.jax(),
      SPECS.pytorch(),
      SPECS.xgboost(),
      SPECS.kuberay(),
      SPECS.vertexai(),
    ]),
  );

function once<T>(make: () => T): () => T {
  let made: { value: T } | null = null;
  return () => (made ??= { value: make() }).value;
}

export type WrittenDocument = z.infer<ReturnType<(typeof DOCUMENTS)[OperatorName]>>;
export type WrittenSpec = WrittenDocument['spec'];
