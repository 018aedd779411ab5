import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import parseRange from 'range-parser';
import { z } from 'zod';
import { IMAGE_WIDTHS, Image, KeptImage, MediaRequest } from '../api.ts';
import { ProxyError } from '../errors.ts';
import type { ImageFiles, ShownFile } from '../images/image-files.ts';
import { imageView, keptView } from '../images/image-view.ts';
import type { Images, UploadedImage } from '../images/images.ts';
import type { ImageRow } from '../store/schema.ts';
import { mediaTypeOf, readJson } from './body.ts';
import { type Answer, type Route, route } from './route.ts';
import { readUpload } from './upload.ts';

/** Other parameters are let be: pages and clients add theirs to addresses of pictures. */
const WidthQuery = z.object({
  width: z
    .string()
    .refine((text) => IMAGE_WIDTHS.map(String).includes(text), `one of ${IMAGE_WIDTHS.join(', ')}`)
    .transform(Number)
    .optional(),
});

/** A picture never changes; nothing in it may act; any page may show it. The styles are those of browsers' own viewers. */
const HEADERS = {
  'cache-control': 'public, max-age=31536000, immutable',
  'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; sandbox",
  'cross-origin-resource-policy': 'cross-origin',
  'accept-ranges': 'bytes',
};

export interface ImageRoutesOptions {
  images: Images;
  files: ImageFiles;
  publicUrl: string;
}

export function imageRoutes({ images, files, publicUrl }: ImageRoutesOptions): Route[] {
  return [
    route({
      method: 'POST',
      path: '/v1/images',
      callers: ['page'],
      summary: 'Upload a picture, as the file `file` of a form or by the media id that WeChat gave it.',
      body: 'upload',
      json: MediaRequest,
      answers: { 201: Image },
      errors: [
        'session_required',
        'unsupported_media_type',
        'request_timeout',
        'image_too_large',
        'image_type_not_allowed',
        'image_suspicious',
        'image_broken',
        'image_too_many_pixels',
        'image_store_unavailable',
        'upload_quota_exceeded',
        'media_not_found',
        'wechat_unavailable',
        'wechat_refused',
      ],
      async handle({ caller, incoming }) {
        if (caller.kind !== 'page' || caller.openid === undefined) throw new ProxyError('session_required');
        return { status: 201, body: imageView(await take(images, caller.openid, incoming), publicUrl) };
      },
    }),
    route({
      method: 'GET',
      path: '/v1/images/:id',
      callers: ['anyone'],
      summary: 'The picture itself, or a smaller copy of it.',
      query: WidthQuery,
      isUnlimited: true,
      answers: { 200: 'image/*', 206: 'image/*', 304: null },
      errors: ['image_not_found', 'range_not_satisfiable', 'image_store_unavailable'],
      async handle({ params, query, headers }) {
        const image = await images.find(params.id!);
        return show(image, await files.shown(image, query.width), { files, headers });
      },
    }),
    route({
      method: 'DELETE',
      path: '/v1/images/:id',
      callers: ['merchant'],
      summary: 'Delete a picture. Browsers and caches that have it may go on showing it.',
      answers: { 204: null },
      errors: ['image_not_found'],
      async handle({ params }) {
        await images.delete(params.id!);
        return { status: 204 };
      },
    }),
    route({
      method: 'POST',
      path: '/v1/images/:id/keep',
      callers: ['merchant'],
      summary: 'Say that a picture is in use, so that it is never deleted as an orphan.',
      answers: { 200: KeptImage },
      errors: ['image_not_found'],
      async handle({ params }) {
        return { status: 200, body: keptView(await images.keep(params.id!), publicUrl) };
      },
    }),
  ];
}

async function take(images: Images, openid: string, incoming: IncomingMessage): Promise<UploadedImage> {
  switch (mediaTypeOf(incoming)) {
    case 'multipart/form-data':
      return images.take(openid, (path, maxBytes) => readUpload(incoming, path, maxBytes));
    case 'application/json':
      return images.fetch(openid, (await readJson(incoming, MediaRequest)).mediaId);
    default:
      throw new ProxyError('unsupported_media_type', 'The body is neither a form nor JSON.');
  }
}

async function show(
  image: ImageRow,
  file: ShownFile,
  { files, headers }: { files: ImageFiles; headers: IncomingHttpHeaders },
): Promise<Answer> {
  const { size, key } = file;
  const etag = `"${key}"`;
  const modified = Math.floor(image.createdAt / 1_000) * 1_000;
  const common = { ...HEADERS, etag, 'last-modified': new Date(modified).toUTCString(), 'content-type': image.type };
  if (isKnown(headers, etag, modified)) return { status: 304, headers: common };
  const range = rangeOf(headers, size, etag);
  const body = await files.read(file, range);
  if (!range) return { status: 200, body, headers: { ...common, 'content-length': String(size) } };
  const { start, end } = range;
  const content = { 'content-range': `bytes ${start}-${end}/${size}`, 'content-length': String(end - start + 1) };
  return { status: 206, body, headers: { ...common, ...content } };
}

/** https://www.rfc-editor.org/rfc/rfc9110#section-13.1 */
function isKnown(headers: IncomingHttpHeaders, etag: string, modified: number): boolean {
  const known = headers['if-none-match'];
  if (known !== undefined)
    return known.trim() === '*' || known.split(',').some((tag) => tag.trim().replace(/^W\//, '') === etag);
  return Date.parse(headers['if-modified-since'] ?? '') >= modified;
}

/**
 * The one range that was asked for; undefined where that is none, or several, which are answered with the whole.
 * @throws {ProxyError} `range_not_satisfiable`
 */
function rangeOf(headers: IncomingHttpHeaders, size: number, etag: string) {
  if (!headers.range || (headers['if-range'] ?? etag) !== etag) return undefined;
  // A suffix longer than the whole is the whole: https://www.rfc-editor.org/rfc/rfc9110#section-14.1.2
  const [, suffix] = /^bytes=-([1-9]\d*)$/.exec(headers.range) ?? [];
  if (Number(suffix) >= size) return { start: 0, end: size - 1 };
  const ranges = parseRange(size, headers.range);
  if (ranges === -1) {
    throw new ProxyError('range_not_satisfiable', undefined, { headers: { 'content-range': `bytes */${size}` } });
  }
  return ranges === -2 || ranges.type !== 'bytes' || ranges.length !== 1 ? undefined : ranges[0];
}
