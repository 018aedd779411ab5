import type { Wechat } from '../core/wechat/wechat.ts';
import { typeOf } from './picture-type.ts';

/** The bytes of a picture that was chosen in WeChat, to show it; `undefined` where the client does not give them. */
export async function readLocalPicture(wechat: Pick<Wechat, 'callJssdk'>, localId: string): Promise<Blob | undefined> {
  try {
    return decodeLocalData((await wechat.callJssdk('getLocalImgData', { localId })).localData);
  } catch {
    return undefined;
  }
}

/**
 * What clients call `localData`: iOS says `data:image/jgp;base64,…` of a JPEG, Android nothing but base64 with line
 * breaks. So the bytes alone say what it is.
 *
 * @throws where it is not base64.
 */
export function decodeLocalData(localData: unknown): Blob | undefined {
  const base64 = String(localData ?? '').replace(/^data:[^,]*,|\s/g, '');
  const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  const type = typeOf(bytes);
  return type && new Blob([bytes], { type });
}
