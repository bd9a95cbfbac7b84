import fc from 'fast-check';

/**
 * Any character but halves of a pair: plain ones, those of a terminal's commands, of other scripts, and beyond 16 bits. fast-check's own
 * `binary` numbers them all when it is first used, which takes seconds of a processor.
 */
const character = fc
  .oneof(
    fc.integer({ min: 0, max: 0xff }),
    fc.integer({ min: 0x100, max: 0xd7ff }),
    fc.integer({ min: 0xe000, max: 0x10ffff }),
  )
  .map((point) => String.fromCodePoint(point));

/** Texts of any characters at all, to be tried on what takes texts of others. */
export const anyText = (lengths: { minLength?: number; maxLength?: number } = {}) =>
  fc.string({ ...lengths, unit: character });
