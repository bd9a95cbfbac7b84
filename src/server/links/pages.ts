import type { ServerResponse } from 'node:http';
import type { LinkPlace } from './link-path.ts';

const HEADERS = {
  'content-type': 'text/html; charset=utf-8',
  'cache-control': 'no-store',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
};

/**
 * Sets the cookie and opens the same address without its pass. Not a redirection: one that another site led to would
 * come without the cookie.
 */
export function answerEntrance(
  outgoing: ServerResponse,
  { cookie, path }: { cookie: string; path: string },
): void {
  outgoing.writeHead(200, { ...HEADERS, 'set-cookie': cookie });
  outgoing.end(`<!doctype html><meta http-equiv="refresh" content="0; url=${escaped(path)}">`);
}

export function answerRefusal(
  outgoing: ServerResponse,
  { experimentId, name }: LinkPlace,
  why: string,
): void {
  const command = `aichor experiments open ${experimentId} ${name}`;
  answerPage(outgoing, 403, `This link cannot be opened: ${why}. Open it with: ${command}`);
}

/** What the link leads to does not answer. */
export function answerFailure(outgoing: ServerResponse, message: string): void {
  answerPage(outgoing, 502, message);
}

function answerPage(outgoing: ServerResponse, status: number, text: string): void {
  outgoing.writeHead(status, HEADERS);
  outgoing.end(`<!doctype html><title>aichor</title><p>${escaped(text)}</p>\n`);
}

function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}
