/** The last lines of a log; nothing when it is not there. */
export function tail(file: string): Promise<string>;
