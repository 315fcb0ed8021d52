import { describe, expect, it } from '@jest/globals';
import { storeError } from '../../../app/store/errors.ts';
import { driverAccess } from '../../../app/store/pool.ts';

const URL_TEXT = 'postgres://u:p@db:5432/x';

describe('a database with an authority of its own', () => {
  it('is asked for TLS by that authority, whatever the URL says of TLS', () => {
    for (const query of ['', '?sslmode=require', '?sslmode=no-verify&sslrootcert=/nowhere', '?ssl=true']) {
      expect(driverAccess({ connectionString: `${URL_TEXT}${query}`, ca: 'PEM' })).toEqual({
        connectionString: URL_TEXT,
        ssl: { ca: 'PEM', rejectUnauthorized: true },
      });
    }
  });

  it('can’t be one that is to be spoken to in plain text', () => {
    expect(() => driverAccess({ connectionString: `${URL_TEXT}?sslmode=disable`, ca: 'PEM' })).toThrow(
      /postgres-url has sslmode=disable, but postgres-ca\.crt is set/,
    );
  });

  it('and one without is left to its URL', () => {
    const connectionString = `${URL_TEXT}?sslmode=verify-full`;
    expect(driverAccess({ connectionString })).toEqual({ connectionString });
  });
});

describe('the error of a store', () => {
  it.each([
    ['that wants TLS', '28000', 'no pg_hba.conf entry for host "10.0.0.1", user "u", database "x", no encryption'],
    ['by an unknown authority', 'SELF_SIGNED_CERT_IN_CHAIN', 'self-signed certificate in certificate chain'],
  ])('%s names the key to set', (_, code, message) => {
    const { cause } = storeError('migrate', Object.assign(new Error(message), { code }));
    expect(String(cause)).toMatch(/set postgres-ca\.crt of the data-plane Secret/);
  });

  it('of another kind is handed on as it is', () => {
    const refused = Object.assign(new Error('no'), { code: '28P01' });
    expect(storeError('migrate', refused).cause).toBe(refused);
  });
});
