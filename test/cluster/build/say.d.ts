/** Progress, on stderr. */
export function say(text: string): void;
