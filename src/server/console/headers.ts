import { createHash } from 'node:crypto';
import type { Asset, Assets } from './assets.ts';

/**
 * Nothing but our own files, and what the page itself was built with; no other site around it; what a script can make of text is closed
 * too, but for the address of the console's own worker.
 *
 * @param own of the page: its scripts and styles, by their sums
 */
function policyOf(own: { scripts: readonly string[]; styles: readonly string[] }): string {
  return [
    "default-src 'none'",
    ["script-src 'self'", ...own.scripts].join(' '),
    ["style-src 'self'", ...own.styles].join(' '),
    "connect-src 'self'",
    "worker-src 'self'",
    "img-src 'self' data:",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    'trusted-types aichor',
  ].join('; ');
}

/** What is said with every answer to a browser. */
export const SAFE_HEADERS = {
  'content-security-policy': policyOf({ scripts: [], styles: [] }),
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=(), payment=(), usb=()',
};

/** Those of each file: a page's policy names what stands in it by its sum, which lets in nothing that came to it later. */
export function headersOf(assets: Assets): (asset: Asset) => Readonly<Record<string, string>> {
  const pages = new Map(
    [...assets.values()]
      .filter(({ type }) => type.startsWith('text/html'))
      .map((asset) => [asset, headersOfPage(String(asset.bodies.get('') ?? ''))]),
  );
  return (asset) => pages.get(asset) ?? SAFE_HEADERS;
}

function headersOfPage(html: string): Readonly<Record<string, string>> {
  const sumsOf = (element: RegExp) => [...html.matchAll(element)].map(([, text = '']) => sumOf(text));
  const own = {
    scripts: sumsOf(/<script>([^<]*)<\/script>/g),
    styles: sumsOf(/<style[^>]*>([^<]*)<\/style>/g),
  };
  return { ...SAFE_HEADERS, 'content-security-policy': policyOf(own) };
}

function sumOf(text: string): string {
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
}
