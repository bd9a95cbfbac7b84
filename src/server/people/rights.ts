import { ROLES, type Role } from '../../api/key-contract.ts';

/** What those ask who watch the server, beside the contract. */
export const PROBES = ['GET /healthz', 'GET /readyz', 'GET /metrics'] as const;

/** Which role each route takes at least: those of the contract, below `/v1`, and probes. One that is not here is for admins. */
export const RIGHTS: Readonly<Record<string, Role>> = {
  'GET /healthz': 'viewer',
  'GET /readyz': 'viewer',
  'GET /metrics': 'viewer',
  'GET /health': 'viewer',
  'GET /identity': 'viewer',
  'GET /session': 'viewer',
  'POST /session': 'viewer',
  'DELETE /session': 'viewer',
  'POST /console': 'viewer',
  'GET /counts': 'viewer',
  'GET /server': 'viewer',
  'POST /server/stop': 'admin',
  'POST /server/examine': 'admin',
  'GET /keys': 'admin',
  'POST /keys': 'admin',
  'DELETE /keys/{name}': 'admin',
  'POST /keys/{name}/rotate': 'admin',
  'GET /audit': 'admin',
  'GET /projects': 'viewer',
  'POST /projects': 'admin',
  'POST /projects/host-keys': 'admin',
  'GET /projects/{name}': 'viewer',
  'POST /projects/{name}': 'admin',
  'DELETE /projects/{name}': 'admin',
  'POST /projects/{name}/hook': 'admin',
  'GET /projects/{name}/deliveries': 'viewer',
  'POST /projects/{name}/deliveries/{id}/redeliver': 'member',
  'POST /projects/{name}/explain': 'viewer',
  'GET /engines': 'viewer',
  'POST /engines': 'admin',
  'GET /engines/{name}': 'viewer',
  'GET /engines/{name}/queue': 'viewer',
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
  'GET /experiments/{ref}/usage/history': 'viewer',
  'GET /experiments/{ref}/exec': 'member',
  'GET /experiments/{ref}/manifest': 'viewer',
  'GET /experiments/{ref}/manifest/findings': 'viewer',
  'GET /experiments/{ref}/plan': 'viewer',
  'GET /experiments/{ref}/metrics': 'viewer',
  'GET /experiments/{ref}/code': 'viewer',
  'GET /experiments/{ref}/logs': 'viewer',
  'GET /experiments/{ref}/logs/outline': 'viewer',
  'GET /experiments/{ref}/logs/matches': 'viewer',
  'POST /experiments/{ref}/resubmit': 'member',
  'POST /experiments/{ref}/open/{name}': 'member',
  'GET /watch': 'viewer',
  'GET /events': 'viewer',
  'GET /sweeps': 'viewer',
  'POST /sweeps': 'member',
  'GET /sweeps/{name}': 'viewer',
  'POST /sweeps/{name}/resume': 'member',
  'POST /environments/prune': 'admin',
  'POST /images/prune': 'admin',
  'GET /storage': 'viewer',
  'GET /storage/file': 'viewer',
  'PUT /storage/file': 'member',
  'PUT /storage/files': 'member',
  'POST /storage/files': 'viewer',
  'POST /storage/uploads': 'member',
  'PUT /storage/uploads/{upload}/parts/{number}': 'member',
  'POST /storage/uploads/{upload}': 'member',
  'GET /openapi.json': 'viewer',
};

/** Fixed paths first: `/experiments/cancel` is no experiment called cancel. */
const PATTERNS = Object.entries(RIGHTS)
  .map(([route, role]) => ({ pattern: new RegExp(`^${route.replace(/\{\w+\}/g, '[^/]+')}$`), role, route }))
  .sort((a, b) => Number(a.route.includes('{')) - Number(b.route.includes('{')));

/** The role that a request takes at least. @param path below `/v1`, with its leading slash */
export function roleFor(method: string, path: string): Role {
  return patternFor(method, path)?.role ?? 'admin';
}

/** The route of the table that a request is for; null: none. @param path as for `roleFor` */
export function routeFor(method: string, path: string): string | null {
  return patternFor(method, path)?.route ?? null;
}

function patternFor(method: string, path: string) {
  const asked = `${method === 'HEAD' ? 'GET' : method} ${path}`;
  return PATTERNS.find(({ pattern }) => pattern.test(asked));
}

export function mayAct(has: Role, needs: Role): boolean {
  return ROLES.indexOf(has) >= ROLES.indexOf(needs);
}
