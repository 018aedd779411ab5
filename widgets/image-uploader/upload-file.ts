import type { failure } from '../core/failure.ts';
import type { ProxyClient } from '../core/proxy-client.ts';
import { readBytes } from './picture-type.ts';
import type { Report, Uploaded } from './queue.ts';
import { uploadFailure } from './upload-error.ts';

export interface FileUploadWorld {
  proxy: Pick<ProxyClient, 'address' | 'take'>;
  failure: typeof failure;
}

/** What has come of an answer. */
interface Answer {
  status: number;
  text: string;
  retryAfter: string | null;
}

/**
 * Sends a picture to the proxy. By XMLHttpRequest, since `fetch` tells nothing of what is on its way.
 *
 * @throws WidgetError of the proxy, `proxy_unreachable`, `image_unreadable`
 */
export async function uploadFile(
  { proxy, failure }: FileUploadWorld,
  file: Blob,
  token: string,
  report: Report,
  signal: AbortSignal,
): Promise<Uploaded> {
  const answer = await send(`${proxy.address}/v1/images`, file, token, report, signal);
  if (answer) return proxy.take<Uploaded>(answer.status, answer.text, answer.retryAfter, 'url');
  // A file that was moved or changed meanwhile looks as a broken connection does.
  await readBytes(file, 0, 1).catch((reason) => {
    throw uploadFailure('image_unreadable', { reason });
  });
  throw failure('proxy_unreachable');
}

/** `undefined` where no answer came, or it is no longer wanted. */
function send(
  url: string,
  file: Blob,
  token: string,
  report: Report,
  signal: AbortSignal,
): Promise<Answer | undefined> {
  return new Promise((resolve) => {
    const request = new XMLHttpRequest();
    let answer: Answer | undefined;
    // A server that has seen enough answers and hangs up, which ends the request without the answer: it is read as it
    // comes.
    request.onreadystatechange = () => {
      const { status, responseText: text } = request;
      if (status) answer = { status, text, retryAfter: status < 400 ? null : request.getResponseHeader('retry-after') };
    };
    // What surrounds the picture in the request is nobody's picture.
    request.upload.onprogress = ({ loaded, total }) => report(Math.round((loaded / total) * file.size), file.size);
    const stop = () => request.abort();
    request.onloadend = () => {
      signal.removeEventListener('abort', stop);
      resolve(answer);
    };
    request.open('POST', url);
    request.setRequestHeader('authorization', `Bearer ${token}`);
    signal.addEventListener('abort', stop);
    const form = new FormData();
    // A file's own name may say more of the user than the picture does.
    form.append('file', file, 'picture');
    report(0, file.size);
    request.send(form);
    if (signal.aborted) stop();
  });
}
