import { ROLES, type Role } from '../../api/key-contract.ts';

/** Which role each route of the contract takes at least. A route that is not here is for admins. */
export const RIGHTS: Readonly<Record<string, Role>> = {
  'GET /health': 'viewer',
  'GET /identity': 'viewer',
  'GET /server': 'viewer',
  'POST /server/stop': 'admin',
  'POST /server/examine': 'admin',
  'GET /keys': 'admin',
  'POST /keys': 'admin',
  'DELETE /keys/{name}': 'admin',
  'POST /keys/{name}/rotate': 'admin',
  'GET /engines': 'viewer',
  'POST /engines': 'admin',
  'GET /engines/{name}': 'viewer',
  'DELETE /engines/{name}': 'admin',
  'POST /engines/{name}/check': 'member',
  'POST /engines/{name}/fit': 'member',
  'GET /snapshots/{digest}': 'member',
  'POST /snapshots': 'member',
  'PUT /snapshots/{digest}/files': 'member',
  'GET /experiments': 'viewer',
  'POST /experiments': 'member',
  'POST /experiments/cancel': 'member',
  'POST /experiments/annotate': 'member',
  'POST /experiments/delete': 'member',
  'POST /experiments/prune': 'member',
  'POST /experiments/compare': 'viewer',
  'GET /experiments/{ref}': 'viewer',
  'GET /experiments/{ref}/usage': 'viewer',
  'GET /experiments/{ref}/manifest': 'viewer',
  'GET /experiments/{ref}/metrics': 'viewer',
  'GET /experiments/{ref}/code': 'viewer',
  'GET /experiments/{ref}/logs': 'viewer',
  'POST /experiments/{ref}/resubmit': 'member',
  'POST /experiments/{ref}/open/{name}': 'member',
  'GET /watch': 'viewer',
  'GET /sweeps': 'viewer',
  'POST /sweeps': 'member',
  'GET /sweeps/{name}': 'viewer',
  'POST /sweeps/{name}/resume': 'member',
  'POST /environments/prune': 'admin',
  'GET /storage': 'viewer',
  'GET /storage/file': 'viewer',
  'GET /openapi.json': 'viewer',
};

/** Fixed paths first: `/experiments/cancel` is no experiment called cancel. */
const PATTERNS = Object.entries(RIGHTS)
  .map(([route, role]) => ({ pattern: new RegExp(`^${route.replace(/\{\w+\}/g, '[^/]+')}$`), role, route }))
  .sort((a, b) => Number(a.route.includes('{')) - Number(b.route.includes('{')));

/** The role that a request takes at least. @param path below `/v1`, with its leading slash */
export function roleFor(method: string, path: string): Role {
  const asked = `${method === 'HEAD' ? 'GET' : method} ${path}`;
  return PATTERNS.find(({ pattern }) => pattern.test(asked))?.role ?? 'admin';
}

export function mayAct(has: Role, needs: Role): boolean {
  return ROLES.indexOf(has) >= ROLES.indexOf(needs);
}
