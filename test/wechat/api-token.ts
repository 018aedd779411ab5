import type { Wechat } from '../../demo/wechat/start.ts';

/** An access token, asked for as a merchant's server does. */
export async function apiToken({ url, environment }: Pick<Wechat, 'url' | 'environment'>): Promise<string> {
  const answer = await fetch(`${url}/cgi-bin/stable_token`, {
    method: 'POST',
    body: JSON.stringify({
      grant_type: 'client_credential',
      appid: environment.WECHAT_APP_ID,
      secret: environment.WECHAT_APP_SECRET,
    }),
  });
  return ((await answer.json()) as { access_token: string }).access_token;
}
