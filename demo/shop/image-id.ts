/** Of a picture at the proxy. Any other address would have the shop show what somebody else can change at will. */
export function imageIdOf(url: string, imagesUrl: string): string | undefined {
  const id = url.startsWith(imagesUrl) ? url.slice(imagesUrl.length) : '';
  return /^img_[\w-]{22}$/.test(id) ? id : undefined;
}
