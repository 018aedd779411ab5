import type { BucketAddress } from './image-store-address.ts';

/**
 * Those of which it is known that they refuse `<endpoint>/<bucket>`:
 * - Tencent COS, buckets made since 2024: https://cloud.tencent.com/document/product/436/96243
 * - Alibaba OSS: https://help.aliyun.com/zh/oss/developer-reference/compatibility-with-amazon-s3
 */
const ONLY_AS_HOST = /\.(myqcloud\.com|aliyuncs\.com)$/;

/**
 * The address under which the bucket’s objects are. At AWS, and where nothing else will do, the bucket is a part of
 * the host’s name; elsewhere a part of the path, which needs neither DNS nor certificates of its own.
 * An endpoint whose host begins with the bucket’s name already is taken as it is.
 */
export function bucketUrl({ bucket, region, endpoint }: BucketAddress): string {
  if (!endpoint) return amazonUrl(bucket, region);
  const path = endpoint.pathname.replace(/\/+$/, '');
  if (endpoint.hostname.startsWith(`${bucket}.`)) return `${endpoint.origin}${path}`;
  if (ONLY_AS_HOST.test(endpoint.hostname)) return `${endpoint.protocol}//${bucket}.${endpoint.host}${path}`;
  return `${endpoint.origin}${path}/${bucket}`;
}

function amazonUrl(bucket: string, region: string): string {
  const host = `s3.${region}.${region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com'}`;
  // The certificate is for one name before the host’s: https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html
  return bucket.includes('.') ? `https://${host}/${bucket}` : `https://${bucket}.${host}`;
}
