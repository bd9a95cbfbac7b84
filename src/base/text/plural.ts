/** `1 pod`, `3 pods`: how many there are of something. */
export function counted(number: number, noun: string): string {
  return `${number} ${plural(number, noun)}`;
}

/** `pod` for one, else `pods`. */
export function plural(number: number, noun: string): string {
  return number === 1 ? noun : `${noun}s`;
}
