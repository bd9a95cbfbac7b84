/** Paths in an image are absolute and clean: no `.`, `..`, double or final slash. A relative one counts from `folder`. */
export function imagePath(folder: string, path: string): string {
  const parts: string[] = [];
  for (const part of `${path.startsWith('/') ? '' : folder}/${path}`.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return `/${parts.join('/')}`;
}

export function joinImagePath(folder: string, name: string): string {
  return name === '' ? folder : `${folder === '/' ? '' : folder}/${name}`;
}

export function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
