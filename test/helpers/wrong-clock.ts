/** `NODE_OPTIONS` for a process whose wall clock is so many seconds ahead; its monotonic clock is as it should be. */
export const wrongClockOptions = (aheadSeconds: number): string =>
  `--import data:text/javascript,const%20now=Date.now;Date.now=()=>now()+(${aheadSeconds * 1000})`;
