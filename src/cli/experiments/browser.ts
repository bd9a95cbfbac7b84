import { spawn } from 'node:child_process';

/** Opens a link with what the system has for it. False when there is nothing, or no screen. */
export function openInBrowser(
  url: string,
  { platform, env }: { platform: NodeJS.Platform; env: Record<string, string | undefined> },
): Promise<boolean> {
  const isMac = platform === 'darwin';
  if (!isMac && !env['DISPLAY'] && !env['WAYLAND_DISPLAY'] && !env['BROWSER']) return Promise.resolve(false);
  return new Promise((resolve) => {
    const child = spawn(isMac ? 'open' : 'xdg-open', [url], { detached: true, stdio: 'ignore' });
    child.once('error', () => resolve(false));
    child.once('spawn', () => resolve(true));
    child.unref();
  });
}
