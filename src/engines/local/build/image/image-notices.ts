import type { Notice } from '../../../../experiment/record.ts';
import type { LineNote } from '../../../../dockerfile/stage.ts';
import type { FoundImage } from './found-image.ts';
import { BY_HAND } from '../unfollowed.ts';

/** Most entries of one notice: it is read in a terminal. */
const MOST = 8;

/**
 * What of a Dockerfile a run without a container does not have, by line; and what a real build would refuse.
 *
 * @param instead why none of its RUN lines installs anything; null: they do
 */
export function imageNotices(
  { dockerfile: { path }, image }: FoundImage,
  instead: string | null = null,
): Notice[] {
  const notices: Notice[] = [];
  const notDone = [...image.notHonoured, ...image.unfollowed.map(withReason)].sort((x, y) => x.line - y.line);
  if (instead !== null) {
    const lines = wholeLines(image);
    const message = `${path}: not done, because ${instead}: ${listed(lines)}`;
    if (lines.length > 0) notices.push({ code: 'dockerfile_not_honoured', message });
  } else if (notDone.length > 0) {
    const byHand = makesEnvironments({ image }) ? `; ${BY_HAND}` : '';
    const message = `${path}: not done without a container: ${listed(notDone)}${byHand}`;
    notices.push({ code: 'dockerfile_not_honoured', message });
  }
  if (image.refused.length > 0) {
    const message = `${path}: no image build accepts ${listed(image.refused)}`;
    notices.push({ code: 'dockerfile_refused', message });
  }
  return notices;
}

/** Everything that is not done when nothing is installed, each line once. */
function wholeLines({ installing, unfollowed, notHonoured }: FoundImage['image']): LineNote[] {
  const byLine = new Map<number, LineNote>();
  // Of a line of which a part alone would be named, all of it is.
  for (const note of [...notHonoured, ...unfollowed, ...installing])
    if (!note.what.startsWith('FROM ')) byLine.set(note.line, note);
  return [...byLine.values()].sort((x, y) => x.line - y.line);
}

/** Why a RUN was not followed, and what to do. */
function withReason({ line, what }: LineNote): LineNote {
  return {
    line,
    what: `${what} (it needs a shell in a place of its own, which this machine does not allow: write it as plain commands, or name an environment with --python-env)`,
  };
}

/** It has an environment made by a program that is not used here. */
export function makesEnvironments({ image }: Pick<FoundImage, 'image'>): boolean {
  return image.notHonoured.some(({ what }) =>
    /^RUN (?:conda|mamba|micromamba|poetry|pipenv|pdm|pixi)\b/.test(what),
  );
}

function listed(entries: readonly LineNote[]): string {
  const shown = entries.slice(0, MOST).map(({ line, what }) => `line ${line} ${what}`);
  const more = entries.length - shown.length;
  return `${shown.join('; ')}${more > 0 ? `; and ${more} more` : ''}`;
}
