import { z } from 'zod';
import {
  identity,
  keyCreated,
  keyCreation,
  keyDocument,
  keyList,
  keyName,
} from '../../../../api/key-contract.ts';
import type { KeyStore } from '../../../people/keys.ts';
import type { Log } from '../../../ports.ts';
import { answers, describeRoute, failure, json, type Api } from '../api.ts';

const params = z.object({ name: keyName });

const identityRoute = describeRoute({
  method: 'get',
  path: '/identity',
  summary: 'Who asks, and with which role',
  responses: { 200: answers(identity, 'Whose key it is'), default: failure },
});

const listRoute = describeRoute({
  method: 'get',
  path: '/keys',
  summary: 'The keys of people',
  responses: { 200: answers(keyList, 'The keys, without themselves'), default: failure },
});

const createKeyRoute = describeRoute({
  method: 'post',
  path: '/keys',
  summary: 'A key for somebody',
  request: { body: json(keyCreation) },
  responses: { 201: answers(keyCreated, 'The key: it is told this once'), default: failure },
});

const revokeRoute = describeRoute({
  method: 'delete',
  path: '/keys/{name}',
  summary: 'Take a key away',
  request: { params },
  responses: { 200: answers(keyDocument, 'The key as it was'), default: failure },
});

const rotateRoute = describeRoute({
  method: 'post',
  path: '/keys/{name}/rotate',
  summary: 'Another key for the same name and role',
  request: { params },
  responses: { 200: answers(keyCreated, 'The key: it is told this once'), default: failure },
});

/** Every change leaves a line in the log that says whose it was. */
export function keyRoutes(api: Api, keys: KeyStore, log: Log): void {
  api.openapi(identityRoute, (c) => {
    const { name, role, projects } = c.get('caller');
    return c.json({ name, role, projects: projects && [...projects] }, 200);
  });
  api.openapi(listRoute, (c) => c.json({ keys: keys.list() }, 200));
  api.openapi(createKeyRoute, async (c) => {
    const created = await keys.create(c.req.valid('json'), c.get('caller').name);
    log.info({ key: created.name, role: created.role, by: c.get('caller').name }, 'a key was made');
    return c.json(created, 201);
  });
  api.openapi(revokeRoute, async (c) => {
    const gone = await keys.revoke(c.req.valid('param').name, c.get('caller').name);
    log.info({ key: gone.name, role: gone.role, by: c.get('caller').name }, 'a key was revoked');
    return c.json(gone, 200);
  });
  api.openapi(rotateRoute, async (c) => {
    const fresh = await keys.rotate(c.req.valid('param').name, c.get('caller').name);
    log.info({ key: fresh.name, role: fresh.role, by: c.get('caller').name }, 'a key was replaced');
    return c.json(fresh, 200);
  });
}
