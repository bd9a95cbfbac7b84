import {
  consoleOpened,
  consoleSession,
  countsQuery,
  signIn,
  statusCounts,
} from '../../../../api/console/console-contract.ts';
import { AichorError } from '../../../../errors.ts';
import type { Caller } from '../../../people/caller.ts';
import type { Doorkeeper } from '../../admission.ts';
import { answers, describeRoute, failure, json, type Api, type Serving } from '../api.ts';
import { usesOf } from '../uses.ts';

const openConsoleRoute = describeRoute({
  method: 'post',
  path: '/console',
  summary: 'Where a browser of whoever asks finds the console, and is known',
  responses: { 200: answers(consoleOpened, 'An address that is good once'), default: failure },
});

const signInRoute = describeRoute({
  method: 'post',
  path: '/session',
  summary: 'Begin a session of a browser, with a code or a key',
  request: { body: json(signIn) },
  responses: { 200: answers(consoleSession, 'Who has signed in; the session is a cookie'), default: failure },
});

const sessionRoute = describeRoute({
  method: 'get',
  path: '/session',
  summary: 'Who asks, and what answers',
  responses: { 200: answers(consoleSession, 'Whose session it is'), default: failure },
});

const signOutRoute = describeRoute({
  method: 'delete',
  path: '/session',
  summary: 'End the session of this browser',
  responses: { 200: answers(consoleSession, 'Whose it was'), default: failure },
});

const countsRoute = describeRoute({
  method: 'get',
  path: '/counts',
  summary: 'How many experiments there are in each status, of those that a list would have',
  request: { query: countsQuery },
  responses: { 200: answers(statusCounts, 'By status'), default: failure },
});

/** What the console has beside all that others ask for. */
export function consoleRoutes(
  api: Api,
  doorkeeper: Doorkeeper,
  { serving, isEmbedded }: { serving: Serving; isEmbedded: boolean },
): void {
  const sessionOf = ({ name, role, projects }: Caller) => ({
    name,
    role,
    projects: projects && [...projects],
    version: serving.version,
    is_embedded: isEmbedded,
  });
  api.openapi(openConsoleRoute, async (c) => {
    const address = await serving.console();
    if (address === null)
      throw new AichorError('not_found', 'this server has no console', {
        hint: 'it was started with AICHOR_CONSOLE=off',
      });
    return c.json({ url: `${address}/#${doorkeeper.codeFor(c)}` }, 200);
  });
  api.openapi(signInRoute, async (c) =>
    c.json(sessionOf(await doorkeeper.signIn(c, c.req.valid('json'))), 200),
  );
  api.openapi(sessionRoute, (c) => c.json(sessionOf(c.get('caller')), 200));
  api.openapi(signOutRoute, async (c) => {
    await doorkeeper.signOut(c);
    return c.json(sessionOf(c.get('caller')), 200);
  });
  api.openapi(countsRoute, (c) => c.json(usesOf(c).countExperiments(c.req.valid('query')), 200));
}
