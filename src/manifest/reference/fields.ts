import * as z from 'zod';
import { OPERATOR_NAMES, type OperatorName } from '../../operators/table.ts';
import { DOCUMENTS } from '../schema/document.ts';

/** A field of the manifest language, as the schema has it. */
export interface ManifestField {
  /** `spec.types.Workers[].count`; `<name>` stands for a key that the user chooses. */
  path: string;
  /** `text`, `number`, `list of maps`, or the words that it may be: `github | microsoft`. */
  type: string;
  /** Whether its map is not valid without it. */
  required: boolean;
  /** Null: none. */
  default: string | number | boolean | null;
  description: string;
  /** A form of earlier versions, still understood. */
  deprecated: boolean;
  /** Operators that have it. */
  operators: OperatorName[];
  /** Paths of the fields in it. */
  children: string[];
}

let known: ReadonlyMap<string, ManifestField> | null = null;

/** Every field by its path, in the order of the schema: that of each operator, laid over each other. */
export function manifestFields(): ReadonlyMap<string, ManifestField> {
  if (known !== null) return known;
  const fields = new Map<string, ManifestField>();
  for (const operator of OPERATOR_NAMES) addChildren(DOCUMENTS[operator](), '', { operator, fields });
  return (known = fields);
}

/** The free key of a map whose keys the user chooses. */
export const FREE_KEY = '<name>';

interface Adding {
  operator: OperatorName;
  fields: Map<string, ManifestField>;
}

function addChildren(schema: z.ZodType, path: string, adding: Adding): void {
  const inner = plain(schema);
  if (inner instanceof z.ZodObject)
    for (const [key, child] of Object.entries(inner.shape as Record<string, z.ZodType>))
      addField(child, { key, path }, adding);
  else if (inner instanceof z.ZodRecord && plain(inner.valueType as z.ZodType) instanceof z.ZodObject)
    addField(inner.valueType as z.ZodType, { key: FREE_KEY, path }, adding);
}

function addField(
  schema: z.ZodType,
  { key, path: parent }: { key: string; path: string },
  adding: Adding,
): void {
  const { operator, fields } = adding;
  const inner = plain(schema);
  const isList = inner instanceof z.ZodArray && plain(inner.element as z.ZodType) instanceof z.ZodObject;
  const path = `${parent === '' ? '' : `${parent}.`}${key}${isList ? '[]' : ''}`;
  const before = fields.get(path);
  if (before) {
    before.operators.push(operator);
    if (before.type !== typeOf(schema))
      before.type = [...new Set([...before.type.split(' | '), typeOf(schema)])].join(' | ');
  } else {
    const meta = z.globalRegistry.get(schema);
    const { description, default: usual, deprecated } = meta ?? {};
    fields.set(path, {
      path,
      type: typeOf(schema),
      required: !(schema instanceof z.ZodOptional) && key !== FREE_KEY,
      default: (usual as ManifestField['default'] | undefined) ?? null,
      description: description ?? 'One kind of pods, under a name of your own.',
      deprecated: deprecated === true,
      operators: [operator],
      children: [],
    });
    fields.get(parent)?.children.push(path);
  }
  addChildren(isList ? ((inner as z.ZodArray).element as z.ZodType) : schema, path, adding);
}

/** What an optional field holds; of several forms the one that is a map. */
function plain(schema: z.ZodType): z.ZodType {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodNullable)
    return plain(schema.unwrap() as z.ZodType);
  if (schema instanceof z.ZodUnion) {
    const options = (schema.options as z.ZodType[]).map(plain);
    return options.find((option) => option instanceof z.ZodObject) ?? schema;
  }
  return schema;
}

function typeOf(schema: z.ZodType): string {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodNullable)
    return typeOf(schema.unwrap() as z.ZodType);
  if (schema instanceof z.ZodUnion) return (schema.options as z.ZodType[]).map(typeOf).join(' | ');
  if (schema instanceof z.ZodLiteral) return [...schema.values].join(' | ');
  if (schema instanceof z.ZodEnum) return schema.options.map(quotedBoolean).join(' | ');
  if (schema instanceof z.ZodArray) return `list of ${typeOf(schema.element as z.ZodType)}s`;
  if (schema instanceof z.ZodRecord) return mapType(typeOf(schema.valueType as z.ZodType));
  if (schema instanceof z.ZodObject) return 'map';
  if (schema instanceof z.ZodBoolean) return 'boolean';
  if (schema instanceof z.ZodNumber) return schema.isInt ? 'integer' : 'number';
  return 'text';
}

function mapType(values: string): string {
  return values === 'map' ? 'map' : `map of ${values === 'text' ? 'texts' : values}`;
}

/** Texts that YAML would read as booleans have to be quoted. */
function quotedBoolean(word: string | number): string {
  return word === 'true' || word === 'false' ? `"${word}"` : String(word);
}
