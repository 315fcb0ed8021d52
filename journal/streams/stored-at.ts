/**
 * The reply subject of a delivered message (ADR-15) says where it stands, and when the journal stored it, by the clock of
 * the server that led the shard then. That is stored with the message, so it is the same at every delivery, from every
 * replica and in every replay: `$JS.ACK.<stream>.<consumer>.<delivered>.<sequence>.<of the consumer>.<nanoseconds>.…`, or
 * with a domain and an account before the stream, which makes it eleven tokens or more.
 */
export interface Position {
  readonly deliveryCount: number;
  readonly sequence: number;
  readonly storedAtMs: number;
}

/** A number of JavaScript does not hold that many digits, and every reader must come to the same millisecond. */
export const storedAtMsOf = (nanoseconds: bigint): number => Number(nanoseconds / 1_000_000n);

/** @throws Error for a message that no consumer delivered */
export const positionOf = (reply: string | undefined): Position => {
  const tokens = (reply ?? '').split('.');
  const [delivered, sequence, , nanoseconds] = tokens.slice(tokens.length >= 11 ? 6 : 4);
  if (!/^\d+$/.test(sequence ?? '') || !/^\d+$/.test(nanoseconds ?? '')) {
    throw new Error('a message does not say where it stands and when it was stored: no consumer delivered it');
  }
  return {
    deliveryCount: Number(delivered),
    sequence: Number(sequence),
    storedAtMs: storedAtMsOf(BigInt(nanoseconds ?? '')),
  };
};
