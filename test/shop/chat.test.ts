import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Demo, startDemo } from '../../demo/start.ts';
import { eventually } from '../proxy/harness.ts';

let demo: Demo;
before(async () => {
  demo = await startDemo({ wechatPort: 0, proxyPort: 0, shopPort: 0 });
});
after(() => demo?.stop());

const follower = () => demo.wechat.control.users[0]!.openid;
const stranger = () => demo.wechat.control.users[1]!.openid;

async function tablesPage() {
  const headers = { 'accept-language': 'en' };
  const page = await (await fetch(`${demo.shop.url}/office/tables`, { headers })).text();
  return {
    codes: [...page.matchAll(/http:\/\/weixin\.qq\.com\/q\/\w+/g)].map(([url]) => url),
    pictures: [...page.matchAll(/src="([^"]+ticket=[^"]+)"/g)].map(([, url]) => url!.replaceAll('&amp;', '&')),
    scans: [...page.matchAll(/table-scans">([^<]+)/g)].map(([, text]) => text!.trim()),
  };
}

test('who asks for the menu gets an article with a picture that there is', async () => {
  const reply = await demo.wechat.control.say(follower(), { type: 'text', content: '今天有什么菜单？' });

  assert.ok(reply?.type === 'news' && reply.articles.length === 1);
  const { picUrl, url } = reply.articles[0]!;
  assert.equal((await fetch(picUrl)).headers.get('content-type'), 'image/jpeg');
  assert.equal((await fetch(url)).status, 200);
});

test('every message is answered, in Chinese or English', async () => {
  const { control } = demo.wechat;
  const say = async (content: string) => control.say(follower(), { type: 'text', content });

  assert.match(JSON.stringify(await say('Where are my orders?')), /my_orders/);
  assert.deepEqual(await say('人工'), { type: 'transfer_customer_service' });
  assert.match(JSON.stringify(await say('<b>&"')), /菜单.*menu/);
});

test('the codes of the tables have pictures, and their scans are counted', async () => {
  const { codes, pictures } = await tablesPage();
  assert.equal(new Set(codes).size, 4);
  for (const picture of pictures) {
    const response = await fetch(picture);
    assert.equal(response.status, 200);
    assert.match(response.headers.get('content-type') ?? '', /^image\//);
  }
  const { control } = demo.wechat;
  control.signIn('phone-of-a-stranger', stranger());

  assert.equal((await control.scan(codes[2]!)).kind, 'chat');
  const scan = await control.scan(codes[2]!, { phone: 'phone-of-a-stranger' });
  assert.ok(scan.kind === 'follow-page');
  await control.follow(stranger(), { ticket: scan.ticket });

  await eventually(
    async () => (await tablesPage()).scans[2]?.startsWith('Scanned 2 times, 1 new followers'),
    'counted',
  );
  const welcome = control.chat(stranger()).map((entry) => JSON.stringify(entry));
  assert.ok(
    welcome.some((entry) => entry.includes('您在 3 号桌')),
    welcome.join(),
  );
});
