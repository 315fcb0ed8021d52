/** The generator makes floods: it refuses every target that is not this machine. */

const LOOPBACK = new Set(['127.0.0.1', '[::1]', 'localhost']);

/** Origin of an http URL on this machine; throws for everything else. */
export const loopbackOrigin = (text: string): string => {
  const url = URL.parse(text);
  if (url === null || url.protocol !== 'http:') throw new Error(`"${text}" is no http:// address`);
  if (!LOOPBACK.has(url.hostname)) {
    throw new Error(`refusing to send load to ${url.hostname}: only 127.0.0.1, ::1 and localhost are allowed`);
  }
  return url.origin;
};
