import type { ComparisonReport } from '../../contract/compare.ts';

/** Everything is compared, and nothing differs. */
export const AGREEING: ComparisonReport = {
  watermarks: Array.from({ length: 8 }, () => Number.MAX_SAFE_INTEGER),
  roundAtMs: 0,
  buckets: 0,
  rows: [],
  suspected: 0,
};
