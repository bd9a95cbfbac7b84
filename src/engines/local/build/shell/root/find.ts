import { AichorError } from '../../../../../errors.ts';
import { run } from '../../../../../base/io/run.ts';

/** A file, folder, link or whatever else is in a root, as `find` says it. */
export interface SeenNode {
  /** Path of the image. */
  path: string;
  /** `f`, `d`, `l`, `c`, … */
  kind: string;
  /** Permission bits, with setuid, setgid and the sticky bit. */
  mode: number;
  inode: number;
  /** Of its last change, in seconds. */
  time: number;
  /** When it was read last, in seconds. */
  accessed: number;
  /** How many names it has. */
  links: number;
  owner: number;
  /** Of a link. */
  target: string;
}

/** Of each thing, every one ended by a NUL: names and targets may hold anything else. */
const FORMAT = ['%y', '%m', '%i', '%T@', '%A@', '%n', '%U', '%l', '%P']
  .map((field) => `${field}\\0`)
  .join('');
const FIELDS = 9;

/**
 * What is in a folder of a root, itself included.
 *
 * @param at path of the image at which the folder is
 * @param tests what of it is looked for
 * @param mostBytes how long the list may be
 * @throws AichorError `experiment_failed` when it is longer
 */
export async function find(
  folder: string,
  { at, tests, mostBytes }: { at: string; tests: readonly string[]; mostBytes: number },
): Promise<SeenNode[]> {
  const { ok, stdout, why, trouble, cause } = await run(
    'find',
    [folder, '-xdev', ...tests, '-printf', FORMAT],
    { env: process.env, mostBytes },
  );
  if (trouble === 'too_much')
    throw new AichorError(
      'experiment_failed',
      'RUN lines of the Dockerfile change more files than can be listed',
      { hint: 'keep data out of the image: fetch it where it is used, or attach a volume' },
    );
  if (!ok) throw new Error(why, { cause });
  const found: SeenNode[] = [];
  const fields = stdout.split('\0');
  for (let first = 0; first + FIELDS <= fields.length; first += FIELDS) {
    const [
      kind = '',
      mode = '',
      inode = '',
      time = '',
      accessed = '',
      links = '',
      owner = '',
      target = '',
      inner = '',
    ] = fields.slice(first, first + FIELDS);
    found.push({
      path: inner === '' ? at || '/' : `${at}/${inner}`,
      kind,
      mode: Number.parseInt(mode, 8),
      inode: Number(inode),
      time: Number(time),
      accessed: Number(accessed),
      links: Number(links),
      owner: Number(owner),
      target,
    });
  }
  return found;
}
