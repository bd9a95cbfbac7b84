import { didYouMean } from '../base/text/did-you-mean.ts';
import { FOLDER, manifestsOf } from './locate.ts';
import type { RepositoryPaths } from './paths.ts';

/** Whether a commit's message asks for an experiment, as `aichor commits explain` prints it. */
export interface CommitTrigger {
  triggers: boolean;
  /** Path of the manifest from the root of the repository; null: it triggers nothing. */
  manifest: string | null;
  /** What was read, or what is wrong. */
  why: string;
  /** The form that was probably meant, or what else helps; null: nothing needs to be done. */
  hint: string | null;
}

const LEGACY_MANIFEST = 'manifest.yaml';
const FORM = `aichor[manifest.yaml]: what this commit is about`;

/** The two forms of the platform; only the beginning of the message counts. */
const ROUND = /^aichor\((?<selector>[^)]+\.ya?ml)\):/;
const SQUARE = /^aichor\[(?<selector>[^\]]+)\]:/;
/** `exp` and then no letter or digit, in any script: `expérience 3` is a word. */
const LEGACY = /^exp[^\p{L}\p{N}]/iu;
/** What somebody who wanted one of the forms may have written. */
const NEARLY = /^[\s\ufeff]*aichor\s*(?:[[({<]\s*(?<selector>[^\])}>\n]*?)\s*[\])}>])?\s*:?/i;

/**
 * Reads the message of a push's newest commit. Pure: whether the manifest is there is not looked at.
 *
 * - `aichor[path]:` or `aichor(path):` at its very beginning: that manifest, from `aichor_manifests/` on
 * - `exp` in any case, then anything but a letter or digit: `manifest.yaml` of the root (the form of earlier years)
 */
export function readCommitMessage(message: string): CommitTrigger {
  const selector = (ROUND.exec(message) ?? SQUARE.exec(message))?.groups?.['selector'];
  if (selector !== undefined) return ofSelector(selector);
  if (LEGACY.test(message))
    return triggered(
      LEGACY_MANIFEST,
      'it begins with exp, the form of earlier years, which means manifest.yaml of the root',
    );
  return untriggered(message);
}

function ofSelector(selector: string): CommitTrigger {
  const mistake = mistakeOf(selector);
  if (mistake === null)
    return triggered(`${FOLDER}/${selector}`, `it begins with aichor and a manifest below ${FOLDER}/`);
  const corrected = correctedSelector(selector);
  return refused(
    `the path ${JSON.stringify(selector)} ${mistake}`,
    corrected === null
      ? `name a file below ${FOLDER}/ that ends in .yaml or .yml, for example ${FORM}`
      : `write aichor[${corrected}]: …, which is ${FOLDER}/${corrected}`,
  );
}

const LONGEST_PATH = 1000;

/** Why a selector is none, as the end of a sentence. */
function mistakeOf(selector: string): string | null {
  const parts = selector.split('/');
  if (selector.length > LONGEST_PATH) return `is longer than ${LONGEST_PATH} characters`;
  if (/\p{Cc}/u.test(selector)) return 'has a control character or a new line in it';
  if (selector !== selector.trim()) return 'has blanks around it';
  if (selector.includes('\\')) return 'has a backslash: folders are separated by /';
  if (selector.startsWith('/')) return `begins with /: it counts from ${FOLDER}/ on`;
  if (parts.includes('..')) return `leads out of its folder: only what is below ${FOLDER}/ is a manifest`;
  if (parts.includes('.') || parts.includes('')) return 'is not in its shortest form: no ./ and no //';
  if (parts[0] === FOLDER) return `names ${FOLDER}/ again: it counts from there on`;
  if (!/[^/]\.ya?ml$/.test(selector)) return 'does not end in .yaml or .yml';
  return null;
}

/** What was meant, where it can be told; null: it cannot. */
function correctedSelector(selector: string): string | null {
  const parts = selector.trim().replaceAll('\\', '/').split('/');
  const inner = parts.filter((part) => part !== '' && part !== '.');
  while (inner[0] === FOLDER) inner.shift();
  const path = inner.join('/').replace(/\.(ya?ml)$/i, (ending) => ending.toLowerCase());
  return mistakeOf(path) === null ? path : null;
}

function untriggered(message: string): CommitTrigger {
  const first = message.split('\n', 1)[0] ?? '';
  if (message.trim() === '') return refused('the message is empty', `write ${FORM}`);
  if (/^exp$/i.test(first.trim())) return refused('after exp a blank or a sign is missing', `write ${FORM}`);
  if (/^(?:revert\b|(?:fixup|squash|amend)!)/i.test(first))
    return refused('it speaks of another commit, and does not begin with aichor itself', null);
  const nearly = NEARLY.exec(message);
  if (nearly === null || /^[\s\ufeff]*aichor[\p{L}\p{N}_-]/iu.test(message))
    return refused('it begins neither with aichor[path]: nor with exp', null);
  const given = nearly.groups?.['selector'];
  const selector = given === undefined ? null : correctedSelector(given);
  return refused(
    nearMistake(message, given),
    selector === null ? `write ${FORM}` : `write aichor[${selector}]: …`,
  );
}

/** What keeps a message that begins nearly right from being read. */
function nearMistake(message: string, selector: string | undefined): string {
  if (/^[\s\ufeff]/.test(message))
    return 'something invisible or a blank stands before aichor, which must come first';
  if (!message.startsWith('aichor')) return 'aichor is written in small letters';
  if (/^aichor\s+[[({<]/.test(message)) return 'no blank may stand between aichor and the bracket';
  if (selector === undefined) return 'after aichor the path of the manifest is missing, in brackets';
  if (/^aichor[{<]/.test(message)) return 'the path stands in square or round brackets';
  if (selector === '') return 'no path of a manifest stands in the brackets';
  if (/^aichor\(/.test(message) && !/\.ya?ml$/.test(selector))
    return `the path ${JSON.stringify(selector)} does not end in .yaml or .yml`;
  if (/^aichor(?:\[[^\]]*\]|\([^)]*\))\s+:/.test(message)) return 'no blank may stand before the colon';
  return 'a colon must follow the bracket';
}

function triggered(manifest: string, why: string): CommitTrigger {
  return { triggers: true, manifest, why, hint: null };
}

function refused(why: string, hint: string | null): CommitTrigger {
  return { triggers: false, manifest: null, why, hint };
}

/** The same for somebody who asks what a message would do: one that was never meant to start anything is told how one does. */
export function withForm(trigger: CommitTrigger): CommitTrigger {
  const { triggers, hint } = trigger;
  return triggers || hint !== null ? trigger : { ...trigger, hint: `to start an experiment, write ${FORM}` };
}

/** The same with a look at the repository: a manifest that is not there makes an experiment that fails at once. */
export function withRepository(trigger: CommitTrigger, paths: RepositoryPaths): CommitTrigger {
  const { manifest, why } = trigger;
  if (manifest === null || paths.has(manifest)) return trigger;
  const manifests = manifestsOf(paths).filter((path) => formFor(path) !== null);
  const meant = didYouMean(manifest, manifests) ?? manifests[0];
  return {
    ...trigger,
    why: `${why}; but there is no ${manifest} in the repository, so the experiment would fail`,
    hint: meant === undefined ? `make it: aichor local-repo init` : `did you mean ${formFor(meant)}?`,
  };
}

/** How a message names a manifest; null: none can. */
function formFor(path: string): string | null {
  if (path.startsWith(`${FOLDER}/`)) return `aichor[${path.slice(FOLDER.length + 1)}]: …`;
  return path === LEGACY_MANIFEST ? `exp: … (${path} of the root)` : null;
}
