let count = 0n;

/** Ids of messages: 64 bits, and odd where a JavaScript number can only be even, so that one which rounds them is found out. */
export function messageId(seconds: number): bigint {
  count += 2n;
  return BigInt(seconds) * 1_000_000_000n + (count % 1_000_000_000n) + 1n;
}
