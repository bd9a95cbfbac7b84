/**
 * An archive's path as this system understands it: the library takes what begins with `\\` or `c:` for the root of a disk, and
 * refuses or shortens it, though here it is a name like any other. What is absolute here stays so.
 */
export function asHere(path: string): string {
  return path.startsWith('/') ? path : `./${path}`;
}
