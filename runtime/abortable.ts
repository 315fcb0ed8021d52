/** Rejects with the signal's reason as soon as it fires; what was asked goes on unheard. */
export const abortable = async <T>(asked: Promise<T>, signal: AbortSignal): Promise<T> => {
  signal.throwIfAborted();
  const aborted = Promise.withResolvers<never>();
  const onAbort = (): void => aborted.reject(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([asked, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
    // Its answer may still come, as an error that nobody waits for.
    asked.catch(() => undefined);
  }
};
