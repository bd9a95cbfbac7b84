export const BUILD_PARTS: readonly string[];
