/**
 * Rejects with the signal's reason as soon as it fires. What was asked goes on unheard; `late` gets what still comes of it,
 * to give it back.
 */
export const abortable = async <T>(
  asked: Promise<T>,
  signal: AbortSignal,
  late: (value: T) => void = () => undefined,
): Promise<T> => {
  const aborted = Promise.withResolvers<never>();
  const onAbort = (): void => {
    aborted.reject(signal.reason);
    // An error that comes now has no one to handle it, and must not end the process.
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
