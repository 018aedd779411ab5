import type { Language, Translated } from './messages.ts';

/** What the shop sells. The price is what the customer pays: nothing that a browser sends can change it. */
export interface Product {
  /** Also the name of its picture: `pictures/<id>.svg`. */
  id: string;
  /** Fen for one. */
  price: number;
  name: Translated;
  /** What one is: a tin, a box. */
  unit: Translated;
  summary: Translated;
  story: Translated;
  facts: { label: Translated; value: Translated }[];
}

const ORIGIN: Translated = { 'zh-CN': '产地', en: 'Origin' };
const BREWING: Translated = { 'zh-CN': '冲泡', en: 'Brewing' };
const CONTENTS: Translated = { 'zh-CN': '规格', en: 'Contents' };

export const CATALOGUE: readonly Product[] = [
  {
    id: 'longjing',
    price: 128_00,
    name: { 'zh-CN': '明前龙井', en: 'First-Flush Longjing' },
    unit: { 'zh-CN': '50 克 / 罐', en: '50 g tin' },
    summary: {
      'zh-CN': '清明前手采，豆香里有一丝兰花气',
      en: 'Hand-picked before Qingming; chestnut with a hint of orchid',
    },
    story: {
      'zh-CN': '每年只收清明前十天的芽叶，当天采、当天炒。汤色嫩绿，入口清鲜，咽下去才慢慢泛起甜。',
      en: 'We buy only ten days of the year: the buds picked just before Qingming, pan-fired the same evening. A pale green cup, fresh at first, with a sweetness that comes late and stays.',
    },
    facts: [
      { label: ORIGIN, value: { 'zh-CN': '浙江杭州', en: 'Hangzhou, Zhejiang' } },
      { label: BREWING, value: { 'zh-CN': '3 克，85 ℃，1 分钟起', en: '3 g at 85 °C, from one minute' } },
      { label: CONTENTS, value: { 'zh-CN': '马口铁罐装 50 克', en: '50 g in a tin' } },
    ],
  },
  {
    id: 'guihua-oolong',
    price: 68_00,
    name: { 'zh-CN': '桂花乌龙', en: 'Osmanthus Oolong' },
    unit: { 'zh-CN': '80 克 / 罐', en: '80 g tin' },
    summary: {
      'zh-CN': '鲜桂花窨了三遍，甜而不腻',
      en: 'Scented three times with fresh blossom; sweet, never cloying',
    },
    story: {
      'zh-CN': '秋天桂花开得最盛的那一周，一层花一层茶，窨足三遍再筛去花瓣。凉了喝，像一勺桂花蜜。',
      en: 'In the one week when the osmanthus is at its best, leaf and blossom are layered three times over, then the petals are sieved out. Let it cool: it tastes of honey.',
    },
    facts: [
      { label: ORIGIN, value: { 'zh-CN': '福建安溪', en: 'Anxi, Fujian' } },
      { label: BREWING, value: { 'zh-CN': '5 克，95 ℃，30 秒起', en: '5 g at 95 °C, from 30 seconds' } },
      { label: CONTENTS, value: { 'zh-CN': '木盖罐装 80 克', en: '80 g in a tin with a wooden lid' } },
    ],
  },
  {
    id: 'white-tea-cake',
    price: 158_00,
    name: { 'zh-CN': '陈年白茶饼', en: 'Aged White Tea Cake' },
    unit: { 'zh-CN': '100 克 / 饼', en: '100 g cake' },
    summary: { 'zh-CN': '六年陈，枣香，越煮越厚', en: 'Six years old; dates and warm wood, best simmered' },
    story: {
      'zh-CN': '春末的白牡丹，日晒萎凋，压饼后在老仓里放了六年。先泡后煮，煮到第三壶，枣香才真正出来。',
      en: 'White Peony from late spring, withered in the sun, pressed, and left in our old storehouse for six years. Steep it first, then simmer it: by the third pot it is all dates.',
    },
    facts: [
      { label: ORIGIN, value: { 'zh-CN': '福建福鼎', en: 'Fuding, Fujian' } },
      {
        label: BREWING,
        value: { 'zh-CN': '5 克，沸水；或小火煮 5 分钟', en: '5 g, boiling; or simmer for five minutes' },
      },
      { label: CONTENTS, value: { 'zh-CN': '棉纸包饼 100 克', en: '100 g cake in cotton paper' } },
    ],
  },
  {
    id: 'citrus-cold-brew',
    price: 39_80,
    name: { 'zh-CN': '鲜橙冷泡茶', en: 'Orange Cold Brew' },
    unit: { 'zh-CN': '12 包 / 袋', en: 'pouch of 12 bags' },
    summary: { 'zh-CN': '丢进凉水，六小时后就是夏天', en: 'Drop into cold water; six hours later it is summer' },
    story: {
      'zh-CN': '轻焙乌龙配冻干橙片，茶包是玉米纤维的，凉水里也能出味。睡前放进冰箱，早上带走。',
      en: 'Lightly roasted oolong with freeze-dried orange, in corn-fibre bags that give their flavour to cold water. Leave it in the fridge overnight and take it with you.',
    },
    facts: [
      { label: ORIGIN, value: { 'zh-CN': '福建漳州 · 四川眉山', en: 'Zhangzhou, Fujian · Meishan, Sichuan' } },
      { label: BREWING, value: { 'zh-CN': '1 包，500 毫升凉水，6 小时', en: 'One bag, 500 ml cold water, six hours' } },
      { label: CONTENTS, value: { 'zh-CN': '5 克 × 12 包', en: '12 bags of 5 g' } },
    ],
  },
  {
    id: 'celadon-gaiwan',
    price: 188_00,
    name: { 'zh-CN': '梅子青盖碗', en: 'Celadon Gaiwan' },
    unit: { 'zh-CN': '150 毫升 / 套', en: '150 ml set' },
    summary: { 'zh-CN': '撇口、厚釉，不烫手', en: 'Flared rim and thick glaze; kind to the fingers' },
    story: {
      'zh-CN': '手工拉坯，一千三百度还原烧成。釉色像雨后的梅子，口沿外撇，出汤利落，新手也端得住。',
      en: 'Thrown by hand and fired in reduction at 1,300 °C. A glaze the green of plums after rain, and a rim that flares enough to pour cleanly without burning a beginner’s fingers.',
    },
    facts: [
      { label: ORIGIN, value: { 'zh-CN': '浙江龙泉', en: 'Longquan, Zhejiang' } },
      {
        label: { 'zh-CN': '养护', en: 'Care' },
        value: { 'zh-CN': '温水清洗，勿进洗碗机', en: 'Wash by hand in warm water' },
      },
      { label: CONTENTS, value: { 'zh-CN': '盖、碗、托一套', en: 'Lid, bowl and saucer' } },
    ],
  },
  {
    id: 'tasting-box',
    price: 19_90,
    name: { 'zh-CN': '四季茶样', en: 'Four Seasons Tasting Box' },
    unit: { 'zh-CN': '4 泡 / 盒', en: 'box of 4' },
    summary: { 'zh-CN': '春夏秋冬各一泡，先尝再选', en: 'One tea for each season: taste first, choose later' },
    story: {
      'zh-CN': '龙井、冷泡、桂花乌龙、白茶各一泡，附一张手写的冲泡卡。不知道从哪里喝起，就从这里。',
      en: 'Longjing, cold brew, osmanthus oolong and white tea, one serving of each, with a brewing card. If you don’t know where to begin, begin here.',
    },
    facts: [
      { label: CONTENTS, value: { 'zh-CN': '5 克 × 4 泡', en: 'Four servings of 5 g' } },
      { label: BREWING, value: { 'zh-CN': '见盒内冲泡卡', en: 'See the card in the box' } },
    ],
  },
];

/** The most of one product that an order may hold. */
export const MAX_QUANTITY = 9;

export function findProduct(id: string | undefined): Product | undefined {
  return CATALOGUE.find((product) => product.id === id);
}

/** `1`, `2`, … `MAX_QUANTITY`, or `undefined` for anything else. */
export function parseQuantity(text: string | undefined): number | undefined {
  if (!text || !/^[1-9]\d?$/.test(text)) return undefined;
  const quantity = Number(text);
  return quantity <= MAX_QUANTITY ? quantity : undefined;
}

/** What the payer reads on WeChat's pay sheet: the shop, then the goods. */
export function describePurchase(product: Product, quantity: number, shopName: string, language: Language): string {
  const goods = `${product.name[language]} × ${quantity}`;
  return language === 'en' ? `${shopName}: ${goods}` : `${shopName}-${goods}`;
}
