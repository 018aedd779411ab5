import type { Language } from '../messages.ts';

const chinese = {
  title: '分享工坊',
  lead: '顾客把页面发给朋友或发到朋友圈时，看到的就是这张卡片。',
  why: '“链接前面的小图标”如今要这样做：微信只认页面通过 JS-SDK 设置的标题、描述和图标，其他应用读取 Open Graph 标签。从前在页面开头藏一张图片的办法，2017 年起在微信里就不起作用了。',
  pages: '为哪个页面做卡片',
  home: '首页',
  edited: '已设置',

  form: '卡片内容',
  cardTitle: '标题',
  cardTitleHint: '留空则用页面自己的标题。',
  description: '描述',
  descriptionHint: '只在聊天里显示，朋友圈里没有。',
  link: '链接',
  linkHint: '本店的任意公开页面；可以带参数，例如 from=teahouse。订单、付款和后台的地址是私人的，不能分享。',
  icon: '图标',
  iconHint: '会自动裁成正方形并压缩到 32 KB 以内；不上传则用店里的图片。',
  iconNeedsScript: '上传图标需要启用 JavaScript。不上传，也可以保存标题、描述和链接。',
  iconNotLoaded: '图标上传没有加载出来。可以先保存文字，或检查网络后刷新本页。',
  save: '保存并用到页面上',
  saveNote: '只用于中文页面；切换语言，可以另设一张。',

  preview: '顾客会看到',
  previewNeedsScript: '预览需要启用 JavaScript。保存后，可以在微信里分享页面看看。',
  problems: '需要留意',
  noProblems: '图标和链接都符合要求。',

  snippet: '放到您自己的网站',
  snippetText:
    '复制下面的代码，粘贴到要分享的页面里。页面的域名要填进公众号的“JS接口安全域名”，并加入代理的 ALLOWED_ORIGINS。',
  snippetLabel: '要粘贴的代码',
  copy: '复制代码',
  copied: '已复制',
  selected: '没能自动复制：代码已选中，请按 Ctrl + C（Mac 按 ⌘ C）',

  savedCards: '已设置的卡片',
  none: '还没有。现在各页面用的是自己的标题、描述和图片。',
  edit: '修改',
  remove: '恢复原样',

  savedTitle: '已保存，页面已经换上这张卡片',
  savedText: '在微信里打开页面，点右上角“···”分享，就能看到。已经发出去的旧卡片不会改变。',
  removedTitle: '已恢复页面原来的卡片',

  badLinkTitle: '链接用不了',
  foreignLink: '这不是本店的地址。分享的链接必须在本店的域名下。',
  unknownLink: '本店没有这个页面。请从上面选一个页面，或核对地址。',
  privateLink: '这个地址属于某位顾客的订单、付款或后台：谁拿到链接，谁就能看到里面的内容，所以不能分享。',
  badIconTitle: '图标用不了',
  badIconText: '只能用在本页上传的图片。请重新上传，再保存。',
  goneTitle: '图标已经失效',
  goneText: '服务器上已经没有这张图片，可能是放得太久了。请重新上传，再保存。',
  notKeptTitle: '卡片还没有保存',
  notKeptText: '图标暂时存不下来。您填的都还在下面，请稍后再保存一次。',
  longTitle: '写得太长了',
  longText: '标题最多 64 个字，描述最多 120 个字。微信里放不下更多。',
  code: '代码',
};

type ShareMessages = Record<keyof typeof chinese, string>;

const english: ShareMessages = {
  title: 'Share studio',
  lead: 'This is the card that people see when a customer sends a page to friends or posts it in Moments.',
  why: 'The “little icon in front of the shared link” is done this way today: WeChat goes only by the title, description and icon that the page sets through the JS-SDK, and other apps read its Open Graph tags. A hidden first image, the old trick, has done nothing in WeChat since 2017.',
  pages: 'Which page is the card for?',
  home: 'Home page',
  edited: 'has a card',

  form: 'The card',
  cardTitle: 'Title',
  cardTitleHint: 'Empty: the page’s own title.',
  description: 'Description',
  descriptionHint: 'Shown in chats; Moments have none.',
  link: 'Link',
  linkHint:
    'Any public page of this shop, with parameters such as from=teahouse if you like. Orders, payments and the office have private addresses, which cannot be shared.',
  icon: 'Icon',
  iconHint: 'Cropped to a square and compressed to 32 KB for you. Without one, the shop’s own picture.',
  iconNeedsScript: 'Uploading an icon needs JavaScript. Title, description and link can be saved without it.',
  iconNotLoaded: 'The icon upload did not load. You can save the text as it is, or check your connection and reload.',
  save: 'Save and use on the page',
  saveNote: 'For the English pages. Switch the language to make another one.',

  preview: 'What people will see',
  previewNeedsScript: 'The preview needs JavaScript. Once saved, share the page in WeChat to see the card.',
  problems: 'Please look at this',
  noProblems: 'Icon and link keep to the rules.',

  snippet: 'For a site of your own',
  snippetText:
    'Copy this and paste it into the page that is to be shared. The page’s domain must be among the account’s “JS接口安全域名” at mp.weixin.qq.com and in the proxy’s ALLOWED_ORIGINS.',
  snippetLabel: 'Code to paste',
  copy: 'Copy code',
  copied: 'Copied',
  selected: 'It could not be copied, but it is selected: press Ctrl + C (⌘ C on a Mac)',

  savedCards: 'Cards you have made',
  none: 'None yet. Every page shows its own title, description and picture.',
  edit: 'Change',
  remove: 'Reset',

  savedTitle: 'Saved. The page has this card now',
  savedText: 'Open the page in WeChat and share it by ··· at the top. Cards that were sent before stay as they are.',
  removedTitle: 'The page has its own card again',

  badLinkTitle: 'This link cannot be used',
  foreignLink: 'It is not an address of this shop. A shared link must be on the shop’s own domain.',
  unknownLink: 'The shop has no such page. Choose one above, or check the address.',
  privateLink:
    'It belongs to somebody’s order or payment, or to the office: whoever has the link sees what it shows. So it cannot be shared.',
  badIconTitle: 'This icon cannot be used',
  badIconText: 'Only a picture that was uploaded on this page can. Upload it again, then save.',
  goneTitle: 'The icon is gone',
  goneText: 'The server no longer has it; it may have waited too long. Upload it again, then save.',
  notKeptTitle: 'The card is not saved yet',
  notKeptText: 'The icon could not be stored just now. All that you wrote is still here: save it again in a moment.',
  longTitle: 'That is too long',
  longText: 'A title has at most 64 characters, a description 120. WeChat has room for no more.',
  code: 'Code',
};

export const SHARE_MESSAGES: Record<Language, ShareMessages> = { 'zh-CN': chinese, en: english };
