/** `ask`, whose answer counts for some milliseconds; those who come meanwhile get the same. A failure is not kept. */
export function remember<T>(ms: number, ask: () => Promise<T>): () => Promise<T> {
  let known: { answer: Promise<T>; until: number } | null = null;
  return () => {
    if (known !== null && performance.now() < known.until) return known.answer;
    const answer = ask();
    const asked = { answer, until: performance.now() + ms };
    known = asked;
    answer.catch(() => {
      if (known === asked) known = null;
    });
    return answer;
  };
}
