/** What was refused already, so that it is said once. */
const refused = new Set<string>();

/**
 * WeChat's open tags that the page uses, such as `<wx-open-launch-weapp>`, as it names them itself:
 * `<meta name="weixin-open-tags" content="wx-open-launch-weapp wx-open-subscribe">`. WeChat has to be told of them when
 * the JS-SDK is configured (https://developers.weixin.qq.com/doc/offiaccount/OA_Web_Apps/Wechat_Open_Tag.html).
 */
export function openTags(): string[] {
  const { content = '' } = document.querySelector<HTMLMetaElement>('meta[name="weixin-open-tags"]') ?? {};
  const names = new Set(content.split(/[\s,]+/).filter(Boolean));
  return [...names].filter((name) => {
    const isTag = /^wx-open-[a-z-]+$/.test(name);
    if (!isTag && !refused.has(name)) console.warn(`weixin-open-tags: ${name} is no open tag`);
    if (!isTag) refused.add(name);
    return isTag;
  });
}
