import { AichorError } from '../../errors.ts';

interface KeySource {
  stdin: AsyncIterable<Uint8Array | string> & { isTTY?: boolean };
  canAsk: boolean;
  signal: AbortSignal;
}

/** An API key as it was given: the text itself, `-` for stdin, nothing: asked for on a terminal. */
export async function readKey(
  given: string | undefined,
  { stdin, canAsk, signal }: KeySource,
): Promise<string> {
  const asks = given === undefined || (given === '-' && stdin.isTTY === true);
  if (asks && !canAsk) {
    throw new AichorError('usage', 'no key was given', {
      hint: 'give --apikey KEY, or --apikey - and the key on stdin',
    });
  }
  const key = asks ? await askKey(signal) : given === '-' ? await firstLine(stdin) : given;
  if (/^[\x21-\x7E]+$/.test(key)) return key;
  throw new AichorError('usage', key === '' ? 'the key is empty' : 'the key has characters that no key has', {
    hint: 'copy the whole key, on one line',
  });
}

async function askKey(signal: AbortSignal): Promise<string> {
  const { password } = await import('@inquirer/prompts');
  return (await password({ message: 'API key:', mask: '*' }, { signal, output: process.stderr })).trim();
}

async function firstLine(stdin: AsyncIterable<Uint8Array | string>): Promise<string> {
  let text = '';
  for await (const chunk of stdin)
    text += typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString('utf8');
  return text.trim();
}
