/** What docs/json.md says beside its tables. */

export const HEAD = `# JSON

<!-- written by \`npm run check -- --update\` -->

In a pipe, and with \`--output json\`, a command prints one document on one line of stdout; where the table says so, one a line.
This page has each of them: first [which command prints which](#commands), then [their fields](#documents), then the words that
scripts decide by: [error codes](#errors-and-exit-codes), [statuses](#statuses), [reasons](#reasons),
[kinds of changes](#kinds-of-changes), [notices](#codes-of-notices), [diagnostics](#codes-of-diagnostics).

\`\`\`sh
aichor experiments list --status failed | jq -r '.experiments[] | [.experiment_id, .reason, .explanation] | @tsv'
aichor experiments get latest | jq -e '.status == "Succeeded" and .metrics.loss.last < 0.1'
aichor experiments get latest | jq -r '.pods[] | select(.exit_code != 0) | .pod'
\`\`\`

Decide by codes, statuses and reasons, which stay: \`message\`, \`explanation\` and \`hint\` are for people, and change. Fields are only
ever added; what you do not know, leave alone. Times are ISO 8601 in UTC with milliseconds (\`2026-03-01T09:30:00.000Z\`). Names that
end in \`_s\` are seconds, in \`_bytes\` (or \`bytes\`) bytes, in \`_gb\` GB as the manifest has them (a cluster reads them as 2^30
bytes). In the tables \`pods[].status\` is a field of each item of the list \`pods\`, \`metrics.NAME.last\` one of each value of a map.
A field that has no value is null; it is absent only where the table says that it may be missing.

What goes wrong is one line on stderr, an [Error](#error), and the exit code is that of its code. A command for several ids prints
the document of those that could be done, and one error that tells of all others; its code is the one with the largest exit code.

## Commands
`;

export const USE_OF_CODES = `## Errors and exit codes

\`error.code\` of an [Error](#error): on stderr of a command, and in the answer of the HTTP contract. 0 is success.
`;
