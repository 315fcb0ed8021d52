/** Words for the waiting room. Pure. */
import type { WaitingStatus } from '../../contract/types/status.ts';
import { count } from '../words.ts';

/** Of round numbers: 60 s, 2 min, 4 h. */
const round = (seconds: number): string => {
  if (seconds < 120) return `${seconds} s`;
  return seconds < 7_200 ? `${seconds / 60} min` : `${seconds / 3_600} h`;
};

/** `about 180,000 citizens wait; 1,900/s are served, the last in at most 2 min`. */
export const waitingRoomText = ({ citizens, ratePerSecond, longestSeconds }: WaitingStatus): string => {
  const served = ratePerSecond === 0 ? 'no one is served now' : `${count(ratePerSecond)}/s are served`;
  const last = longestSeconds === undefined ? '' : `, the last in at most ${round(longestSeconds)}`;
  return `about ${count(citizens)} citizens wait; ${served}${last}`;
};
