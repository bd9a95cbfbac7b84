import type { MiddlewareHandler } from 'hono';
import { AichorError } from '../../errors.ts';
import type { RequestEnv } from './routes/api.ts';

/** What a schema found wrong, as far as it is told. */
interface SchemaIssue {
  path: readonly PropertyKey[];
  message: string;
  /** Names that the schema does not have. */
  keys?: readonly string[];
}

/** What a schema does not take, in the words of the first thing that does not fit. */
export function unfit([issue]: readonly SchemaIssue[]): AichorError {
  const place = issue === undefined || issue.path.length === 0 ? 'the request' : issue.path.join('.');
  const why =
    issue === undefined ? 'unknown form' : issue.message.charAt(0).toLowerCase() + issue.message.slice(1);
  return new AichorError('usage', `${place} cannot be taken: ${why}`, {
    hint: `give another ${place}; what can be taken stands in the server's /v1/openapi.json`,
  });
}

/** The hook that the framework calls with what a route's schemas say. Throws AichorError `usage`. */
export function refuseUnfit(result: {
  success: boolean;
  target: string;
  error?: { issues: readonly SchemaIssue[] };
}): void {
  if (result.success) return;
  const issues = result.error?.issues ?? [];
  const unknown = result.target === 'query' ? issues.find(({ keys }) => keys !== undefined)?.keys : undefined;
  throw unknown === undefined ? unfit(issues) : unknownParameters(unknown);
}

/** For what is answered without a schema: it reads no parameter. */
export const refuseQuery: MiddlewareHandler<RequestEnv> = async (c, next) => {
  const names = Object.keys(c.req.query());
  if (names.length > 0) throw unknownParameters(names);
  await next();
};

function unknownParameters(names: readonly string[]): AichorError {
  const said = names.map((name) => JSON.stringify(name.slice(0, 100))).join(', ');
  const are = names.length === 1 ? 'is no query parameter' : 'are no query parameters';
  return new AichorError('usage', `${said} ${are} of this route`, {
    hint: "leave it out; the parameters of each route stand in the server's /v1/openapi.json",
  });
}
