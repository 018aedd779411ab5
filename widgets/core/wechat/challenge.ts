/**
 * 43 random characters that stay in this browser, and their base64url SHA-256, which goes with the payer to the sign-in.
 * `undefined` where the page is not secure (https): there is no digest then.
 */
export async function createChallenge(): Promise<{ verifier: string; challenge: string } | undefined> {
  if (!crypto.subtle) return undefined;
  const verifier = base64url(crypto.getRandomValues(new Uint8Array(32)));
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(verifier));
  return { verifier, challenge: base64url(new Uint8Array(digest)) };
}

function base64url(bytes: Uint8Array): string {
  const letters: Record<string, string> = { '+': '-', '/': '_', '=': '' };
  return btoa(String.fromCharCode(...bytes)).replace(/[+/=]/g, (letter) => letters[letter]!);
}
