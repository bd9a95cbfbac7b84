/** Shortest text that is hidden: shorter ones are words and versions, and hiding them hides the log. */
const SHORTEST = { secret: 4, buildArg: 6 };

/** Texts that a build knows and its log must not show, longest first. */
export function privateTexts({
  secrets,
  buildArgs,
}: {
  secrets: Readonly<Record<string, string>>;
  buildArgs: Readonly<Record<string, string>>;
}): string[] {
  const texts = [
    ...Object.values(secrets).filter((value) => value.length >= SHORTEST.secret),
    ...Object.values(buildArgs).filter((value) => value.length >= SHORTEST.buildArg),
  ];
  return [...new Set(texts)].sort((a, b) => b.length - a.length);
}

/** Replaces texts in a stream of bytes, also where one is cut in two. */
export interface Mask {
  /** What may be shown now; the beginning of a hidden text is held back. */
  take(chunk: Buffer): Buffer;
  /** What was held back: nothing more comes. */
  rest(): Buffer;
}

export function createMask(hidden: readonly string[]): Mask {
  // The longest first: of one that begins another the rest would stay.
  // One character a byte: whatever the bytes mean, none is lost.
  const texts = hidden
    .toSorted((a, b) => b.length - a.length)
    .map((text) => Buffer.from(text, 'utf8').toString('latin1'));
  let held = '';
  const show = (text: string) => Buffer.from(text, 'latin1');
  return {
    take(chunk) {
      const text = replaceAll(held + chunk.toString('latin1'), texts);
      const keep = startOfHidden(text, texts);
      held = text.slice(text.length - keep);
      return show(text.slice(0, text.length - keep));
    },
    rest() {
      const text = held;
      held = '';
      return show(text);
    },
  };
}

function replaceAll(text: string, hidden: readonly string[]): string {
  return hidden.reduce((shown, each) => shown.replaceAll(each, '***'), text);
}

/** How many characters at the end begin a hidden text. */
function startOfHidden(text: string, hidden: readonly string[]): number {
  let longest = 0;
  for (const each of hidden) {
    for (let length = Math.min(each.length - 1, text.length); length > longest; length--) {
      if (text.endsWith(each.slice(0, length))) longest = length;
    }
  }
  return longest;
}
