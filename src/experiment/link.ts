/** What an experiment serves to a browser. */
export type ServiceName = 'tensorboard' | 'ray' | 'jupyter';

/** In place of a link's address: the control plane serves it, through the engine. */
export const REACHED = 'reach:';

/** Path at which the control plane serves it, without a slash at its end. */
export function linkPath(experimentId: string, name: ServiceName): string {
  return `/links/${experimentId}/${name}`;
}
