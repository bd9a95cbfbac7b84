/** Where an engine keeps inputs and outputs: folders or addresses that end in `/`; `{project}` and `{experiment}` are replaced. */
export interface StoragePlaces {
  input: string;
  output: string;
}

const EXPERIMENT = '{experiment}';

/** A place of an experiment. */
export function fillIn(template: string, of: { project: string; experimentId: string }): string {
  return template.replaceAll('{project}', () => of.project).replaceAll(EXPERIMENT, () => of.experimentId);
}

/**
 * Places of a whole project; `outputs` is null where those of several projects cannot be told apart. As in folders, outputs of
 * an experiment lie below `output/` in it, where its address has that.
 */
export function placesOfProject(
  { input, output }: StoragePlaces,
  project: string,
): { inputs: string; outputs: string | null } {
  const [before = ''] = output.split(EXPERIMENT);
  const top = before.slice(0, before.lastIndexOf('/') + 1).replace(/(?<=[^:/]\/)output\/$/, '');
  const isOne = top.includes('{project}');
  const of = { project, experimentId: '' };
  return { inputs: fillIn(input, of), outputs: isOne ? fillIn(top, of) : null };
}
