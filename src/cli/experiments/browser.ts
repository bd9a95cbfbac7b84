import { start } from '../../base/io/start.ts';
import { systemErrorCode } from '../../errors.ts';

/** Opens a link with what the system has for it. False when there is nothing, or no screen. */
export async function openInBrowser(
  url: string,
  { platform, env }: { platform: NodeJS.Platform; env: Record<string, string | undefined> },
): Promise<boolean> {
  const isMac = platform === 'darwin';
  if (!isMac && !env['DISPLAY'] && !env['WAYLAND_DISPLAY'] && !env['BROWSER']) return false;
  try {
    const child = await start(isMac ? 'open' : 'xdg-open', [url], { env, detached: true, stdio: 'ignore' });
    child.unref();
    return true;
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error;
    return false;
  }
}
