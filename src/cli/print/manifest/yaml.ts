import { stringify } from 'yaml';
import type { RenderDocument } from '../../manifest/rendering.ts';

/** What `manifest render` prints as YAML: one document for each object, or the plan. Ends in a newline. */
export function renderedYaml(document: RenderDocument): string {
  const documents = 'objects' in document ? document.objects : [document];
  return documents
    .map((each) => stringify(each, { aliasDuplicateObjects: false, lineWidth: 0 }))
    .join('---\n');
}
