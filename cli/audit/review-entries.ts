/** Looks and decisions of reviewers, for auditors. Pure. */
import { z } from 'zod';
import { parseUntrusted } from '../../contract/untrusted.ts';
import { columns } from '../words.ts';

const entry = z.object({
  at: z.string(),
  by: z.string(),
  action: z.string(),
  receipt: z.string(),
  reason: z.string().optional(),
});
type Entry = z.infer<typeof entry>;

/** @throws Error for a line that can't be read: an entry must not be missing without a word */
export const reviewEntries = (lines: readonly string[]): readonly Entry[] =>
  lines.map((line) => {
    const read = parseUntrusted(entry, line);
    if (read === undefined) throw new Error(`an entry of a review can't be read: ${line.slice(0, 80)}`);
    return read;
  });

export const reviewsText = (campaignId: string, entries: readonly Entry[]): string => {
  if (entries.length === 0) return `${campaignId}: there are no entries of reviews.\n`;
  const rows = entries.map(({ at, by, action, receipt, reason = '' }) => [at, by, action, receipt, reason]);
  return `${columns([['TIME', 'WHO', 'ACTION', 'RECEIPT', 'REASON'], ...rows])}Times are UTC. An entry is stored before its decision: of two decisions on one receipt, the receipt shows which one counts.\n`;
};
