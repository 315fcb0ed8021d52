/**
 * The reply subject of a delivered message (ADR-15) contains its position, and when the journal stored it by the clock of the
 * shard's leader. Both are stored with the message, so they are the same at every delivery and in every replay: `$JS.ACK.<stream>.<consumer>.<delivered>.<sequence>.<of the consumer>.<nanoseconds>.…`, or
 * with a domain and an account before the stream, which makes it eleven tokens or more.
 */
export interface Position {
  readonly deliveryCount: number;
  readonly sequence: number;
  readonly storedAtMs: number;
}

/** A JavaScript number can't hold that many digits, and every reader must get the same millisecond. */
export const storedAtMsOf = (nanoseconds: bigint): number => Number(nanoseconds / 1_000_000n);

/** @throws Error for a message that no consumer delivered */
export const positionOf = (reply: string | undefined): Position => {
  const tokens = (reply ?? '').split('.');
  const [delivered, sequence, , nanoseconds] = tokens.slice(tokens.length >= 11 ? 6 : 4);
  if (!/^\d+$/.test(sequence ?? '') || !/^\d+$/.test(nanoseconds ?? '')) {
    throw new Error('a message without position and time: no consumer delivered it');
  }
  return {
    deliveryCount: Number(delivered),
    sequence: Number(sequence),
    storedAtMs: storedAtMsOf(BigInt(nanoseconds ?? '')),
  };
};
