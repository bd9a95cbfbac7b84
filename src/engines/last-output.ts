import { open } from 'node:fs/promises';
import { briefly } from '../base/io/brief.ts';

/** Bytes of each file that are looked at. */
const ENOUGH = 16_384;

/** A secret shorter than this is too common a text to be recognised. */
const SHORTEST_SECRET = 4;

/** The ends of files of output, one after the other, with the values of secrets masked. */
export async function lastOutput(
  files: readonly string[],
  secrets: Readonly<Record<string, string>>,
): Promise<string> {
  let text = (await Promise.all(files.map((file) => briefly(() => endOf(file))))).join('\n');
  for (const value of Object.values(secrets))
    if (value.length >= SHORTEST_SECRET) text = text.replaceAll(value, '***');
  return text;
}

async function endOf(path: string): Promise<string> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    const start = Math.max(0, size - ENOUGH);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(size - start), 0, size - start, start);
    return buffer.toString('utf8', 0, bytesRead);
  } finally {
    await file.close();
  }
}
