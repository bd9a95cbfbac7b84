/** The values that were used last, by key; the one unused for longest goes first. */
export interface Recent<T> {
  get(key: string): T | null;
  /** Gives the value back. */
  put(key: string, value: T): T;
}

/** @param limit how many are kept */
export function createRecent<T>(limit: number): Recent<T> {
  const values = new Map<string, T>();
  const place = (key: string, value: T): T => {
    values.delete(key);
    values.set(key, value);
    return value;
  };
  return {
    get(key) {
      const value = values.get(key);
      return value === undefined ? null : place(key, value);
    },
    put(key, value) {
      place(key, value);
      const [oldest] = values.keys();
      if (values.size > limit && oldest !== undefined) values.delete(oldest);
      return value;
    },
  };
}
