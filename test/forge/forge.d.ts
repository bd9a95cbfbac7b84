export function forgeObstacle(): string | null;
export function forgeFolder(): string;
export function buildForge(): Promise<string>;
