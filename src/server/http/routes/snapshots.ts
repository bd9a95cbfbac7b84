import { setImmediate } from 'node:timers/promises';
import { z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { HTTPException } from 'hono/http-exception';
import { listing, snapshotAnnounced, snapshotDigest, snapshotLines } from '../../../api/contract.ts';
import { createTurns } from '../../../base/async/turns.ts';
import type { Listing } from '../../../snapshot/listing/listing.ts';
import { FRAME_TYPE } from '../../../snapshot/listing/frame.ts';
import { LINES, mediaOf } from '../json-body.ts';
import { unfit } from '../unfit.ts';
import { answers, describeRoute, failure, json, type Api, type RequestEnv } from './api.ts';
import { contentOf } from '../content.ts';
import { usesOf } from './uses.ts';

const params = z.object({ digest: snapshotDigest });
const announced = answers(snapshotAnnounced, 'What it still lacks');

const getRoute = describeRoute({
  method: 'get',
  path: '/snapshots/{digest}',
  summary: 'Whether a snapshot is here, completely',
  request: { params },
  responses: { 200: announced, default: failure },
});

const announceRoute = describeRoute({
  method: 'post',
  path: '/snapshots',
  summary: 'Announce a snapshot by its listing',
  description:
    'As one JSON document up to 8 MB, or as lines of JSON: first {"base":null}, or {"base":"sha256:…"} of a complete snapshot that it differs from; then an entry each, in the order of paths: [path,"f" or "x",sha256,bytes], [path,"l",target], [path,"d"], or [path,"-"] for what the base has and this has not.',
  request: {
    body: {
      required: true,
      content: { ...json(listing).content, [LINES]: { schema: z.string() } },
    },
  },
  responses: {
    200: answers(z.union([snapshotAnnounced, snapshotLines]), 'What it still lacks'),
    default: failure,
  },
});

const binary = { schema: z.string().openapi({ format: 'binary' }) };

const filesRoute = describeRoute({
  method: 'put',
  path: '/snapshots/{digest}/files',
  summary: 'Send the contents that a snapshot lacks',
  description:
    'As a tar whose entries are called by paths of the listing, or each content after its SHA-256 (32 bytes) and its length (a double, little-endian).',
  request: {
    params,
    body: {
      required: true,
      content: { 'application/x-tar': binary, [FRAME_TYPE]: binary },
    },
  },
  responses: { 200: announced, default: failure },
});

export function snapshotRoutes(api: Api): void {
  api.openapi(getRoute, async (c) => c.json(await usesOf(c).findSnapshot(c.req.valid('param').digest), 200));
  // Read here, and not by the schema at once: a large listing would keep everybody waiting.
  api.openAPIRegistry.registerPath(announceRoute);
  api.post('/snapshots', async (c) => {
    if (mediaOf(c) === LINES) return c.json(await usesOf(c).announceLines(contentOf(c)), 200);
    const taken = await usesOf(c).announceSnapshot(await readListing(await documentOf(c)));
    await setImmediate();
    return c.json(taken, 200);
  });
  api.openapi(filesRoute, async (c) => {
    const { digest } = c.req.valid('param');
    const kind = mediaOf(c) === FRAME_TYPE ? 'contents' : 'tar';
    return c.json(await usesOf(c).receiveFiles(digest, contentOf(c), kind), 200);
  });
}

async function documentOf(c: Context<RequestEnv>): Promise<unknown> {
  try {
    return await c.req.json();
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    throw new HTTPException(400, { cause });
  }
}

/** Entries that are checked before others may run. */
const ENTRIES_A_TURN = 500;

/** A listing of JSON, checked in turns. Throws AichorError `usage` that names the first entry that does not fit. */
async function readListing(document: unknown): Promise<Listing> {
  const found = z.object({ entries: z.array(z.unknown()) }).safeParse(document);
  if (!found.success) throw unfit(found.error.issues);
  const { entries: given } = found.data;
  const turns = createTurns();
  // Parsing took a while already.
  await turns.take();
  const entries: Listing['entries'] = [];
  for (let at = 0; at < given.length; at += ENTRIES_A_TURN) {
    const checked = listing.safeParse({ entries: given.slice(at, at + ENTRIES_A_TURN) });
    if (!checked.success)
      throw unfit(checked.error.issues.map((issue) => ({ ...issue, path: shifted(issue.path, at) })));
    entries.push(...checked.data.entries);
    if (turns.isDue()) await turns.take();
  }
  return { entries };
}

/** `entries.3` of the slice that begins at 500 is `entries.503` of the whole. */
function shifted([list, at, ...rest]: readonly PropertyKey[], by: number): PropertyKey[] {
  return [list ?? 'entries', ...(typeof at === 'number' ? [at + by] : []), ...rest];
}
