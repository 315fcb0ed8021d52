/** How a pod reads the stocks: within its share, or, of a channel that is stopped, within the share to look. */
import { describe, expect, it } from '@jest/globals';
import { createStockReader } from '../../../app/issuance/stocks.ts';
import type { OutsideBlock } from '../../../contract/outside/outside.ts';
import { ISSUANCE } from '../../helpers/issuance-campaign.ts';

const [wechat] = ISSUANCE.channels;
if (wechat === undefined) throw new Error('no channel');
const { signal } = new AbortController();

const aLane = (name: string, block: () => OutsideBlock | undefined, turns: string[]) => ({
  name,
  blocked: block,
  turn: async () => {
    if (block() !== undefined) return false;
    turns.push(name);
    return true;
  },
  sent: () => undefined,
});

/** @returns the lanes of the requests that were sent, and what was shown */
const read = async (usual: OutsideBlock | undefined, look: OutsideBlock | undefined) => {
  const turns: string[] = [];
  const shown: string[] = [];
  const reader = createStockReader({
    current: () => [
      {
        spec: wechat,
        client: {
          channel: 'wechat',
          issue: () => Promise.reject(new Error('a voucher')),
          query: () => Promise.reject(new Error('a query')),
          stock: async () => ({ kind: 'stock', state: { faceValueFen: 5_000, isRunning: true } }),
        },
        lane: aLane('usual', () => usual, turns),
        lookLane: aLane('look', () => look, turns),
      },
    ],
    metrics: {
      stock: (_channel, _voucher, field, value) => void (value === undefined || shown.push(`${field} ${value}`)),
      readAt: () => void shown.push('read'),
    },
    monotonicMs: () => 0,
  });
  await reader(signal);
  return { turns, shown };
};

describe('a pod reads the stocks', () => {
  it.each<[string, OutsideBlock | undefined, OutsideBlock | undefined, readonly string[]]>([
    ['within its share', undefined, 'no_share', ['usual']],
    ['within the share to look, where the channel is stopped', 'no_share', undefined, ['look']],
    ['not without any', 'no_share', 'no_share', []],
    ['not of a channel that fails', 'failing', undefined, []],
  ])('%s', async (_, usual, look, turns) => {
    const found = await read(usual, look);
    expect(found.turns).toEqual(turns);
    expect(found.shown).toEqual(turns.length === 0 ? [] : ['face_value_fen 5000', 'running 1', 'read']);
  });
});
