import { Readable } from 'node:stream';
import type { ReadableStream as NodeReadableStream } from 'node:stream/web';
import * as zlib from 'node:zlib';
import { createRoute, z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { listing, snapshotAnnounced, snapshotDigest } from '../../../api/contract.ts';
import { AichorError } from '../../../errors.ts';
import type { UseCases } from '../../use-cases.ts';
import { answers, failure, json, type Api, type RequestEnv } from './api.ts';

const params = z.object({ digest: snapshotDigest });
const announced = answers(snapshotAnnounced, 'What it still lacks');

const getRoute = createRoute({
  method: 'get',
  path: '/snapshots/{digest}',
  summary: 'Whether a snapshot is here, completely',
  request: { params },
  responses: { 200: announced, default: failure },
});

const announceRoute = createRoute({
  method: 'post',
  path: '/snapshots',
  summary: 'Announce a snapshot by its listing',
  request: { body: json(listing) },
  responses: { 200: announced, default: failure },
});

const filesRoute = createRoute({
  method: 'put',
  path: '/snapshots/{digest}/files',
  summary: 'Send the contents that a snapshot lacks, as a tar',
  request: {
    params,
    body: {
      required: true,
      content: { 'application/x-tar': { schema: z.string().openapi({ format: 'binary' }) } },
    },
  },
  responses: { 200: announced, default: failure },
});

export function snapshotRoutes(api: Api, uses: UseCases): void {
  api.openapi(getRoute, async (c) => c.json(await uses.findSnapshot(c.req.valid('param').digest), 200));
  api.openapi(announceRoute, async (c) => c.json(await uses.announceSnapshot(c.req.valid('json')), 200));
  api.openapi(filesRoute, async (c) => {
    const { digest } = c.req.valid('param');
    return c.json(await uses.receiveFiles(digest, decoded(bodyOf(c), c.req.header('content-encoding'))), 200);
  });
}

/** The socket itself where there is one: its bytes need not go through a second kind of stream. */
function bodyOf(c: Context<RequestEnv>): Readable {
  const { incoming } = c.env;
  if (incoming !== undefined) return incoming;
  const { body } = c.req.raw;
  return body === null ? Readable.from([]) : Readable.fromWeb(body as NodeReadableStream);
}

function decoded(body: Readable, encoding: string | undefined): Readable {
  const decoder = decoderOf(encoding);
  if (decoder === null) return body;
  body.once('error', (error) => decoder.destroy(error));
  return body.pipe(decoder);
}

function decoderOf(encoding: string | undefined): zlib.BrotliDecompress | null {
  if (encoding === undefined || encoding === 'identity') return null;
  if (encoding === 'br') return zlib.createBrotliDecompress();
  throw new AichorError('usage', `the content encoding ${JSON.stringify(encoding)} is not understood here`, {
    hint: 'send br, or no encoding',
  });
}
