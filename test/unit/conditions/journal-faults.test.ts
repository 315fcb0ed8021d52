import { describe, expect, it } from '@jest/globals';
import type { JournalFault } from '../../../contract/journal-health.ts';
import type { JournalState } from '../../../journal/administration.ts';
import { journalDurable } from '../../../operator/conditions/journal-conditions.ts';
import { ready } from '../../../operator/conditions/ready.ts';
import { aCampaign } from '../../helpers/a-campaign.ts';
import { aConditionInput } from '../../helpers/condition-input.ts';

const attested = aCampaign({ spec: { dataPlane: { secretName: 's', durability: 'Attested' } } });
const streams = ['REG_spring_0', 'REG_spring_1'];
const server = 'nats-1';
const withFaults = (...faults: readonly JournalFault[]): JournalState => ({
  kind: 'ready',
  durability: 'Synced',
  replicas: 3,
  message: 'x',
  faults,
});
const durable = (journal: JournalState, campaign = aCampaign()) =>
  journalDurable(aConditionInput({ campaign, observed: { journal } }));

describe('JournalDurable, where something is wrong with a server or a replica', () => {
  it.each([
    [{ kind: 'quorumLost', servers: ['nats-0', 'nats-1'], of: 3 }, 'False', 'QuorumLost', /nats-0, nats-1/],
    [
      { kind: 'streamsLost', streams: ['REG_spring_0'], losses: ['REG_spring_0@2020-09-25T12:00:00Z'] },
      'False',
      'StreamLost',
      /accepted-loss to REG_spring_0@2020-09-25T12:00:00Z\.$/,
    ],
    [{ kind: 'dataKeysLost', keys: ['2020-09-25-ab'], of: 3 }, 'False', 'DataKeysLost', /1 of 3 \(2020-09-25-ab\)/],
    [{ kind: 'jetStreamOff', server }, 'False', 'JetStreamDisabled', /nats-1 .*disk is full.*Free space/],
    [
      { kind: 'writeError', server, streams, cause: 'input/output error' },
      'False',
      'ServerWriteError',
      /one server at a time/,
    ],
    [{ kind: 'unreachable', server, sinceMs: 0 }, 'False', 'ServerUnreachable', /since 1970-01-01T00:00:00Z/],
    [{ kind: 'leaderless', streams }, 'False', 'ShardWithoutLeader', /REG_spring_0, REG_spring_1/],
    [{ kind: 'standstill', streams }, 'False', 'ShardStandsStill', /asked the leader to step down/],
    [{ kind: 'oneSite', site: 'a', streams }, 'False', 'ReplicasInOneSite', /unique_tag: "site:"/],
    [{ kind: 'notCurrent', server, streams, sinceMs: 0 }, 'False', 'ReplicaNotCurrent', /does not catch up/],
    [{ kind: 'electing', streams }, 'True', 'LeaderElection', /elects a leader/],
    [{ kind: 'restarting', server }, 'True', 'ServerRestarting', /nats-1 is restarting/],
    [{ kind: 'catchingUp', server, streams: [] }, 'True', 'ReplicaCatchingUp', /nats-1 is catching up with the others/],
    [{ kind: 'streamsFull', streams, maxBytes: 1 }, 'True', 'Verified', /all of them are current/],
  ] as const)('%j', (fault, status, reason, message) => {
    const verdict = durable(withFaults(fault));
    expect(verdict).toMatchObject({ status, reason });
    expect(verdict.message).toMatch(message);
  });

  it('tells the worst, and no attestation overrules a server that can’t write', () => {
    const journal = withFaults(
      { kind: 'writeError', server, streams, cause: 'x' },
      { kind: 'catchingUp', server, streams },
    );
    expect(durable(journal, attested).reason).toBe('ServerWriteError');
  });

  it('never calls a full disk a missing setting', () => {
    const journal = withFaults({ kind: 'jetStreamOff', server });
    expect(durable(journal).message).not.toMatch(/sync_interval/);
  });
});

describe('a journal without room, or without JetStream', () => {
  const room = 'the streams reserve 24.0 GiB on each of 3 servers; nats-0 has 3.0 GiB of 8.0 GiB left';
  it.each([
    [{ kind: 'full', message: room }, 'JournalFull', /24\.0 GiB .*nats-0 has 3\.0 GiB/],
    [{ kind: 'disabled', message: 'JetStream not enabled' }, 'JetStreamDisabled', /jetstream section/],
  ] as const)('%j', (journal, reason, message) => {
    for (const verdict of [durable(journal), ready(aConditionInput({ observed: { journal } }))]) {
      expect(verdict).toMatchObject({ status: 'False', reason });
      expect(verdict.message).toMatch(message);
    }
  });

  it('says of shards that have reached their bytes that what is stored is safe', () => {
    const journal = withFaults({ kind: 'streamsFull', streams: ['REG_spring_0'], maxBytes: 3_145_728 });
    expect(ready(aConditionInput({ observed: { journal } }))).toMatchObject({
      status: 'False',
      reason: 'JournalFull',
      message: expect.stringMatching(/^REG_spring_0 .*3145728 bytes.*safe/),
    });
  });

  it('is called by the server’s fault where that is known, though the journal does not answer', () => {
    const faults: readonly JournalFault[] = [
      { kind: 'writeError', server: 'nats-1', streams: ['REG_spring_0'], cause: 'input/output error' },
    ];
    const journal: JournalState = { kind: 'unavailable', message: 'REG_spring_0: timeout', faults };
    expect(durable(journal)).toMatchObject({ status: 'False', reason: 'ServerWriteError' });
  });

  it('names the server behind an outage where one is known', () => {
    const faults: readonly JournalFault[] = [{ kind: 'quorumLost', servers: ['nats-0', 'nats-1'], of: 3 }];
    const journal: JournalState = { kind: 'unavailable', message: 'REG_spring_0: timeout', faults };
    expect(durable(journal)).toMatchObject({
      status: 'False',
      reason: 'QuorumLost',
      message: expect.stringMatching(
        /^nats-0, nats-1 of the journal's 3 servers.* the journal does not answer: REG_spring_0: timeout/,
      ),
    });
  });
});
