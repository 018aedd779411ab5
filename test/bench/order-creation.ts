import { type Peer, v2Peers, v3Peers } from './peers.ts';
import { type BenchProxy, startBenchProxy } from './proxy.ts';

const ROUNDS = 150;

/** How long an order takes at WeChat, one after the other: asked by the proxy, and by what a merchant would otherwise use. */
export async function benchOrderCreation(): Promise<void> {
  await compare('v3', v3Peers);
  await compare('v2', v2Peers);
}

async function compare(
  payApi: 'v3' | 'v2',
  peersOf: (proxy: BenchProxy) => Pick<Peer<never>, 'name' | 'createOrder'>[],
) {
  const proxy = await startBenchProxy(payApi);
  const peers = peersOf(proxy);
  const times = new Map<string, number>();
  const measure = async (name: string, work: () => Promise<unknown>) => {
    const startedAt = performance.now();
    await work();
    times.set(name, (times.get(name) ?? 0) + performance.now() - startedAt);
  };
  // In turns, so that whatever else the machine does meets all alike. The first rounds warm up.
  for (let round = -20; round < ROUNDS; round++) {
    if (round === 0) times.clear();
    for (const peer of peers) await measure(peer.name, () => peer.createOrder(`P${process.hrtime.bigint()}`));
    const { id } = await proxy.createOrder();
    await measure('the proxy, with HTTP of its own and a commit', () => proxy.startPayment(id!));
  }
  const upstream = upstreamTime(proxy);
  await proxy.stop();

  console.log(
    `\nA code for an order, version ${payApi.slice(1)}: milliseconds above WeChat's own ${upstream.toFixed(1)}`,
  );
  const added = [...times].map(([name, total]) => ({ name, milliseconds: total / ROUNDS - upstream }));
  for (const { name, milliseconds } of added) {
    const ratio = (milliseconds / added[0]!.milliseconds).toFixed(2);
    console.log(`  ${name.padEnd(58)} ${milliseconds.toFixed(1).padStart(8)} ms   ×${ratio}`);
  }
}

/** What the stand-in itself takes, on the average: by its own list of calls. */
function upstreamTime({ wechat }: BenchProxy): number {
  const calls = wechat.calls.filter(({ path }) => /\/native$|unifiedorder$/.test(path));
  return calls.reduce((sum, { ms }) => sum + ms, 0) / calls.length;
}
