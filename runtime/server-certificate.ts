/** What the TLS errors of a journal or a database server mean for whoever wrote the data-plane Secret. Pure. */

const NOT_VOUCHED_FOR = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  // An authority of the same name and another key.
  'CERT_SIGNATURE_FAILURE',
]);

/** The codes of an error and of its causes, the outermost first; what is no error has none. */
const codesOf = (error: unknown, depth = 8): readonly string[] => {
  if (typeof error !== 'object' || error === null || depth === 0) return [];
  const own = 'code' in error && typeof error.code === 'string' ? [error.code] : [];
  return 'cause' in error ? [...own, ...codesOf(error.cause, depth - 1)] : own;
};

/**
 * A sentence that names the key and the remedy; undefined for an error that has nothing to do with certificates.
 *
 * @param key of the data-plane Secret, `nats-ca.crt` or `postgres-ca.crt`
 */
export const certificateProblem = (error: unknown, key: string): string | undefined => {
  for (const code of codesOf(error)) {
    if (NOT_VOUCHED_FOR.has(code)) {
      return `no authority that is known here issued the server's certificate (${code}): set ${key} of the data-plane Secret to the certificate of the one that did`;
    }
    if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
      return `the server's certificate is for other names than the one in the URL (${code}): use one of its names in the data-plane Secret`;
    }
    if (code === 'CERT_HAS_EXPIRED' || code === 'CERT_NOT_YET_VALID') {
      return `the server's certificate is out of date (${code}): renew it, see "Certificates" in the README`;
    }
  }
  return undefined;
};
