/** Which contents a snapshot still lacks; complete when none. */
export interface Announced {
  /** `sha256:…` */
  digest: string;
  missing: string[];
}

/** The same, for who sent lines: which of them (counted from 0, from and to inclusive) named the missing contents. */
export interface AnnouncedLines {
  digest: string;
  missing_lines: [number, number][];
}
