import type { Database } from '../database.ts';
import { openAuditTable, type AuditTable } from './audit.ts';
import { openDeliveryTable, type DeliveryTable } from './deliveries.ts';
import { openProjectTable, type ProjectTable } from './projects.ts';

/** What a team's server keeps beside experiments. */
export interface TeamTables {
  audit: AuditTable;
  projects: ProjectTable;
  deliveries: DeliveryTable;
}

export function openTeamTables(database: Database, now: () => Date): TeamTables {
  return {
    audit: openAuditTable(database, now),
    projects: openProjectTable(database),
    deliveries: openDeliveryTable(database),
  };
}
