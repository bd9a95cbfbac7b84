/** A line that asks for an editable installation. */
const EDITABLE = /^(\s*)(?:-e|--editable)(?:\s*=\s*|\s+)/gm;

/** The same requirements without it: the folder in which they are installed does not last. */
export function withoutEditable(text: string): string {
  return text.replace(EDITABLE, '$1');
}

/** Folders that are asked for so, as they are written. */
export function editableFolders(text: string): string[] {
  const lines = text.matchAll(/^\s*(?:-e|--editable)(?:\s*=\s*|\s+)["']?([^\s"'#[]+)/gm);
  return [...lines].flatMap(([, value]) => (value === undefined || /^[a-z+]+:/.test(value) ? [] : [value]));
}
