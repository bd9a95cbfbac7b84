import type { TreeNode } from './image-tree.ts';

/** Letters of who, what is done, and permissions: `u+x`, `go=rX`, `a-w`. */
const CLAUSE = /^([ugoa]*)((?:[-+=](?:[rwxXst]*|[ugo]))+)$/;
const SHIFTS: Readonly<Record<string, number>> = { u: 6, g: 3, o: 0 };
const UMASK = 0o022;

/**
 * Permission bits as `chmod` and `COPY --chmod` read them: octal or symbolic, several clauses with commas.
 *
 * @returns what it makes of a file or folder; null: it cannot be understood
 */
export function readMode(text: string): ((node: TreeNode) => number) | null {
  if (/^[0-7]{1,5}$/.test(text)) {
    const mode = Number.parseInt(text, 8) & 0o7777;
    return () => mode;
  }
  const clauses = text.split(',').map((clause) => CLAUSE.exec(clause));
  if (clauses.some((clause) => clause === null)) return null;
  return (node) => {
    const isFolder = node.kind === 'folder';
    let mode = node.kind === 'link' ? 0o777 : node.mode;
    for (const clause of clauses) mode = applyClause(mode, clause ?? [], isFolder);
    return mode;
  };
}

function applyClause(mode: number, [, who = '', actions = '']: readonly string[], isFolder: boolean): number {
  let result = mode;
  for (const action of actions.match(/[-+=][^-+=]*/g) ?? []) {
    const granted = bitsOf(action.slice(1), result, isFolder);
    const whom = who === '' || who.includes('a') ? 'ugo' : who;
    for (const each of whom) {
      const shift = SHIFTS[each] ?? 0;
      // Without letters of whom, the umask's bits stay as they are.
      const bits = (granted << shift) & (who === '' ? ~UMASK : ~0);
      if (action.startsWith('+')) result |= bits;
      else if (action.startsWith('-')) result &= ~bits;
      else result = (result & ~(7 << shift)) | bits;
    }
  }
  return result;
}

function bitsOf(letters: string, mode: number, isFolder: boolean): number {
  let bits = 0;
  for (const letter of letters) {
    if (letter === 'r') bits |= 4;
    else if (letter === 'w') bits |= 2;
    else if (letter === 'x') bits |= 1;
    else if (letter === 'X') bits |= isFolder || (mode & 0o111) !== 0 ? 1 : 0;
    else if (letter in SHIFTS) bits |= (mode >> (SHIFTS[letter] ?? 0)) & 7;
  }
  return bits;
}
