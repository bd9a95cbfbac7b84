import { AichorError } from '../../errors.ts';
import { findLeavingLink } from '../listing/links.ts';
import { sortedListing, type LinkEntry } from '../listing/listing.ts';
import { RULE_FILE } from './selection/selection.ts';

/** Throws AichorError `repository_invalid` naming the first link that leads out of the directory. */
export function assertLinksStay(links: readonly LinkEntry[]): void {
  const leaving = findLeavingLink(sortedListing(links));
  if (!leaving) return;
  const { path, target } = leaving;
  const what = `${JSON.stringify(path)} is a link out of the directory (to ${JSON.stringify(target)})`;
  throw new AichorError('repository_invalid', `${what}: where the experiment runs, nothing is there`, {
    hint: `copy the content here, make the link relative if it points inside, or list it in ${RULE_FILE}`,
  });
}
