import { z } from 'zod';

/** What a look at everything that the control plane keeps has found. */
export const examination = z.object({
  /** Whether nothing was wrong. */
  sound: z.boolean(),
  /** How many of each were read. */
  checked: z.object({ experiments: z.int(), contents: z.int(), snapshots: z.int(), logs: z.int() }),
  findings: z.array(
    z.object({
      /** What it concerns: a file, a folder, or an experiment's id. */
      place: z.string(),
      /** What was wrong, and what was done about it. */
      message: z.string(),
      /** Whether all is well again; else somebody has to do something. */
      mended: z.boolean(),
    }),
  ),
});

export type Examination = z.infer<typeof examination>;
export type Damage = Examination['findings'][number];
