import { start } from '../../base/io/start.ts';
import { AichorError, systemErrorCode } from '../../errors.ts';

/**
 * Throws AichorError `server_error` unless a link is one of the web. It comes from a server, and whatever opens it would
 * obey `file:` and `javascript:`, or take it for an option.
 */
export function assertWebAddress(url: string): void {
  if (/^https?:\/\//i.test(url) && URL.canParse(url)) return;
  throw new AichorError(
    'server_error',
    `the server gave the link ${JSON.stringify(url)}, which is no web address`,
    {
      hint: 'nothing was opened; check that the address is that of an aichor server (`aichor context show`)',
    },
  );
}

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
