/** The session that the site itself put into the page, if it logs its users in. */
export function metaSession(): string | undefined {
  return document.querySelector<HTMLMetaElement>('meta[name="weixin-session"]')?.content.trim();
}
