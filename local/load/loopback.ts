/** The generator makes floods, so it refuses every target but this machine and, in a pod, one Service of its cluster. */

const LOOPBACK = new Set(['127.0.0.1', '[::1]', 'localhost']);

/** Origin of an http URL on this machine or of `service` (a ClusterIP). @throws Error for every other URL */
export const loopbackOrigin = (text: string, service?: string): string => {
  const url = URL.parse(text);
  if (url === null || url.protocol !== 'http:') throw new Error(`"${text}" is not an http:// address`);
  const isService =
    service !== undefined && /^10\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(service) && url.hostname === service;
  if (!LOOPBACK.has(url.hostname) && !isService) {
    throw new Error(`refusing to send load to ${url.hostname}: only 127.0.0.1, ::1 and localhost are allowed`);
  }
  return url.origin;
};
