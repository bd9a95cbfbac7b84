/** How a server begins what it says to a route that it does not have: a newer program's command may ask for one. */
export const NOTHING_AT = 'there is nothing at';
