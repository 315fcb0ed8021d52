import { describe, expect, it } from '@jest/globals';
import { askedOf } from '../../../operator/setup/answers.ts';

describe('the database that is asked', () => {
  const cases: Record<string, [string, string, number]> = {
    'has a name': ['voucher-postgres.system.svc:5432', 'voucher-postgres.system.svc', 5432],
    'has an address of IPv4': ['10.0.0.7:5432', '10.0.0.7', 5432],
    'has an address of IPv6, in brackets': ['[fd00::7]:5432', 'fd00::7', 5432],
  };
  it.each(Object.entries(cases))('%s', (_name, [postgresAddress, host, port]) => {
    const asked = askedOf({ operatorUrl: 'http://operator', journalMonitorUrls: [], postgresAddress });
    expect(asked).toContainEqual({ kind: 'tcp', what: 'the database', host, port });
  });
});
