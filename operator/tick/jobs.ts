/** Which Jobs there is work for. Pure. */
import type { JobName } from '../../contract/jobs.ts';
import type { CampaignTimes, Observed } from './observed.ts';

/**
 * | known of the list                  | draw       | compare            |
 * |------------------------------------|------------|--------------------|
 * | nothing                            | no work    | no work            |
 * | that it is not frozen              | no work    | from opening on    |
 * | it is frozen, and not made yet     | makes it   | from opening on    |
 * | it is made                         | no work    | no work: it ends by itself |
 *
 * Level-based: a Job that failed for good, or was deleted, is created again for as long as there is work.
 */
export const jobsWithWork = (
  { freeze }: Pick<Observed, 'freeze'>,
  { opensAtMs }: Pick<CampaignTimes, 'opensAtMs'>,
  nowMs: number,
): readonly JobName[] => {
  if (freeze === undefined) return [];
  const isListed = freeze.kind === 'done' && freeze.listed !== undefined;
  return [
    ...(freeze.kind === 'done' && !isListed ? (['draw'] as const) : []),
    ...(!isListed && nowMs >= opensAtMs ? (['compare'] as const) : []),
  ];
};
