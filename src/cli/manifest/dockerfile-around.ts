import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Diagnostic } from '../../manifest/diagnostic.ts';
import type { Manifest } from '../../manifest/manifest.ts';
import { severityOf } from '../../manifest/codes.ts';
import { dockerfileOf } from '../../repository/findings.ts';
import { directoryPaths } from './repository-around.ts';

/** What no image build accepts of the Dockerfile that a manifest names, by its lines; nothing where there is none. */
export async function dockerfileFindings(
  { builder }: Pick<Manifest, 'builder'>,
  root: string,
): Promise<Diagnostic[]> {
  const found = dockerfileOf(builder, directoryPaths(root));
  if (found === null || builder.skipBuild !== null) return [];
  const { readImage } = await import('../../dockerfile/image.ts');
  const text = readFileSync(join(root, found.path), 'utf8');
  const image = await readImage({
    text,
    buildArgs: builder.buildArgs,
    target: builder.target,
    context: [],
    ignore: null,
  });
  const lines = text.split(/\r?\n/);
  return (image?.refused ?? []).map(({ line, what }) => ({
    severity: severityOf('dockerfile-refused', false),
    code: 'dockerfile-refused',
    path: '',
    message: `no image build accepts this: ${what}`,
    hint: null,
    file: found.path,
    line,
    column: 1,
    end_line: line,
    end_column: (lines[line - 1]?.length ?? 0) + 1,
  }));
}
