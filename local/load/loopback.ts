/**
 * The generator makes floods: it refuses every target that is not this machine. In a pod it is given one Service of its
 * own cluster by whoever made both.
 */

const LOOPBACK = new Set(['127.0.0.1', '[::1]', 'localhost']);

/** Origin of an http URL on this machine, or of `service` (the address of a ClusterIP); throws for everything else. */
export const loopbackOrigin = (text: string, service?: string): string => {
  const url = URL.parse(text);
  if (url === null || url.protocol !== 'http:') throw new Error(`"${text}" is no http:// address`);
  const isService =
    service !== undefined && /^10\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(service) && url.hostname === service;
  if (!LOOPBACK.has(url.hostname) && !isService) {
    throw new Error(`refusing to send load to ${url.hostname}: only 127.0.0.1, ::1 and localhost are allowed`);
  }
  return url.origin;
};
