/** What `aichor mcp --allow` can let an agent do. */
export const DEEDS = ['submit', 'cancel'] as const;
export type AllowedDeed = (typeof DEEDS)[number];
