import { generateKeyPair, type KeyObject, randomBytes, randomInt } from 'node:crypto';
import { promisify } from 'node:util';
import { nonce } from './nonce.ts';

export interface User {
  openid: string;
  nickname: string;
}

/** What a merchant finds in WeChat's two consoles: the official account's and the payment merchant's. */
export interface Account {
  appId: string;
  appSecret: string;
  /** What messages call the account: `gh_…`. */
  originalId: string;
  /** Of the message push: what its signatures are made with, and what encrypts it (43 characters). */
  messageToken: string;
  messageAesKey: string;
  mchid: string;
  merchantName: string;
  /** 32 characters; encrypts notifications and certificates. */
  apiV3Key: string;
  /** 32 characters; signs version 2. */
  apiV2Key: string;
  /** Of the merchant's API certificate: signs the merchant's requests. */
  merchantKey: KeyPair;
  merchantSerialNo: string;
  /** Who has openids for this appid; the first is the user of every phone, unless told otherwise. */
  users: User[];
}

export interface KeyPair {
  publicKey: KeyObject;
  privateKey: KeyObject;
}

export async function createAccount(merchantName: string): Promise<Account> {
  const openidPrefix = `o${nonce(6)}`;
  const user = (nickname: string): User => ({ openid: `${openidPrefix}${nonce(21)}`, nickname });
  return {
    appId: `wx${randomBytes(8).toString('hex')}`,
    appSecret: randomBytes(16).toString('hex'),
    originalId: `gh_${randomBytes(6).toString('hex')}`,
    messageToken: nonce(32),
    messageAesKey: nonce(43),
    mchid: `16${randomInt(10_000_000, 99_999_999)}`,
    merchantName,
    apiV3Key: nonce(32),
    apiV2Key: nonce(32),
    merchantKey: await rsaKeyPair(),
    merchantSerialNo: certificateSerialNo(),
    users: [user('小满'), user('Alex'), user('阿明')],
  };
}

export function rsaKeyPair(): Promise<KeyPair> {
  return promisify(generateKeyPair)('rsa', { modulusLength: 2048 });
}

/** 40 upper-case hexadecimal digits, the first bit not set. */
export function certificateSerialNo(): string {
  const bytes = randomBytes(20);
  bytes[0] = 0x40 | (bytes[0]! & 0x3f);
  return bytes.toString('hex').toUpperCase();
}
