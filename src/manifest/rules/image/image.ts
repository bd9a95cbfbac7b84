import { quoted } from '../../describe.ts';
import type { Finding } from '../../diagnostic.ts';
import { fields, valueAt, type Rule } from '../../draft.ts';
import { isByDigest, isFullReference } from '../../image-reference.ts';

/** What is built should be what is run, under a name that it can have. */
export const imageRule: Rule = ({ root }) => {
  const { image: built, registry, skipBuild } = fields(valueAt(root, ['builder']));
  const run = valueAt(root, ['spec', 'image']);
  if (typeof built !== 'string' || built.trim() === '') return [];
  const findings: Finding[] = [];
  if (typeof run === 'string' && run.trim() !== '' && built !== run)
    findings.push({
      code: 'image-mismatch',
      path: ['spec', 'image'],
      at: 'value',
      message: `spec.image is ${quoted(run)}, but builder.image is ${quoted(built)}`,
      hint: 'give both the same name',
    });
  if (isByDigest(built) && fields(skipBuild)['enabled'] !== true)
    findings.push({
      code: 'invalid-value',
      path: ['builder', 'image'],
      at: 'value',
      message: `${quoted(built)} cannot be built: its digest says what is in it already`,
      hint: 'enable builder.skipBuild to run that very image, or give it a tag',
    });
  if (isFullReference(built) && typeof registry === 'string')
    findings.push({
      code: 'registry-unused',
      path: ['builder', 'registry'],
      at: 'key',
      message: `${quoted(built)} has a tag or a digest, so it is taken as it is; the registry is not put before it`,
      hint: 'write the registry into image, or leave the tag out',
    });
  return findings;
};
