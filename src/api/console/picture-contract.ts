/** What the server asks of the console as it was built for it (`src/console/picture.tsx`): a page as it looks at first. */
export interface Picture {
  /** Path and query of the page. */
  address: string;
  /** What the page would ask first, as JSON by its address. */
  answers: ReadonlyMap<string, string>;
  /** Milliseconds since 1970. */
  now: number;
}

/** As elements, in HTML; empty: this page has none, or too little is known. Draws for one at a time, and keeps nothing of it. */
export type DrawPicture = (picture: Picture) => string;
