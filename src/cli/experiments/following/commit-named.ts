/** The SHA, or the beginning of one, that is meant: names and steps (`HEAD~1`) are those of the clone here. Throws AichorError. */
export async function commitNamed(text: string): Promise<string> {
  if (/^[0-9a-f]{4,64}$/i.test(text)) return text.toLowerCase();
  const { commitIn } = await import('../../../source/git.ts');
  return commitIn('.', text);
}
