/** Runs what it is given, so many at a time; the rest waits in line. */
export const atMost = (limit: number): (<T>(work: () => Promise<T>) => Promise<T>) => {
  let running = 0;
  const line: (() => void)[] = [];
  return async (work) => {
    if (running >= limit) await new Promise<void>((resolve) => line.push(resolve));
    else running += 1;
    try {
      return await work();
    } finally {
      // Handed over, so that nobody slips in between.
      const next = line.shift();
      if (next === undefined) running -= 1;
      else next();
    }
  };
};
