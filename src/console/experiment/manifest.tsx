import type { ManifestFindings } from '../../api/console/plan-contract.ts';
import { counted } from '../../base/text/plural.ts';

interface ManifestTextProps {
  text: string;
  findings: ManifestFindings['diagnostics'];
}

/** The manifest line by line, and below a line what is to be said of it. */
export function ManifestText({ text, findings }: ManifestTextProps) {
  const errors = findings.filter(({ severity }) => severity === 'error').length;
  const said = [
    ...(errors > 0 ? [counted(errors, 'error')] : []),
    ...(findings.length > errors ? [counted(findings.length - errors, 'warning')] : []),
  ];
  return (
    <>
      {said.length > 0 && <p>{said.join(', ')}, each below its line.</p>}
      <div class="code manifest-text" tabIndex={0} role="region" aria-label="Lines of the manifest">
        {text.split('\n').map((line, index) => (
          <ManifestLine
            key={index}
            line={line}
            number={index + 1}
            findings={findings.filter((finding) => finding.line === index + 1)}
          />
        ))}
      </div>
    </>
  );
}

function ManifestLine({
  line,
  number,
  findings,
}: {
  line: string;
  number: number;
  findings: ManifestTextProps['findings'];
}) {
  return (
    <>
      <div class={findings.length > 0 ? 'manifest-line is-found' : 'manifest-line'}>
        <span class="muted manifest-number" aria-hidden="true">
          {number}
        </span>
        <code>{line}</code>
      </div>
      {findings.map(({ severity, code, message, hint, column }) => (
        <p key={`${code} ${column} ${message}`} class={`manifest-finding is-${severity}`}>
          <b>{severity}</b> {message} <code class="muted">{code}</code>
          {hint !== null && <span class="muted"> {hint}</span>}
        </p>
      ))}
    </>
  );
}
