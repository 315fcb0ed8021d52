/**
 * Reads the channels' own numbers of each stock, for the operator: before issuance starts and while it goes on
 * (ISSUANCE_METRICS). Each reading is a request in this pod's turn.
 */
import type { Channel } from '../../contract/envelope.ts';
import type { StockField } from '../../contract/outside/issuance.ts';
import type { IssuanceChannel } from '../../contract/types/issuance.ts';
import type { System } from '../outside/follow.ts';
import type { Sent } from '../outside/lane.ts';
import type { ChannelClient, StockAnswer, StockState } from './ports.ts';

export interface StockMetrics {
  /** @param value undefined: the channel does not tell it */
  stock(channel: Channel, voucher: string, field: StockField, value: number | undefined): void;
  /** All stocks of the channel were read. */
  readAt(channel: Channel): void;
}

type Reached = Pick<System<IssuanceChannel, ChannelClient>, 'spec' | 'client' | 'lane' | 'lookLane'>;

export interface StocksDeps {
  readonly current: () => readonly Reached[];
  readonly metrics: StockMetrics;
  readonly monotonicMs: () => number;
}

const EVERY_MS = 30_000;

const SENT: Readonly<Record<StockAnswer['kind'], Sent>> = {
  stock: 'answered',
  unknown: 'retry',
  throttled: 'retry',
  quota: 'quota',
  refused: 'refused',
};

const fieldsOf = ({ faceValueFen, minimumSpendFen, total, issued, isRunning }: StockState) =>
  [
    ['face_value_fen', faceValueFen],
    ['minimum_spend_fen', minimumSpendFen],
    ['total', total],
    ['issued', issued],
    ['running', isRunning ? 1 : 0],
  ] as const satisfies readonly (readonly [StockField, number | undefined])[];

/** Called again and again, never twice at once: reads the channels that were not read for 30 s, and can be asked now. */
export const createStockReader = ({ current, metrics, monotonicMs }: StocksDeps) => {
  const readAtMs = new Map<string, number>();

  const read = async ({ spec, client, lane: usual, lookLane }: Reached, signal: AbortSignal): Promise<void> => {
    const beganMs = monotonicMs();
    for (const { voucher, stock } of spec.stocks) {
      // Of a channel that is stopped one pod reads the stocks, so that the stop can end.
      const lane = usual.blocked() === 'no_share' ? lookLane : usual;
      if (!(await lane.turn(signal))) return;
      const answer = await client.stock(stock, signal).catch((error: unknown) => {
        lane.sent('retry');
        throw error;
      });
      lane.sent(SENT[answer.kind]);
      if (answer.kind !== 'stock') return;
      for (const [field, value] of fieldsOf(answer.state)) metrics.stock(spec.name, voucher, field, value);
    }
    // Edited meanwhile: these may be other stocks than those that are stated now.
    if (!current().some((one) => one.spec === spec)) return;
    readAtMs.set(spec.name, beganMs);
    metrics.readAt(spec.name);
  };

  return async (signal: AbortSignal): Promise<void> => {
    const due = current().filter(({ spec }) => monotonicMs() - (readAtMs.get(spec.name) ?? -EVERY_MS) >= EVERY_MS);
    const results = await Promise.allSettled(due.map((one) => read(one, signal)));
    const failed = results.find((one) => one.status === 'rejected');
    if (failed !== undefined && !signal.aborted) throw failed.reason;
  };
};
