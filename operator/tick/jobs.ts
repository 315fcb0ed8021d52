/** Which Jobs there is work for. Pure. */
import type { JobName } from '../../contract/jobs.ts';
import type { Observed } from './observed.ts';

/**
 * | known of the list                  | draw       |
 * |------------------------------------|------------|
 * | nothing, or that it is not frozen  | no work    |
 * | it is frozen, and not made yet     | makes it   |
 * | it is made                         | no work    |
 *
 * Level-based: a Job that failed for good, or was deleted, is created again for as long as there is work.
 */
export const jobsWithWork = ({ freeze }: Pick<Observed, 'freeze'>): readonly JobName[] =>
  freeze?.kind === 'done' && freeze.listed === undefined ? ['draw'] : [];
