import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import type { DrawPicture } from '../../api/console/picture-contract.ts';
import { isThereSync } from '../../base/io/files-sync.ts';
import type { Log } from '../ports.ts';
import { CONSOLE_FOLDER } from './assets.ts';

/**
 * The console's own components, built for the server, which draw what a page shows first. Null: this package was built without its
 * console. What cannot be drawn is told to the log and left out: the page draws itself.
 */
export function readDrawing(log: Pick<Log, 'warn'>): DrawPicture | null {
  const file = fileURLToPath(new URL('picture.cjs', CONSOLE_FOLDER));
  if (!isThereSync(file)) return null;
  const { drawPicture } = createRequire(import.meta.url)(file) as { drawPicture: DrawPicture };
  return (picture) => {
    try {
      return drawPicture(picture);
    } catch (error) {
      log.warn({ err: error, address: picture.address }, 'a page of the console could not be drawn');
      return '';
    }
  };
}
