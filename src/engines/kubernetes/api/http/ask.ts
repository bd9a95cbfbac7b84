import type { IncomingMessage } from 'node:http';
import { again } from '../../../../base/async/again.ts';
import { atMost } from '../../../../base/async/at-most.ts';
import { isClusterError } from '../cluster-error.ts';
import { noAnswer, refusalOf, timedOut, type Refusal } from '../cluster-failure.ts';
import type { Connection } from '../access/connection.ts';
import type { EngineLog } from '../../engine-log.ts';
import { retryDelay } from './retry.ts';
import { send, type Call } from './send.ts';

/** A question to the API server whose answer is JSON, or a stream. */
export interface Question {
  method: string;
  path: string;
  /** JSON. */
  body?: object;
  contentType?: string;
  /** A stream may stay silent, and takes no place among the questions that are asked at once. */
  stream?: boolean;
  /** Whoever asks repeats it themselves. */
  once?: boolean;
  /** A status that is an answer to whoever asks, and not repeated. */
  answer?: number | undefined;
  signal?: AbortSignal;
}

export interface Asker {
  /** Throws ClusterError. `<T>` is what the API server's schema promises. */
  json<T>(question: Question): Promise<T>;
  /** The answer's body is still to be read. Throws ClusterError for a status of 300 and above. */
  stream(question: Question): Promise<IncomingMessage>;
}

/** So many questions at a time; streams are not counted. */
const AT_ONCE = 24;
/** A change may pass webhooks, each of which has ten seconds. */
const PATIENCE = { readMs: 10_000, writeMs: 30_000 };

/** How long an answer may take to begin, and between its parts. */
export type Patience = typeof PATIENCE;

interface AskerOptions {
  connection: Connection;
  patience?: Patience;
  log: Pick<EngineLog, 'info'>;
  /** From 0 up to 1. */
  chance?: () => number;
}

/** Asks one API server, and again when that may help; the log is told of it without any contents. */
export function createAsker({
  connection,
  log,
  patience = PATIENCE,
  chance = Math.random,
}: AskerOptions): Asker {
  const { server } = connection;
  const inTurn = atMost(AT_ONCE);

  function repeated<T>(question: Question, attempt: () => Promise<T>): Promise<T> {
    const { method, path, signal } = question;
    return again(attempt, {
      signal,
      isTransient: (error) =>
        isClusterError(error) && question.once !== true && error.status !== question.answer,
      delays: (sent, error) => (isClusterError(error) ? retryDelay(sent, error, chance()) : null),
      onFailure(error, wait) {
        const { status, reason } = isClusterError(error) ? error : { status: null, reason: null };
        log.info({ method, path: path.split('?')[0], status, reason, wait }, 'the API server is asked again');
      },
    });
  }
  return {
    json: <T>(question: Question) =>
      repeated(question, () =>
        inTurn(async () => {
          const answer = await answered(connection, question, patience);
          return parsed<T>(await textOf(answer, server, patience), server);
        }),
      ),
    stream: (question) =>
      repeated(question, () => answered(connection, { ...question, stream: true }, patience)),
  };
}

async function answered(
  connection: Connection,
  question: Question,
  patience: Patience,
): Promise<IncomingMessage> {
  const { method, path, body, contentType = 'application/json', signal } = question;
  const call: Call = {
    method,
    path,
    signal,
    answerMs: question.stream === true ? null : method === 'GET' ? patience.readMs : patience.writeMs,
    ...(body !== undefined && { body: JSON.stringify(body), headers: { 'content-type': contentType } }),
  };
  const answer = await send(connection, call);
  const status = answer.statusCode ?? 0;
  if (status >= 200 && status < 300) return answer;
  throw await refused(answer, connection.server, patience);
}

/** What an answer that is no success says. Reads its body. */
export async function refused(
  answer: IncomingMessage,
  server: string,
  patience = PATIENCE,
): Promise<Refusal> {
  const text = await textOf(answer, server, patience);
  return refusalOf(answer.statusCode ?? 0, text, answer.headers['retry-after']);
}

/** Of a body that keeps coming. */
async function textOf(answer: IncomingMessage, server: string, { readMs }: Patience): Promise<string> {
  const parts: Buffer[] = [];
  const cut = () => answer.destroy(timedOut(server, 'did not go on answering', readMs));
  let timer = setTimeout(cut, readMs);
  try {
    for await (const part of answer) {
      clearTimeout(timer);
      timer = setTimeout(cut, readMs);
      parts.push(part);
    }
  } catch (error) {
    throw noAnswer(server, error);
  } finally {
    clearTimeout(timer);
  }
  return Buffer.concat(parts).toString();
}

function parsed<T>(text: string, server: string): T {
  try {
    const value: T = JSON.parse(text);
    return value;
  } catch (error) {
    throw noAnswer(server, new Error('its answer is not JSON', { cause: error }));
  }
}
