import { randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { document, errorDocument, type Xml } from '../wire/xml.ts';
import type { S3Error } from '../wire/s3-error.ts';

/** The head of every answer. */
export function writeHead(
  response: ServerResponse,
  status: number,
  headers: Record<string, string>,
  id: string = randomUUID(),
): void {
  // With all of them at once none has to be kept by its name.
  headers['x-amz-request-id'] = id;
  response.writeHead(status, headers);
}

export function answerXml(response: ServerResponse, name: string, content: readonly Xml[]): void {
  const body = document(name, content);
  const length = String(Buffer.byteLength(body));
  writeHead(response, 200, { 'content-type': 'application/xml', 'content-length': length });
  response.end(body);
}

export function answerEmpty(
  response: ServerResponse,
  status: number,
  headers: Record<string, string> = {},
): void {
  if (status !== 204 && status !== 304) headers['content-length'] = '0';
  writeHead(response, status, headers);
  response.end();
}

export interface Failed {
  method: string;
  resource: string;
}

/** An error as clients read it; of a `HEAD` they read the status. */
export function answerError(response: ServerResponse, error: S3Error, { method, resource }: Failed): void {
  const id = randomUUID();
  const body = errorDocument([
    ['Code', error.code],
    ['Message', error.message],
    ['Resource', resource],
    ['RequestId', id],
  ]);
  const length = String(Buffer.byteLength(body));
  const headers = { 'content-type': 'application/xml', 'content-length': length };
  writeHead(response, error.status, headers, id);
  response.end(method === 'HEAD' ? undefined : body);
}
