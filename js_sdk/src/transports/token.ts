/** The launch token in the fragment of an address, `#token=...`, also beside what else a page keeps there. */

/** The token, and the fragment without it (with its `#`, or empty). */
export function tokenIn(fragment: string): { token: string | undefined; rest: string } {
  let token: string | undefined;
  const rest = fragment.replace(/^#?/, "&").replace(/&token=([^&]*)/, (_, text: string) => {
    token = decoded(text);
    return "";
  });
  return { token: token || undefined, rest: rest.replace("&", "#").replace(/^#$/, "") };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
