/** Name of the empty file at the end of an archive of code: with it everything before has arrived. */
export const LAST_OF_CODE = '.aichor-code-is-complete';
