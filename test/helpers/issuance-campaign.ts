/** A campaign that issues vouchers, from its announced draw on; a test sets only what differs. */

import type { IssuanceStart } from '../../contract/decisions/control.ts';
import type { DrawStep } from '../../contract/decisions/draw.ts';
import { type ChainEntry, type ChainState, chainState } from '../../contract/decisions/draw-chain.ts';
import type { StockReading } from '../../contract/outside/books.ts';
import type { VoucherCampaign, VoucherCampaignSpec } from '../../contract/types/campaign.ts';
import type { IssuanceJournal } from '../../journal/freeze/issuance-journal.ts';
import { aCampaign, CLOSES_AT_MS, DRAW } from './a-campaign.ts';

const HEX = 'ab'.repeat(32);
const { campaignId } = aCampaign().spec;

const channel = (name: 'wechat' | 'alipay', merchant: string) =>
  ({
    name,
    merchant,
    appId: `app-${name}`,
    requestsPerSecond: 100,
    timeZone: 'Asia/Shanghai',
    stocks: [{ voucher: 'dining-50', stock: `stock-${name}` }],
  }) as const;

export const ISSUANCE: NonNullable<VoucherCampaignSpec['issuance']> = {
  secretName: 'voucher-issuance',
  channels: [channel('wechat', '1900000109'), channel('alipay', '2021000000000000')],
};

export const anIssuingCampaign = (
  annotations: Readonly<Record<string, string>> = {},
  changes: { readonly spec?: Partial<VoucherCampaignSpec>; readonly status?: VoucherCampaign['status'] } = {},
): VoucherCampaign => {
  const { scaling: _, ...spec } = changes.spec ?? {};
  return aCampaign({
    metadata: { annotations },
    spec: { issuance: ISSUANCE, draw: { ...DRAW, sources: [{ name: 'drand', type: 'Drand' }] }, ...spec },
    ...(changes.status === undefined ? {} : { status: changes.status }),
  });
};

/** Of dining-50, as `spec.vouchers` has it. */
export const aStock = (name: 'wechat' | 'alipay', atMs: number, changes: Partial<StockReading> = {}): StockReading => ({
  channel: name,
  voucher: 'dining-50',
  atMs,
  faceValueFen: 5_000,
  minimumSpendFen: 10_000,
  total: 1_000,
  issued: 0,
  isRunning: true,
  ...changes,
});

const stepsOf = (atMs: number, winners: number): readonly DrawStep[] => {
  const at = new Date(atMs).toISOString();
  const head = { v: 1, campaignId, at, attempt: 1 } as const;
  return [
    {
      ...head,
      step: 'committed',
      digest: HEX,
      authorizedBy: 'owner',
      commitment: {
        alg: 'vcdraw1',
        campaignUid: campaignId,
        attempt: 1,
        vouchers: [{ voucher: 'dining-50', n: winners, k: winners, waitlist: 0, listDigest: HEX, merkleRoot: HEX }],
        sources: [{ name: 'drand', type: 'Drand', chain: HEX, round: 7 }],
        notBefore: new Date(atMs + 1).toISOString(),
        postponeAt: new Date(atMs + 60_000).toISOString(),
      },
    },
    { ...head, step: 'sourced', sources: [{ name: 'drand', hex: HEX, signature: 'cd'.repeat(48) }] },
    {
      ...head,
      step: 'drawn',
      digest: HEX,
      vouchers: [{ voucher: 'dining-50', seed: HEX, cutoff: HEX, winners, waitlisted: 0, resultDigest: HEX }],
    },
    { ...head, step: 'announced', won: winners, waitlisted: 0 },
  ];
};

/** The draw's steps up to its announcement, or to an earlier one. */
export const drawnEntries = (winners = 3, steps = 4, atMs = CLOSES_AT_MS + 60_000): readonly ChainEntry[] =>
  stepsOf(atMs, winners)
    .slice(0, steps)
    .map((step, index) => ({ sequence: index + 1, storedAtMs: atMs + index, step }));

export const drawnChain = (winners?: number, steps?: number): ChainState =>
  chainState(campaignId, drawnEntries(winners, steps));

/** The entry `issuance` in memory, appended once. */
export class FakeIssuanceJournal {
  entry: IssuanceStart | undefined;
  appends = 0;
  created: readonly string[] = ['t0', 't1', 't2'];
  failure: Error | undefined;

  access(): IssuanceJournal {
    const answer = <T>(value: () => T): Promise<T> => {
      if (this.failure !== undefined) return Promise.reject(this.failure);
      return Promise.resolve(value());
    };
    return {
      started: () => answer(() => this.entry),
      streams: (_, shards) => answer(() => this.created.slice(0, shards)),
      start: (start) =>
        answer(() => {
          this.appends += 1;
          this.entry ??= start;
          return this.entry;
        }),
    };
  }
}

export const aStart = (changes: Partial<IssuanceStart> = {}): IssuanceStart => ({
  v: 1,
  campaignId,
  at: '2020-09-25T12:00:00.000Z',
  by: 'owner',
  format: 'vi1',
  channels: [],
  streams: ['t0', 't1', 't2'],
  queryFirst: false,
  ...changes,
});
