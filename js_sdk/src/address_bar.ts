/**
 * The token's way in: it comes in the fragment of the link, and is taken out of the address bar at once, so that it is
 * neither bookmarked nor copied along with the address.
 */
import { tokenIn } from "./transports/token";

/** Takes the token out of this page's address; undefined where there is none. The rest of the fragment stays. */
export function takeToken(): string | undefined {
  const { token } = tokenIn(location.hash);
  if (token !== undefined) {
    try {
      history.replaceState(history.state, "", pageUrl());
    } catch {
      // A sandboxed frame may not; nobody sees its address.
    }
  }
  return token;
}

/** This page's address, without a token that could not be taken out of it: programs are told it before they are trusted. */
export function pageUrl(): string {
  const { href, hash } = location;
  const { token, rest } = tokenIn(hash);
  return token ? href.slice(0, href.length - hash.length) + rest : href;
}
