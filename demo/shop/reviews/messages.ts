import type { Language } from '../messages.ts';

const chinese = {
  writeReview: '评价晒单',
  readReview: '查看评价',
  title: '评价晒单',
  backToOrder: '返回订单',
  starsLabel: '这一单满意吗？',
  star: '星',
  stars: '星',
  ofFive: '（满分 5 星）',
  stars1: '很不满意',
  stars2: '不太满意',
  stars3: '一般',
  stars4: '满意',
  stars5: '非常满意',
  textLabel: '说说感受（选填）',
  textPlaceholder: '茶汤、香气、包装怎么样？您的感受能帮到其他茶友。',
  textMost: '最多 500 字',
  photosLabel: '晒晒照片（选填）',
  photosNeedScript: '上传照片需要启用 JavaScript。不上传照片，也可以评价。',
  photosNotLoaded: '照片上传没有加载出来。可以先不传照片，直接发表；也可以检查网络后刷新本页。',
  submit: '发表评价',
  submitNote: '评价会公开显示，但不显示您的身份和订单号。每笔订单评价一次，发表后不能修改。',

  badStarsTitle: '还没有选星星',
  badStarsText: '请选 1 到 5 颗星，再发表。',
  badTextTitle: '写得太长了',
  badTextText: '文字最多 500 字，请删减一些再发表。',
  badPhotosTitle: '有的照片不能用',
  badPhotosText: '只能用在本页上传的照片，其他的已经去掉。请核对后再发表。',
  badTooManyPhotosTitle: '照片太多了',
  badTooManyPhotosText: '最多 9 张，多出来的已经去掉。请核对后再发表。',
  goneTitle: '有的照片已经失效',
  goneText: '服务器上已经没有这些照片，可能是放得太久了。请重新添加，再发表。',
  notKeptTitle: '评价还没有发表',
  notKeptText: '照片暂时存不下来。您写的和传的都还在下面，请稍后再发表一次。',
  code: '代码',

  notYoursTitle: '只有下单的顾客可以评价',
  notYoursText: '请用下单时的手机或浏览器打开这个页面。',

  thanksTitle: '您的评价',
  thanksText: '谢谢您，茶友们都看得到了。',
  shownTitle: '顾客评价',
  continueShopping: '继续逛逛',
  seeProduct: '看看这款商品',

  photo: '顾客照片',
  removed: '照片已移除',
  latest: '顾客晒单',
  productReviews: '顾客评价',
  count: '条评价',
  countOne: '条评价',
  none: '还没有评价。买过的茶友，欢迎到“我的订单”里来晒第一单。',
};

export type ReviewMessages = Record<keyof typeof chinese, string>;

const english: ReviewMessages = {
  writeReview: 'Write a review',
  readReview: 'See the review',
  title: 'Write a review',
  backToOrder: 'Back to the order',
  starsLabel: 'How was it?',
  star: 'star',
  stars: 'stars',
  ofFive: 'out of 5',
  stars1: 'Poor',
  stars2: 'Not so good',
  stars3: 'All right',
  stars4: 'Good',
  stars5: 'Excellent',
  textLabel: 'Your thoughts (optional)',
  textPlaceholder: 'The cup, the scent, the parcel: what should others know?',
  textMost: 'At most 500 characters',
  photosLabel: 'Photos (optional)',
  photosNeedScript: 'Uploading photos needs JavaScript. You can write a review without them.',
  photosNotLoaded:
    'The photo upload did not load. You can send your review without photos, or check your connection and reload.',
  submit: 'Publish review',
  submitNote:
    'Everyone can see it, without your name or your order number. One review an order; it cannot be changed later.',

  badStarsTitle: 'No stars yet',
  badStarsText: 'Choose one to five stars, then publish.',
  badTextTitle: 'That is too long',
  badTextText: 'A review has at most 500 characters. Please shorten it, then publish.',
  badPhotosTitle: 'Some photos cannot be used',
  badPhotosText:
    'Only photos that were uploaded on this page can; the others were taken out. Please check, then publish.',
  badTooManyPhotosTitle: 'Too many photos',
  badTooManyPhotosText: 'At most nine; the rest were taken out. Please check, then publish.',
  goneTitle: 'Some photos are gone',
  goneText: 'The server no longer has them; they may have waited too long. Please add them again, then publish.',
  notKeptTitle: 'Your review is not published yet',
  notKeptText:
    'The photos could not be saved just now. All that you wrote and uploaded is still here: publish again in a moment.',
  code: 'Code',

  notYoursTitle: 'Only the customer who ordered can review this',
  notYoursText: 'Please open this page on the phone or in the browser that you ordered with.',

  thanksTitle: 'Your review',
  thanksText: 'Thank you. Everyone can see it now.',
  shownTitle: 'Customer review',
  continueShopping: 'Keep shopping',
  seeProduct: 'View product',

  photo: 'Customer photo',
  removed: 'Photo removed',
  latest: 'From our customers',
  productReviews: 'Customer reviews',
  count: 'reviews',
  countOne: 'review',
  none: 'No reviews yet. If you have bought it, be the first: you will find it under “My orders”.',
};

export const REVIEW_MESSAGES: Record<Language, ReviewMessages> = { 'zh-CN': chinese, en: english };
