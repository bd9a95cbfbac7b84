import { auditList, auditQuery } from '../../../../api/team/audit-contract.ts';
import type { AuditTable } from '../../../store/tables/audit.ts';
import { answers, describeRoute, failure, type Api } from '../api.ts';

const listRoute = describeRoute({
  method: 'get',
  path: '/audit',
  summary: 'Who changed keys, projects and engines, and cancelled or deleted what others had submitted',
  request: { query: auditQuery },
  responses: { 200: answers(auditList, 'Oldest first'), default: failure },
});

export function auditRoutes(api: Api, audit: AuditTable): void {
  api.openapi(listRoute, (c) => c.json({ events: audit.list(c.req.valid('query')) }, 200));
}
