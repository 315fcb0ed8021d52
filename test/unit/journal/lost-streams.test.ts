/** Streams that are missing: those of a beginning, and those of a campaign that lives. */
import { describe, expect, it } from '@jest/globals';
import { JetStreamApiError, type JetStreamManager } from '@nats-io/jetstream';
import { ACCEPTED_LOSS, STREAM_KEYS_METADATA } from '../../../contract/names.ts';
import { forgetHalfMade } from '../../../journal/streams/half-made.ts';
import { lossesOf } from '../../../journal/streams/lost-streams.ts';
import { ownerOf } from '../../../journal/streams/streams.ts';
import { journalSpec as specOf } from '../../../operator/tick/journal-spec.ts';
import { aCampaign } from '../../helpers/a-campaign.ts';
import { buildOptions } from '../../helpers/build-options.ts';
import { journalSpec, never } from '../../helpers/real-journal.ts';

const NOON = Date.parse('2020-09-25T12:00:00Z');
const LOSS = 'REG_spring_0@2020-09-25T12:00:00Z';

describe('the memory of streams that vanished', () => {
  it.each([
    ['nothing is missing', '', [], [], []],
    ['one is missing', '', ['REG_spring_0'], [], [LOSS]],
    [
      'it could not be made anew yet',
      'REG_spring_0@2020-09-24T00:00:00Z',
      ['REG_spring_0'],
      [],
      ['REG_spring_0@2020-09-24T00:00:00Z'],
    ],
    ['it is there again', LOSS, [], [], [LOSS]],
    ['a person has accepted it', LOSS, [], [LOSS], []],
    [
      'a person has accepted an earlier loss of it',
      '',
      ['REG_spring_0'],
      ['REG_spring_0@2020-09-24T00:00:00Z'],
      [LOSS],
    ],
    ['another one is missing', LOSS, ['CTL_spring'], [], ['CTL_spring@2020-09-25T12:00:00Z', LOSS]],
  ] as const)('where %s', (_, text, missing, accepted, want) => {
    expect(lossesOf(text, missing, accepted, NOON)).toEqual(want);
  });

  it('is cleared by the annotation of the campaign', () => {
    const campaign = aCampaign();
    const annotations = { [ACCEPTED_LOSS]: `${LOSS}, CTL_spring@2020-09-25T12:00:00Z` };
    const accepting = { ...campaign, metadata: { ...campaign.metadata, annotations } };
    expect(specOf(accepting, buildOptions).acceptedLosses).toEqual([LOSS, 'CTL_spring@2020-09-25T12:00:00Z']);
    expect(specOf(campaign, buildOptions).acceptedLosses).toEqual([]);
  });
});

interface Held {
  readonly last_seq?: number;
  readonly metadata?: Readonly<Record<string, string>>;
}

/** What is left of these streams, all of the campaign's own. */
const left = async (held: Readonly<Record<string, Held>>): Promise<readonly string[]> => {
  const there = new Map(Object.entries(held));
  const streams = {
    async info(name: string) {
      const one = there.get(name);
      if (one === undefined) throw new JetStreamApiError({ code: 404, err_code: 10_059, description: 'not found' });
      const metadata = { ...ownerOf(journalSpec()), ...one.metadata };
      return { config: { name, metadata }, state: { last_seq: one.last_seq ?? 0 } };
    },
    delete: async (name: string) => there.delete(name),
  };
  await forgetHalfMade({ streams } as unknown as JetStreamManager, journalSpec(), never);
  return [...there.keys()];
};

describe('a set of streams that has no room for the rest', () => {
  it('is removed where nobody can have begun', async () => {
    expect(await left({ REG_spring_0: {}, CTL_spring: {}, KV_live_spring: {} })).toEqual([]);
  });

  it.each([
    ['has a bucket of data keys', { CTL_spring: {}, KV_keys_spring: {} }],
    ['has lost that bucket', { REG_spring_0: {}, CTL_spring: { metadata: { [STREAM_KEYS_METADATA]: '2020-09-25' } } }],
    [
      'has lost that bucket, and what it remembered',
      { REG_spring_0: { last_seq: 7 }, REG_spring_1: {}, CTL_spring: {} },
    ],
  ])('stays whole where a campaign that lives %s', async (_, held) => {
    expect(await left(held)).toEqual(Object.keys(held));
  });
});
