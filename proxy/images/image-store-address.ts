/** Where IMAGE_STORE says that images are kept. */
export type ImageStoreAddress = { folder: string } | BucketAddress;

export interface BucketAddress {
  bucket: string;
  /** What every key begins with, without slashes around it; may be empty. */
  prefix: string;
  region: string;
  /** Where it is not AWS itself. */
  endpoint?: URL;
}

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html */
const BUCKET = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;
const PREFIX = /^[\w.-]+(\/[\w.-]+)*$/;
const REGION = /^[a-z0-9-]{1,64}$/;
/** What S3-compatible servers of one’s own are content with. */
const REGION_BY_DEFAULT = 'us-east-1';

/**
 * Reads `file:<path>` or `s3://<bucket>/<prefix>?endpoint=…&region=…`.
 * @throws {Error} that says what is wrong with it, as “is …”; it never shows the text.
 */
export function parseImageStore(text: string): ImageStoreAddress {
  if (text.startsWith('file:')) {
    const folder = text.slice('file:'.length);
    if (!folder) throw new Error('names no folder');
    return { folder };
  }
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== 's3:') throw new Error('is neither file:<path> nor s3://<bucket>');
  return parseBucket(url);
}

function parseBucket(url: URL): BucketAddress {
  if (url.username || url.password) {
    throw new Error('holds a key: keys belong into AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY');
  }
  const prefix = url.pathname.replace(/^\/|\/$/g, '');
  if (!BUCKET.test(url.hostname) || url.port) throw new Error('names no bucket, as s3://<bucket> does');
  if ((prefix && !PREFIX.test(prefix)) || url.hash)
    throw new Error('has other characters than [0-9A-Za-z_.-/] in its prefix');
  const known = ['endpoint', 'region'];
  if ([...url.searchParams.keys()].some((name) => !known.includes(name))) {
    throw new Error('has other parameters than endpoint and region');
  }
  const region = url.searchParams.get('region') ?? REGION_BY_DEFAULT;
  if (!REGION.test(region)) throw new Error('has no name of a region in its parameter region');
  const endpoint = url.searchParams.get('endpoint');
  return { bucket: url.hostname, prefix, region, ...(endpoint !== null && { endpoint: parseEndpoint(endpoint) }) };
}

function parseEndpoint(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isPlain = url && /^https?:$/.test(url.protocol) && !(url.username || url.password || url.search || url.hash);
  if (!isPlain) throw new Error('has no http(s) address in its parameter endpoint');
  return url;
}
