import type { Profile, PythonVersion } from './choices.ts';
import type { ScaffoldOperator } from './operators.ts';

/** Everything `local-repo init` needs to know. */
export interface Answers {
  /** As typed; see `projectNames`. */
  name: string;
  operator: ScaffoldOperator;
  profile: Profile;
  python: PythonVersion;
  tensorboard: boolean;
}

/** What was given on the command line; undefined where nothing was. */
export type Given = { [Key in keyof Answers]?: Answers[Key] | undefined };
