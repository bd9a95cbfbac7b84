import type { IncomingMessage } from 'node:http';
import { apiUrl } from '../../api/console/addresses.ts';
import {
  countParameters,
  listParameters,
  LOG_PAGE,
  logFiltersOf,
  logOutlineUrl,
  logPageUrl,
  pageAt,
} from '../../api/console/first-asked.ts';
import { filtersOf } from '../../api/console/list-filters.ts';
import type { LogOutlineAnswer } from '../../api/console/log-contract.ts';
import type { ExperimentRecord } from '../../experiment/record.ts';
import { carriesSession } from '../http/session-cookie.ts';
import type { Api } from '../http/routes/api.ts';

/** Answers by the addresses that were asked, as JSON: what a page would ask first is sent with it, and it need not wait for a trip more. */
export type FirstAnswers = ReadonlyMap<string, string>;

/** Whoever waits for a page does not wait longer than this for what else comes with it: the page asks for the rest itself. */
const PATIENCE_MS = 2000;

/**
 * Asks, when it is called, what the page at this address asks first, and answers as whoever has the request's session would be answered;
 * null: nobody is known, or the request is not that of a window. What is refused, breaks off, takes long or is large is left out.
 */
export function firstAnswers(
  app: Api,
  incoming: IncomingMessage,
  address: URL,
): (() => Promise<FirstAnswers>) | null {
  const { cookie, host = '', 'sec-fetch-dest': destination } = incoming.headers;
  if (!carriesSession(cookie) || (destination !== undefined && destination !== 'document')) return null;
  const ask = async (url: string): Promise<string | null> => {
    const request = new Request(new URL(url, INSIDE), { headers: { cookie: cookie ?? '', host } });
    try {
      const response = await app.fetch(request, { incoming });
      return response.status === 200 ? await textOf(response) : null;
    } catch {
      // What breaks off is asked for by the page itself, which tells why.
      return null;
    }
  };
  return async () => {
    const answers = new Map<string, string>();
    const asking = askAll(address, ask, answers);
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, PATIENCE_MS)));
    await Promise.race([asking, late]).finally(() => clearTimeout(timer));
    // A copy: what comes later is too late.
    return new Map(answers);
  };
}

/** What weighs more (lines of a log may be long) is asked for by the page, which others need not wait for. */
const MOST_BYTES = 2_000_000;

/** Null: it is too much. */
async function textOf({ body }: Response): Promise<string | null> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of body ?? []) {
    bytes += part.byteLength;
    if (bytes > MOST_BYTES) return null;
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}

/** Names no server: the request stays in this process. */
const INSIDE = 'http://inside.invalid';

type Ask = (url: string) => Promise<string | null>;

async function askAll(address: URL, ask: Ask, answers: Map<string, string>): Promise<void> {
  const json = async (url: string): Promise<string | null> => {
    const text = await ask(url);
    if (text !== null) answers.set(url, text);
    return text;
  };
  // Who is not known is asked to sign in: there is nothing else to be answered.
  if ((await json(apiUrl('/session'))) === null) return;
  const { name, ref } = pageAt(address.pathname);
  const filters = filtersOf(address.searchParams);
  // A time that is counted back from now is another one when the page asks.
  if (name === 'index' && filters.since === undefined && filters.until === undefined) {
    const asked = [
      apiUrl('/experiments', listParameters(filters, 0)),
      apiUrl('/counts', countParameters(filters, 0)),
    ];
    await Promise.all(asked.map(json));
  }
  if (name !== 'experiment' && name !== 'logs' && name !== 'metrics') return;
  const record = await json(apiUrl(`/experiments/${ref}`));
  if (record === null || name !== 'logs') return;
  const { experiment_id: id } = JSON.parse(record) as ExperimentRecord;
  const shown = logFiltersOf(address.searchParams);
  const outline = await json(logOutlineUrl(id, shown));
  if (outline === null) return;
  const { lines: count } = JSON.parse(outline) as LogOutlineAnswer;
  for (const page of lastPages(count)) {
    const url = logPageUrl(id, shown, page);
    const lines = await ask(url);
    if (lines !== null) answers.set(url, JSON.stringify(lines));
  }
}

/** More lines than a window shows. */
const SEEN_LINES = 150;

/** The pages in which the end of a log stands. */
function lastPages(lines: number): number[] {
  const [first, last] = [lines - SEEN_LINES, lines - 1].map((line) =>
    Math.max(0, Math.floor(line / LOG_PAGE)),
  );
  return lines === 0 || last === undefined ? [] : [...new Set([first ?? last, last])];
}

/** As a part of the page: data, which no browser takes for a script or for elements. */
export function firstElement(answers: FirstAnswers): string {
  const members = [...answers].map(([url, answer]) => `${JSON.stringify(url)}:${answer}`);
  const data = `{${members.join(',')}}`.replaceAll('<', '\\u003c');
  return `<script type="application/json" id="first">${data}</script>`;
}
