import { request } from 'node:http';
import {
  encode,
  sha256,
  signatureOf,
  signingKey,
  type Signable,
} from '../../src/object-store/wire/signature.ts';

export interface S3Answer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: Buffer;
}

export interface Asked {
  query?: [string, string][];
  headers?: Record<string, string>;
  body?: Buffer | string;
  /** Sends so many bytes of the body, then cuts the connection. */
  cutAfter?: number;
}

export interface S3Client {
  (method: string, path: string, asked?: Asked): Promise<S3Answer>;
}

/** A client that signs what it sends, with nothing that could mend it. */
export function s3Client(port: number, keys: { accessKey: string; secretKey: string }): S3Client {
  return (method, path, { query = [], headers = {}, body = '', cutAfter } = {}) => {
    const time = new Date().toISOString().replace(/[-:]|\.\d+/g, '');
    const scope = { time, region: 'us-east-1', service: 's3' };
    const payload = headers['x-amz-content-sha256'] ?? sha256(body);
    const own = { host: `127.0.0.1:${port}`, 'x-amz-date': time, 'x-amz-content-sha256': payload };
    const encoded = path.split('/').map(encode).join('/');
    const signable: Signable = { method, path: encoded, query, headers: { ...headers, ...own }, payload };
    const signature = signatureOf(signable, scope, signingKey(keys.secretKey, scope));
    const names = Object.keys(signable.headers).sort().join(';');
    const authorization = `AWS4-HMAC-SHA256 Credential=${keys.accessKey}/${time.slice(0, 8)}/us-east-1/s3/aws4_request, SignedHeaders=${names}, Signature=${signature}`;
    const search = query.map(([name, value]) => `${encode(name)}=${encode(value)}`).join('&');
    const bytes = Buffer.from(body);
    return new Promise((resolve, reject) => {
      const sent = request(
        {
          port,
          host: '127.0.0.1',
          method,
          path: search === '' ? encoded : `${encoded}?${search}`,
          headers: { ...signable.headers, authorization, 'content-length': bytes.length },
          agent: false,
        },
        (response) => {
          const pieces: Buffer[] = [];
          response.on('data', (piece: Buffer) => pieces.push(piece));
          response.once('error', reject);
          response.once('end', () =>
            resolve({
              status: response.statusCode ?? 0,
              headers: response.headers,
              body: Buffer.concat(pieces),
            }),
          );
        },
      );
      sent.once('error', reject);
      if (cutAfter === undefined) return void sent.end(bytes);
      sent.write(bytes.subarray(0, cutAfter), () => sent.destroy(new Error('cut')));
    });
  };
}

/** The code of an error document. */
export function codeOf({ body }: S3Answer): string | null {
  return /<Code>(\w+)<\/Code>/.exec(body.toString())?.[1] ?? null;
}
