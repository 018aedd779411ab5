import type { Account } from './account.ts';
import type { ExchangeContext, ExchangeMiddleware } from './exchange.ts';
import { nonce } from './nonce.ts';
import { PayRefusal } from './pay-refusal.ts';
import { isSignType, type Signed, type SignType, v2Sign, v2StringToSign } from './v2-signature.ts';
import { readXml, writeXml } from './xml.ts';
import { XmlError } from './xml-tree.ts';

/** What version 2 demands of one field. Lengths are of its UTF-8. */
export interface V2Rule {
  required?: boolean;
  min?: number;
  max: number;
  pattern?: RegExp;
}

export type V2Rules = Record<string, V2Rule>;
export type V2Fields = Record<string, string>;

/** The call itself failed: `return_code` FAIL. `code` is for the list of calls alone. */
export class V2Failure extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.name = 'V2Failure';
    this.code = code;
  }
}

const EVERYWHERE: V2Rules = {
  appid: { required: true, max: 32 },
  mch_id: { required: true, max: 32 },
  nonce_str: { required: true, max: 32 },
  sign: { required: true, max: 64 },
  sign_type: { max: 32 },
};

/** How version 2 spells the codes of version 3. */
const CODES: Record<string, string> = {
  ORDER_NOT_EXIST: 'ORDERNOTEXIST',
  ORDER_CLOSED: 'ORDERCLOSED',
  NOT_ENOUGH: 'NOTENOUGH',
  RESOURCE_NOT_EXISTS: 'REFUNDNOTEXIST',
};

/**
 * Answers a call of version 2, always with HTTP 200: what `work` gives, signed as the request was; or why not,
 * unsigned.
 */
export function answerV2(
  account: Account,
  rules: V2Rules,
  work: (fields: V2Fields, ctx: ExchangeContext) => Signed,
): ExchangeMiddleware {
  return (ctx) => {
    let fields: V2Fields | undefined;
    try {
      fields = readCall(ctx, account, rules);
      const answer = {
        ...head(account, fields),
        result_code: 'SUCCESS',
        ...work(fields, ctx),
      };
      showXml(ctx, { ...answer, sign: v2Sign(answer, account.apiV2Key, signTypeOfCall(fields)) });
    } catch (error) {
      if (error instanceof V2Failure) fail(ctx, error);
      else if (error instanceof PayRefusal) refuse(ctx, error, head(account, fields!));
      else throw error;
    }
  };
}

/**
 * The fields of a call that the merchant signed, each checked.
 * @throws V2Failure
 */
export function readCall(ctx: ExchangeContext, account: Account, rules: V2Rules): V2Fields {
  if (ctx.method !== 'POST') throw new V2Failure('REQUIRE_POST_METHOD', '请使用post方法');
  const fields = parse(ctx.state.rawBody);
  ctx.state.stringToSign = `${v2StringToSign(fields)}&key=…`;
  if (!fields.appid) throw new V2Failure('LACK_PARAMS', '缺少参数appid');
  if (!fields.mch_id) throw new V2Failure('LACK_PARAMS', '缺少参数mch_id');
  if (fields.appid !== account.appId) throw new V2Failure('APPID_NOT_EXIST', 'appid不存在');
  if (fields.mch_id !== account.mchid) throw new V2Failure('MCHID_NOT_EXIST', '商户号mch_id不存在');
  checkSign(fields, account);
  checkV2Fields(fields, { ...EVERYWHERE, ...rules });
  return fields;
}

export function signTypeOfCall({ sign_type: signType }: V2Fields): SignType {
  return isSignType(signType) ? signType : 'MD5';
}

export function showXml(ctx: ExchangeContext, fields: Signed): void {
  ctx.status = 200;
  ctx.type = 'text/xml';
  ctx.body = writeXml(fields);
}

/** `return_code` FAIL, with `more` beside it. */
export function fail(ctx: ExchangeContext, error: V2Failure, more: Signed = {}): void {
  ctx.state.code = error.code;
  ctx.state.message = error.message;
  showXml(ctx, { return_code: 'FAIL', return_msg: error.message, ...more });
}

function refuse(ctx: ExchangeContext, error: PayRefusal, head: Signed): void {
  const code = error.v2 ? error.v2.code : (CODES[error.code] ?? error.code);
  const message = error.v2?.message ?? error.message;
  if (code === undefined) {
    fail(ctx, new V2Failure('PARAM_ERROR', message));
    return;
  }
  ctx.state.code = code;
  ctx.state.message = message;
  showXml(ctx, { ...head, result_code: 'FAIL', err_code: code, err_code_des: message });
}

function head(account: Account, { device_info: deviceInfo }: V2Fields): Signed {
  return {
    return_code: 'SUCCESS',
    return_msg: 'OK',
    appid: account.appId,
    mch_id: account.mchid,
    device_info: deviceInfo,
    nonce_str: nonce(16),
  };
}

function parse(body: Buffer): V2Fields {
  try {
    return readXml(body);
  } catch (error) {
    if (!(error instanceof XmlError)) throw error;
    throw new V2Failure('XML_FORMAT_ERROR', 'XML格式错误');
  }
}

function checkSign(fields: V2Fields, account: Account): void {
  const { sign, sign_type: signType } = fields;
  if (!sign) throw new V2Failure('LACK_PARAMS', '缺少参数sign');
  if (signType && !isSignType(signType)) throw new V2Failure('PARAM_ERROR', '签名类型sign_type不支持');
  if (v2Sign(fields, account.apiV2Key, signTypeOfCall(fields)) !== sign) {
    throw new V2Failure('SIGNERROR', '签名错误，请检查后再试');
  }
}

function checkV2Fields(fields: V2Fields, rules: V2Rules): void {
  for (const [name, { required, min = 0, max, pattern }] of Object.entries(rules)) {
    const value = fields[name];
    if (!value) {
      if (required) throw new V2Failure('LACK_PARAMS', `缺少参数${name}`);
      continue;
    }
    const length = Buffer.byteLength(value);
    if (length < min || length > max) throw new V2Failure('PARAM_ERROR', `${name}参数长度有误`);
    // As in version 3, only characters of one to three bytes.
    if ([...value].length !== value.length) throw new V2Failure('NOT_UTF8', `${name}参数格式校验错误`);
    if (pattern && !pattern.test(value)) throw new V2Failure('PARAM_ERROR', `invalid ${name}`);
  }
}
