import { describe, expect, it } from '@jest/globals';
import { askedOf, problemOf } from '../../../operator/setup/answers.ts';

describe('what `helm test` asks', () => {
  const asked = (postgresProbeUrl: string) =>
    askedOf({ operatorUrl: 'http://operator:9090', journalMonitorUrls: ['http://nats-0:8222'], postgresProbeUrl });

  it('is the database itself, never its port: a frozen one takes connections', () => {
    const database = asked('http://postgres:8081').find(({ what }) => what === 'the database');
    expect(database).toEqual({ kind: 'http', what: 'the database', url: 'http://postgres:8081/ready' });
    expect(database && problemOf(database, 503, 'silent\n')).toBe('status 503: silent');
    expect(database && problemOf(database, 200, 'well\n')).toBeUndefined();
  });

  it('is no database where it is not the chart’s', () => {
    expect(asked('').map(({ what }) => what)).toEqual([
      'the operator',
      "the journal's http://nats-0:8222",
      'the quorum of the journal',
    ]);
  });
});
