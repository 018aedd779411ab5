/** A server that answers one test's calls as WeChat Pay, version 2, does: by means of the second implementation. */
import { createServer as createHttpServer, type IncomingMessage, type RequestListener } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import type { TLSSocket } from 'node:tls';
import type { SignType } from '../../proxy/wechat/pay/v2/signature.ts';

// Its own types do not resolve under NodeNext.
const { Hash, Transformer } = createRequire(import.meta.url)('wechatpay-axios-plugin');

export type Fields = Record<string, string>;

export interface Call {
  path: string;
  fields: Fields;
  /** Whose certificate came with it. */
  client: string | undefined;
}

/** Fields to write, a body as it is, a status, or nothing at all. */
type Answer = Fields | string | Buffer | number | undefined;

export const ACCOUNT = { appId: 'wx2421b1c4370ec43b', mchId: '10000100', key: '192006250b4c09247ec02edce69f6a2d' };

export function signed(fields: Fields, type: SignType = 'HMAC-SHA256'): Fields {
  return { ...fields, sign: Hash.sign(type, fields, ACCOUNT.key) };
}

export function success(fields: Fields, type?: SignType): Fields {
  const common = { return_code: 'SUCCESS', return_msg: 'OK', appid: ACCOUNT.appId, mch_id: ACCOUNT.mchId };
  return signed({ ...common, nonce_str: 'IITRi8Iabbblz1Jc', result_code: 'SUCCESS', ...fields }, type);
}

export function failure(code: string, words = ''): Fields {
  return { return_code: 'SUCCESS', return_msg: 'OK', result_code: 'FAIL', err_code: code, err_code_des: words };
}

export async function startPayServer(
  t: TestContext,
  answer: (call: Call) => Answer,
  tls?: { key: string; cert: string },
): Promise<{ url: string; calls: Call[] }> {
  const calls: Call[] = [];
  const listener: RequestListener = async (request, response) => {
    const fields = Transformer.toObject(await textOf(request));
    const certificate = tls && (request.socket as TLSSocket).getPeerCertificate();
    const call = { path: request.url!, fields, client: certificate?.subject?.CN as string | undefined };
    calls.push(call);
    const { sign, ...rest } = fields;
    const genuine = sign === Hash.sign(fields.sign_type ?? 'MD5', rest, ACCOUNT.key);
    const given = genuine ? answer(call) : { return_code: 'FAIL', return_msg: '签名错误' };
    if (given === undefined) request.socket.destroy();
    else if (typeof given === 'number') response.writeHead(given).end('Bad Gateway');
    else response.end(typeof given === 'string' || Buffer.isBuffer(given) ? given : Transformer.toXml(given));
  };
  const asking = { ...tls, requestCert: true, rejectUnauthorized: false };
  const server = tls ? createHttpsServer(asking, listener) : createHttpServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  const { port } = server.address() as AddressInfo;
  return { url: `${tls ? 'https' : 'http'}://127.0.0.1:${port}`, calls };
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}
