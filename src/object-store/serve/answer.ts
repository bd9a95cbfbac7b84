import type { ServerResponse } from 'node:http';
import { document, errorDocument, type Xml } from '../wire/xml.ts';
import type { S3Error } from '../wire/s3-error.ts';

export function answerXml(response: ServerResponse, name: string, content: readonly Xml[]): void {
  const body = document(name, content);
  response.writeHead(200, { 'content-type': 'application/xml', 'content-length': Buffer.byteLength(body) });
  response.end(body);
}

export function answerEmpty(
  response: ServerResponse,
  status: number,
  headers: Record<string, string> = {},
): void {
  response.writeHead(
    status,
    status === 204 || status === 304 ? headers : { ...headers, 'content-length': '0' },
  );
  response.end();
}

export interface Failed {
  id: string;
  method: string;
  resource: string;
}

/** An error as clients read it; of a `HEAD` they read the status. */
export function answerError(
  response: ServerResponse,
  error: S3Error,
  { id, method, resource }: Failed,
): void {
  const body = errorDocument([
    ['Code', error.code],
    ['Message', error.message],
    ['Resource', resource],
    ['RequestId', id],
  ]);
  const length = Buffer.byteLength(body);
  response.writeHead(error.status, { 'content-type': 'application/xml', 'content-length': length });
  response.end(method === 'HEAD' ? undefined : body);
}
