import type { DiagnosticCode } from '../codes.ts';

/** More than any manifest needs; keeps every later stage quick whatever the text is. */
export const MAX_MANIFEST_BYTES = 65_536;

export type Decoded = { text: string } | { code: DiagnosticCode; message: string; hint: string };

/** Bytes → text: UTF-8, with or without a byte order mark; everything else is refused in words. */
export function decodeManifest(source: Uint8Array | string): Decoded {
  if (typeof source === 'string')
    return source.length > MAX_MANIFEST_BYTES ? tooLarge(source.length) : checkText(withoutMark(source));
  if (source.length > MAX_MANIFEST_BYTES) return tooLarge(source.length);
  if (isUtf16(source)) {
    return {
      code: 'encoding',
      message: 'the manifest is encoded as UTF-16',
      hint: 'save it as UTF-8 (in VS Code: the encoding at the bottom right)',
    };
  }
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(source);
  } catch {
    return {
      code: 'encoding',
      message: 'the manifest is not valid UTF-8',
      hint: 'save it as UTF-8; a Latin-1 file or a binary file was given',
    };
  }
  return checkText(text);
}

function checkText(text: string): Decoded {
  const nul = text.indexOf('\0');
  if (nul < 0) return { text };
  const line = text.slice(0, nul).split('\n').length;
  return {
    code: 'encoding',
    message: `the manifest holds a NUL character (line ${line})`,
    hint: 'a manifest is plain text; remove the character, or save the file as UTF-8',
  };
}

/** A mark, or a NUL in every other one of the first bytes (text that is mostly ASCII). */
function isUtf16(bytes: Uint8Array): boolean {
  const [first, second, third, fourth] = bytes;
  if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff)) return true;
  return (
    (first !== 0 && second === 0 && third !== 0 && fourth === 0) ||
    (first === 0 && second !== 0 && third === 0 && fourth !== 0)
  );
}

function withoutMark(text: string): string {
  return text.startsWith('\uFEFF') ? text.slice(1) : text;
}

function tooLarge(bytes: number): Decoded {
  return {
    code: 'too-large',
    message: `the manifest has ${bytes} bytes; ${MAX_MANIFEST_BYTES} is the limit`,
    hint: 'keep data and long scripts in files of the repository and name them in the command',
  };
}
