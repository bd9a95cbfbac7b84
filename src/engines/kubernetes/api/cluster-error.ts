/** What the API server refused, or that it could not be reached. Users see it as an AichorError that says what to do. */
export class ClusterError extends Error {
  /** HTTP status; 0: no answer. */
  readonly status: number;
  /** `reason` of the Status object (`NotFound`, `Forbidden`, `Expired`, …), or the system's error code. */
  readonly reason: string;

  constructor(status: number, reason: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ClusterError';
    this.status = status;
    this.reason = reason;
  }
}

export function isClusterError(error: unknown, status?: number): error is ClusterError {
  return error instanceof ClusterError && (status === undefined || error.status === status);
}
