/** Writes a run for `kubectl voucher dashboard --replay`: each second what has changed of the campaign. */
import { appendFileSync } from 'node:fs';
import { changedFields, headerLine, type RecordingLine } from '../../cli/dashboard/recording.ts';
import { defined } from '../../contract/defined.ts';
import { TIERS } from '../../contract/tiers.ts';
import type { VoucherCampaignStatus } from '../../contract/types/campaign.ts';
import type { StackSnapshot } from '../stack.ts';

export type Recorder = (snapshot: StackSnapshot, answerP99Ms: number | undefined) => void;

const wantedOf = ({ tiers }: StackSnapshot): Readonly<Record<string, number>> =>
  Object.fromEntries(
    TIERS.flatMap((tier) => {
      const wanted = tiers[tier]?.wanted;
      return wanted === undefined ? [] : [[tier, wanted]];
    }),
  );

/** @param write gets one line of JSON at a time */
export const createRecorder = (write: (line: string) => void): Recorder => {
  let before: { readonly status: VoucherCampaignStatus; readonly plans: string; readonly wanted: string } | undefined;
  return (snapshot, answerP99Ms) => {
    const { atMs, campaign, plans } = snapshot;
    const { status = {}, ...unchanging } = campaign;
    if (before === undefined) write(JSON.stringify(headerLine('demo', unchanging)));
    const wanted = wantedOf(snapshot);
    const now = { status, plans: JSON.stringify(plans), wanted: JSON.stringify(wanted) };
    const line: RecordingLine = {
      atMs,
      ...defined({
        status: changedFields(before?.status ?? {}, status),
        plans: before?.plans === now.plans ? undefined : plans,
        wanted: before?.wanted === now.wanted ? undefined : wanted,
        answerP99Ms,
      }),
    };
    before = now;
    write(JSON.stringify(line));
  };
};

/** Each line is on disk at once: a run that is killed leaves its seconds. */
export const recordTo = (file: string): Recorder => createRecorder((line) => appendFileSync(file, `${line}\n`));
