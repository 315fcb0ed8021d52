/**
 * Signals a process that may have ended.
 *
 * @param pid negative: its whole group
 * @param signal 0 only checks whether it exists
 * @returns false when it has ended, or belongs to another user
 */
export const signalQuietly = (pid: number, signal: NodeJS.Signals | 0): boolean => {
  try {
    return process.kill(pid, signal);
  } catch {
    return false;
  }
};
