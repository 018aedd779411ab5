import type { JssdkConfig, Session } from '../../../proxy/api.ts';
import type { ProxyClient } from '../proxy-client.ts';

/** What only pages inside WeChat ask the proxy for. */
export class WechatProxy {
  readonly address: string;
  private readonly _client: ProxyClient;

  constructor(client: ProxyClient) {
    this.address = client.address;
    this._client = client;
  }

  /** The signature of `url` for `wx.config`. */
  jssdkConfig(url: string): Promise<JssdkConfig> {
    return this._client.call<JssdkConfig>(`/v1/jssdk/config?url=${encodeURIComponent(url)}`, {}, 'signature');
  }

  createSession(code: string, verifier: string): Promise<Session> {
    return this._client.call<Session>('/v1/sessions', { body: { code, verifier } }, 'token');
  }

  /** Where the payer goes to sign in; the answer comes back to `returnTo` as a fragment. */
  authorizeUrl(returnTo: string, challenge: string): string {
    return `${this.address}/v1/oauth/authorize?${new URLSearchParams({ return_to: returnTo, challenge })}`;
  }
}
