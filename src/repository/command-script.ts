import { didYouMean } from '../base/text/did-you-mean.ts';
import { innerPath } from '../manifest/inner-path.ts';
import type { RepositoryPaths } from './paths.ts';

/** Programs whose first argument that is a file is the script they run. */
const INTERPRETERS =
  /^(?:python[\d.]*|bash|sh|zsh|source|\.|torchrun|deepspeed|ipython|uv|poetry|accelerate|env|exec|time|nohup)$/;
const SCRIPT = /^[\w.][\w./+-]*\.(?:py|sh)$/;

/**
 * The script of a command that the repository does not have under that name, nor any file of that name elsewhere (a
 * Dockerfile may copy it to where the command looks), with the file that was meant. Null: nothing is known to be missing.
 * What a shell has to work out (variables, patterns), and what the command itself writes, is passed over.
 */
export function missingScript(
  command: string,
  context: string,
  paths: RepositoryPaths,
): { script: string; meant: string | null } | null {
  const script = scriptOf(command);
  if (script === null) return null;
  const place = innerPath(context, script);
  if (place === null || paths.has(place)) return null;
  const scripts = paths.list().filter((path) => path.endsWith(script.slice(script.lastIndexOf('.'))));
  const name = script.slice(script.lastIndexOf('/') + 1);
  if (scripts.some((path) => path === name || path.endsWith(`/${name}`))) return null;
  const below = context === '.' ? '' : `${context}/`;
  const near = scripts.filter((path) => path.startsWith(below)).map((path) => path.slice(below.length));
  return { script, meant: didYouMean(script, near) };
}

/** The first script that an interpreter of the command is given; null where none is, or where it may be made there. */
function scriptOf(command: string): string | null {
  // A command that goes elsewhere first, or writes files, may know better.
  if (/(?:^|[\s;&|])(?:cd|pushd|git|curl|wget|cp|mv|tar|unzip|cat|tee)\s|>/.test(command)) return null;
  for (const part of command.split(/[;&|\n]+/)) {
    const words = part
      .trim()
      .split(/\s+/)
      .filter((word) => !/^[A-Za-z_]\w*=/.test(word));
    const [first, ...rest] = words;
    if (first === undefined || !INTERPRETERS.test(first)) continue;
    // `python -m package` and `bash -c '…'` run no file.
    if (rest.some((word) => /^-\w*[mc]$/.test(word))) continue;
    const script = rest.find((word) => SCRIPT.test(word));
    if (script !== undefined) return script;
  }
  return null;
}
