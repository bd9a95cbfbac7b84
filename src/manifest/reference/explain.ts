import { didYouMean } from '../../base/text/did-you-mean.ts';
import { AichorError } from '../../errors.ts';
import { OPERATOR_NAMES, type OperatorName } from '../../operators/table.ts';
import { FREE_KEY, manifestFields, type ManifestField } from './fields.ts';
import { NOTES, notesKey } from './notes.ts';

/** A field as `manifest explain` prints it. */
export interface FieldDocument {
  /** Where it stands: `spec.types.Workers[].count`; empty for the manifest itself. */
  path: string;
  type: string;
  required: boolean;
  default: string | number | boolean | null;
  description: string;
  deprecated: boolean;
  example: string | null;
  operators: OperatorName[];
  /** What it is on each kind of engine. */
  engines: { kubernetes: string; local: string };
  /** What the platform's own documentation adds; null: nothing. */
  original: string | null;
}

export interface FieldExplanation extends FieldDocument {
  /** The fields in it; with `recursive`, those below them, too. */
  fields: FieldDocument[];
}

const ROOT: FieldDocument = {
  path: '',
  type: 'map',
  required: true,
  default: null,
  description: 'A manifest: how an image is built, and what runs with which resources.',
  deprecated: false,
  example: null,
  operators: [...OPERATOR_NAMES],
  engines: { kubernetes: 'honoured', local: 'honoured' },
  original: null,
};

/**
 * What a field is, and what is in it. The path may leave out `[]`, name any key where the user chooses them
 * (`spec.types.trial.count`), and begin in the middle where that is enough (`shmSizeGB`). Throws AichorError `not_found`.
 */
export function explain(path: string, { recursive = false } = {}): FieldExplanation {
  const fields = manifestFields();
  const wanted = path.replace(/^\.|\.$/g, '');
  const all = [...fields.values()];
  if (wanted === '') {
    const inside = recursive ? all : all.filter((field) => !field.path.includes('.'));
    return { ...ROOT, fields: inside.map(documentOf) };
  }
  const found = find(wanted, all);
  if (found === null) throw unknown(wanted, all);
  const inside = all.filter(({ path: each }) =>
    recursive ? each.startsWith(`${found.path}.`) : found.children.includes(each),
  );
  return { ...documentOf(found), fields: inside.map(documentOf) };
}

/** A path that continues what is typed. */
export interface Continuation {
  path: string;
  description: string;
  /** Whether fields follow, or keys that the user chooses. */
  holds: 'fields' | 'keys' | 'value';
}

/** Paths that continue what is typed, for completion: the next step only. */
export function continuations(typed: string): Continuation[] {
  const steps = typed.split('.');
  const parent = steps.slice(0, -1).join('.');
  const last = steps.at(-1) ?? '';
  const all = [...manifestFields().values()];
  const home = parent === '' ? null : find(parent, all, true);
  if (parent !== '' && home === null) return [];
  const inside = all.filter(({ path }) =>
    home === null ? !path.includes('.') : home.children.includes(path),
  );
  return inside
    .map((field) => ({ field, key: lastKey(field.path) }))
    .filter(({ field, key }) => !field.deprecated && key !== FREE_KEY && key.startsWith(last))
    .map(({ field: { description, children, type }, key }) => ({
      path: [...(parent === '' ? [] : [parent]), key].join('.'),
      description,
      holds: children.length > 0 ? 'fields' : type.startsWith('map') ? 'keys' : 'value',
    }));
}

function find(wanted: string, all: readonly ManifestField[], whole = false): ManifestField | null {
  const steps = wanted.split('.').map((step) => step.replace(/\[.*\]$/, ''));
  const fits = (field: ManifestField, free: boolean) => {
    const parts = field.path.split('.').map((part) => part.replace(/\[\]$/, ''));
    const end = whole || parts.length === steps.length ? parts : parts.slice(-steps.length);
    return (
      end.length === steps.length &&
      end.every(
        (part, index) =>
          part === steps[index] || (free && part === FREE_KEY && parts.length === steps.length),
      )
    );
  };
  const exact = all.filter((field) => fits(field, false));
  // A whole path before one that only ends so; a present form before an earlier one.
  const best =
    exact.find(({ path }) => path.split('.').length === steps.length) ??
    exact.find((field) => !field.deprecated);
  return best ?? all.find((field) => fits(field, true)) ?? exact[0] ?? null;
}

function unknown(wanted: string, all: readonly ManifestField[]): AichorError {
  const paths = all.filter(({ deprecated }) => !deprecated).map(({ path }) => path);
  const last = wanted.slice(wanted.lastIndexOf('.') + 1);
  const near = didYouMean(last, [...new Set(paths.map(lastKey))]);
  const parent = wanted.slice(0, Math.max(0, wanted.lastIndexOf('.')));
  const meant =
    paths.find((path) => lastKey(path) === near && path.startsWith(parent)) ??
    paths.find((path) => lastKey(path) === near) ??
    didYouMean(wanted, paths);
  return new AichorError('not_found', `a manifest has no field ${wanted}`, {
    hint: meant === null ? 'aichor manifest explain lists them' : `did you mean ${meant}?`,
  });
}

function lastKey(path: string): string {
  return path.slice(path.lastIndexOf('.') + 1).replace(/\[\]$/, '');
}

function documentOf(field: ManifestField): FieldDocument {
  const { path, type, required, default: usual, description, deprecated, operators } = field;
  const notes = NOTES[notesKey(path)];
  return {
    path,
    type,
    required,
    default: usual,
    description,
    deprecated,
    example: notes?.example ?? null,
    operators: operatorsOf(path, operators),
    engines: { kubernetes: 'honoured', local: notes?.embedded ?? 'honoured' },
    original: notes?.original ?? null,
  };
}

/** What pods ask for is the same for every operator that has types with `resources`. */
function operatorsOf(path: string, own: OperatorName[]): OperatorName[] {
  const key = notesKey(path);
  if (key === path) return own;
  const fields = [...manifestFields().values()].filter((field) => notesKey(field.path) === key);
  return OPERATOR_NAMES.filter((name) => fields.some(({ operators }) => operators.includes(name)));
}
