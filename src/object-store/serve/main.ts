import { readFile } from 'node:fs/promises';
import { serveObjects, type ObjectStoreSettings } from './serve.ts';

/**
 * A process of its own: a large copy slows nobody, and it goes on while the control plane starts again. Its one argument
 * is the file of its settings, which nobody else can read.
 */
async function main(): Promise<void> {
  const settings = JSON.parse(await readFile(process.argv[2] ?? '', 'utf8')) as ObjectStoreSettings;
  await serveObjects(settings);
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
