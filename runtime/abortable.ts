/** Rejects with the signal's reason as soon as it fires. A result that arrives later goes to `late`, which can release it. */
export const abortable = async <T>(
  asked: Promise<T>,
  signal: AbortSignal,
  late: (value: T) => void = () => undefined,
): Promise<T> => {
  const aborted = Promise.withResolvers<never>();
  const onAbort = (): void => {
    aborted.reject(signal.reason);
    // A late error has no handler, and must not end the process.
    asked.then(late, () => undefined);
  };
  if (signal.aborted) onAbort();
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([aborted.promise, asked]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
};
