/** The address of the tunnel, as `code tunnel` prints it when somebody has signed in; null: not (yet). */
export function vscodeLink(output: string): string | null {
  return /https:\/\/vscode\.dev\/tunnel\/\S+/.exec(output)?.[0] ?? null;
}
