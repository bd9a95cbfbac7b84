import * as z from 'zod';

/** A key that must be there. The description is what editors show. */
export function required<T extends z.ZodType>(schema: T, description: string): T {
  return schema.meta({ description });
}

/** A key that may be left out or left empty (`shmSizeGB:`), which means the same. */
export function optional<T extends z.ZodType>(
  schema: T,
  description: string,
  byDefault?: string | number | boolean,
) {
  return schema.nullish().meta({ description, ...(byDefault !== undefined && { default: byDefault }) });
}

/** A form of earlier versions: accepted with a warning by the rules, struck through in editors. */
export function deprecated<T extends z.ZodType>(schema: T, description: string) {
  return schema.nullish().meta({ description, deprecated: true });
}

/** Text that says something. */
export const filledText = () => z.string().regex(/\S/, { error: 'must not be empty' });

/** A map of texts, as environment variables and labels are. Keys keep the order of the file. */
export const textMap = () => z.record(z.string(), z.string());

export const count = (least: number) => z.int().min(least);
