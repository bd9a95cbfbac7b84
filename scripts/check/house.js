import { DOORS, FLOORS, HOMES, IMPURE, LONGEST_COMMAND, LONGEST_FILE } from './floors.js';
import { packageOf } from './imports.js';

/** What is wrong with a file, as `path:line: sentence`. */

/** @param {import('./imports.js').SourceFile[]} files @returns {string[]} */
export function houseFindings(files) {
  return files.flatMap(fileFindings);
}

function fileFindings(file) {
  const place = placeOf(file.path);
  if (!place) return [`${file.path}: its folder stands on no floor (scripts/check/floors.js)`];
  return [
    ...file.imports.flatMap((entry) => [
      ...floorFinding(file, place, entry),
      ...homeFinding(file, entry),
      ...nodeFinding(file, place, entry),
    ]),
    ...(place.pure ? impurities(file) : []),
    ...length(file),
  ];
}

/** @returns {{folder: string, floor: number, pure?: boolean} | null} */
export function placeOf(path) {
  const places = FLOORS.flatMap((row) => row.folders.map((folder) => ({ ...row, folder })));
  const around = places.filter(({ folder }) => within(path, folder));
  // The innermost: `logs/store` stands higher than `logs`.
  return around.sort((a, b) => b.folder.length - a.folder.length)[0] ?? null;
}

function floorFinding(file, place, { target, line }) {
  if (target === null || placeOf(target)?.folder === place.folder) return [];
  const at = `${file.path}:${line}`;
  const door = DOORS.find(
    ({ to, from, above }) => within(target, to) && !within(file.path, from) && !within(file.path, above),
  );
  if (door) return [`${at}: only ${door.from} may import ${door.to}/`];
  const other = placeOf(target);
  if (!other) return [`${at}: ${target} stands on no floor`];
  if (place.also?.[place.folder]?.some((allowed) => within(target, allowed))) return [];
  if (place.only && !place.only.includes(other.floor))
    return [`${at}: ${place.folder}/ imports only the ground, not ${target}`];
  if (place.never?.[place.folder]?.some((name) => within(target, name)))
    return [`${at}: ${place.folder}/ never imports ${target}`];
  if (other.floor >= place.floor)
    return [`${at}: ${place.folder} (floor ${place.floor}) imports ${target} (floor ${other.floor})`];
  return [];
}

function homeFinding(file, { specifier, line }) {
  const name = packageOf(specifier);
  const homes = name === null ? undefined : HOMES[name];
  if (name === null || name.startsWith('aichor:')) return [];
  if (!homes) return [`${file.path}:${line}: ${name} has no home (scripts/check/floors.js)`];
  if (homes.some((home) => within(file.path, home))) return [];
  return [`${file.path}:${line}: ${name} belongs in ${homes.join(', ')}`];
}

function nodeFinding(file, place, { specifier, line }) {
  if (!place.pure || !specifier.startsWith('node:')) return [];
  return [`${file.path}:${line}: ${place.folder} is pure, so it does not import ${specifier}`];
}

function impurities(file) {
  return file.text
    .split('\n')
    .flatMap((text, index) =>
      IMPURE.filter(({ pattern }) => pattern.test(text)).map(
        ({ name }) => `${file.path}:${index + 1}: a pure file touches ${name}`,
      ),
    );
}

function length(file) {
  const most = within(file.path, 'commands') ? LONGEST_COMMAND : LONGEST_FILE;
  return file.lines > most ? [`${file.path}: ${file.lines} lines; at most ${most}`] : [];
}

function within(path, folder) {
  return path === folder || path.startsWith(`${folder}/`);
}
