/** The launch token in the fragment of an address, `#token=...`, also beside what else a page keeps there. */

/** The token, and the fragment without it (with its `#`, or empty). */
export function tokenIn(fragment: string): { token: string | undefined; rest: string } {
  const parts = fragment.replace(/^#?/, "&");
  // A plus is itself here, and no space.
  const token = new URLSearchParams(parts.replace(/\+/g, "%2B")).get("token") || undefined;
  return {
    token,
    rest: parts
      .replace(/&token=[^&]*/, "")
      .replace("&", "#")
      .replace(/^#$/, ""),
  };
}
