import { type Browser, chromium, devices } from 'playwright';
import sharp from 'sharp';
import { findBrowser } from '../find-browser.ts';
import { startPageServer } from './page-server.ts';

const LOADS = 7;
/** A phone's processor is so many times slower. */
const SLOWER = 4;
/** Milliseconds, and bytes a second: what Chrome's developer tools call Fast 4G. */
const NETWORK = { offline: false, latency: 165, downloadThroughput: 8.1e6 / 8, uploadThroughput: 1.35e6 / 8 };
const PEERS = ['vant.html', 'uppy.html'];

interface Contender {
  name: string;
  page: string;
  /** Selector of where files are chosen. */
  input: string;
  /** Selector of one that was. */
  chosen: string;
}

const CONTENDERS: Contender[] = [
  {
    name: '<image-uploader>',
    page: 'image-uploader.html',
    input: 'input[type=file]',
    chosen: '[part=picture]',
  },
  {
    name: 'Vue with vant’s Uploader',
    page: 'vant.html',
    input: '.van-uploader__input',
    chosen: '.van-uploader__preview',
  },
  {
    name: 'Uppy with its Dashboard',
    page: 'uppy.html',
    input: '.uppy-Dashboard-input',
    chosen: '.uppy-Dashboard-Item',
  },
];

interface Load {
  /** Compressed: all files but the page itself. */
  bytes: number;
  /** Milliseconds from the navigation until a file can be chosen. */
  ready: number;
  /** The same, until one is shown that was chosen at that moment. */
  shown: number;
}

/** What an uploader costs a page on a phone: bytes, and time until it can be used. */
export async function benchElement(): Promise<void> {
  const server = await startPageServer(PEERS);
  const browser = await chromium.launch(await findBrowser());
  const photo = [
    ...(await sharp({ create: { width: 48, height: 32, channels: 3, background: '#c33' } })
      .jpeg()
      .toBuffer()),
  ];
  const loads = new Map(CONTENDERS.map(({ name }): [string, Load[]] => [name, []]));
  // In turns, so that whatever else the machine does meets all alike. The first round warms up.
  for (let round = 0; round <= LOADS; round++) {
    for (const contender of CONTENDERS) {
      const load = await measure(browser, server.url, contender, photo);
      if (round > 0) loads.get(contender.name)!.push(load);
    }
  }
  await browser.close();
  await server.stop();
  report(loads);
}

async function measure(browser: Browser, url: string, contender: Contender, photo: number[]): Promise<Load> {
  const context = await browser.newContext({ ...devices['Pixel 7'], locale: 'zh-CN' });
  const page = await context.newPage();
  const session = await context.newCDPSession(page);
  await session.send('Network.enable');
  await session.send('Network.emulateNetworkConditions', NETWORK);
  await session.send('Emulation.setCPUThrottlingRate', { rate: SLOWER });
  await page.addInitScript(chooseAtOnce, { ...contender, photo });
  await page.goto(`${url}/${contender.page}`);
  const load = await page.waitForFunction(() => (window as { load?: Load }).load);
  const result = (await load.jsonValue()) as Load;
  await context.close();
  return result;
}

/** Runs in the page from its beginning: a driver outside, which asks now and then, would add its own time. */
function chooseAtOnce({ input, chosen, photo }: Contender & { photo: number[] }): void {
  const find = <T extends Element>(selector: string) =>
    (document.querySelector('image-uploader')?.shadowRoot ?? document).querySelector<T>(selector);
  let ready = 0;
  const look = () => {
    const field = find<HTMLInputElement>(input);
    if (field && !ready) {
      ready = performance.now();
      const files = new DataTransfer();
      files.items.add(new File([new Uint8Array(photo)], 'photo.jpg', { type: 'image/jpeg' }));
      field.files = files.files;
      field.dispatchEvent(new Event('change', { bubbles: true }));
    }
    if (!find(chosen)) return void requestAnimationFrame(look);
    const resources = performance.getEntriesByType('resource') as PerformanceResourceTiming[];
    const files = resources.filter(({ name }) => /\.(js|css)$/.test(name));
    const bytes = files.reduce((sum, { encodedBodySize }) => sum + encodedBodySize, 0);
    Object.assign(window, { load: { bytes, ready, shown: performance.now() } });
  };
  requestAnimationFrame(look);
}

function report(loads: Map<string, Load[]>): void {
  console.log(
    '\nAn uploader in a page: bytes (gzip), time until a file can be chosen, and until it is shown (4G, slow processor)',
  );
  const rows = [...loads].map(([name, all]) => ({
    name,
    bytes: median(all.map(({ bytes }) => bytes)),
    ready: median(all.map(({ ready }) => ready)),
    shown: median(all.map(({ shown }) => shown)),
  }));
  const [first] = rows;
  const column = (amount: string, value: number, reference: number) =>
    `${amount.padStart(12)}   ×${(value / reference).toFixed(2)}`;
  for (const { name, bytes, ready, shown } of rows) {
    const columns = [
      column(`${(bytes / 1e3).toFixed(1)} kB`, bytes, first!.bytes),
      column(`${ready.toFixed(0)} ms`, ready, first!.ready),
      column(`${shown.toFixed(0)} ms`, shown, first!.shown),
    ];
    console.log(`  ${name.padEnd(28)}${columns.join('')}`);
  }
}

function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
}

if (import.meta.main) await benchElement();
