/** Id of the element in which the server puts what this page would ask first. */
const ELEMENT = 'first';
/** What was not asked for by then is asked for anew. */
const GOOD_MS = 10_000;

let answers: Map<string, unknown> | null = null;

/** The answer that came with the page itself, once; undefined: it has to be asked for. */
export function takeFirst(url: string): unknown {
  answers ??= readAnswers();
  const answer = answers.get(url);
  answers.delete(url);
  return performance.now() > GOOD_MS ? undefined : answer;
}

/** Somebody else sits here now: what came with the page is not for them. */
export function forgetFirst(): void {
  answers ??= readAnswers();
  answers.clear();
}

/**
 * Changes are told from now on: who asks later has not heard of those before, and asks anew. Lines of a log are followed from where
 * the ones that came with the page end.
 */
export function forgetUntold(): void {
  answers ??= readAnswers();
  for (const url of answers.keys()) if (!LOG.test(url)) answers.delete(url);
}

const LOG = /^\/v1\/experiments\/[^/]+\/logs[/?]/;

function readAnswers(): Map<string, unknown> {
  const element = document.getElementById(ELEMENT);
  const found = new Map<string, unknown>(
    element === null ? [] : Object.entries(JSON.parse(element.textContent) as Record<string, unknown>),
  );
  element?.remove();
  return found;
}
