/**
 * A path of the repository without `.` and `..` parts, seen from one of its folders: `('a/b', '../c')` → `a/c`;
 * `.` for the repository itself. Null for one that leads out of it or is absolute.
 */
export function innerPath(folder: string, path: string): string | null {
  if (path.startsWith('/')) return null;
  const parts: string[] = [];
  for (const part of [...folder.split('/'), ...path.split('/')]) {
    if (part === '' || part === '.') continue;
    if (part !== '..') parts.push(part);
    else if (parts.pop() === undefined) return null;
  }
  return parts.join('/') || '.';
}
