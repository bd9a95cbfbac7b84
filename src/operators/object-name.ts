/** Name of the Kubernetes object that stands for an experiment; other objects' names begin with it. */
export function objectName(experimentId: string): string {
  return `experiment-${experimentId.slice(0, 13)}`;
}
