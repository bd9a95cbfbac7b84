import type { FieldExplanation, FieldDocument } from '../../../manifest/reference/explain.ts';
import { OPERATOR_NAMES } from '../../../operators/table.ts';
import type { Screen } from '../../runtime/screen.ts';
import { hanging } from '../text.ts';

/** A field and what is in it, as `kubectl explain` has it. */
export function explanationView(document: FieldExplanation, screen: Screen): string {
  const { colors, width } = screen;
  const { path, fields, description, engines, original, example, operators } = document;
  const heading = `${colors.bold(path === '' ? 'manifest' : path)} ${traits(document, screen)}`;
  const facts = [
    ['default', document.default === null ? null : String(document.default)],
    ['example', example === null ? null : `${keyOf(path)}: ${example}`],
    ['operators', operators.length === OPERATOR_NAMES.length ? null : operators.join(', ')],
    ['on this machine', engines.local === engines.kubernetes ? null : engines.local],
    ['original', original],
  ].flatMap(([label, text]) =>
    typeof text === 'string' ? [`  ${colors.dim(String(label).padEnd(17))}${hanging(text, 19, width)}`] : [],
  );
  const inside = fields.flatMap((field) => [
    `  ${colors.bold(shown(field, document))} ${traits(field, screen)}`,
    `    ${hanging(field.description, 4, width)}`,
  ]);
  return [
    heading,
    `  ${hanging(description, 2, width)}`,
    ...(facts.length > 0 ? ['', ...facts] : []),
    ...(inside.length > 0 ? ['', colors.dim('FIELDS'), ...inside] : []),
  ].join('\n');
}

function shown({ path }: FieldDocument, { path: parent }: FieldExplanation): string {
  return parent === '' ? path : path.slice(parent.length + 1);
}

function traits({ type, required, default: usual, deprecated }: FieldDocument, { colors }: Screen): string {
  const words = [
    `<${type}>`,
    ...(required ? ['required'] : []),
    ...(usual === null ? [] : [`default ${usual}`]),
    ...(deprecated ? ['deprecated'] : []),
  ];
  return colors.dim(words.join(' '));
}

function keyOf(path: string): string {
  return path.slice(path.lastIndexOf('.') + 1).replace(/\[\]$/, '');
}
