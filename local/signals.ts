/** Signals to processes that may have ended between a look at them and the signal. */

/**
 * @param pid negative: its whole group
 * @param signal 0 only asks whether it is there
 * @returns false when it has ended, or belongs to another user
 */
export const signalQuietly = (pid: number, signal: NodeJS.Signals | 0): boolean => {
  try {
    return process.kill(pid, signal);
  } catch {
    return false;
  }
};
