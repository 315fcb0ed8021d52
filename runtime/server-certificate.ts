/** TLS errors of a journal or database server, explained for the author of the data-plane Secret. Pure. */

const UNKNOWN_ISSUER = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  // An authority with the same name and another key.
  'CERT_SIGNATURE_FAILURE',
]);

/** Codes of an error and of its causes, the outermost first. */
const codesOf = (error: unknown, depth = 8): readonly string[] => {
  if (typeof error !== 'object' || error === null || depth === 0) return [];
  const own = 'code' in error && typeof error.code === 'string' ? [error.code] : [];
  return 'cause' in error ? [...own, ...codesOf(error.cause, depth - 1)] : own;
};

/**
 * A sentence with key and remedy; undefined for an error that does not concern certificates.
 *
 * @param key of the data-plane Secret, `nats-ca.crt` or `postgres-ca.crt`
 */
export const certificateProblem = (error: unknown, key: string): string | undefined => {
  for (const code of codesOf(error)) {
    if (UNKNOWN_ISSUER.has(code)) {
      return `the server's certificate is not from an authority that is known here (${code}): set ${key} of the data-plane Secret to the certificate of the issuing authority`;
    }
    if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
      return `the server's certificate does not contain the name in the URL (${code}): write one of its names into the data-plane Secret`;
    }
    if (code === 'CERT_HAS_EXPIRED' || code === 'CERT_NOT_YET_VALID') {
      return `the server's certificate has expired or is not valid yet (${code}): renew it, see "Certificates" in the README`;
    }
  }
  return undefined;
};
