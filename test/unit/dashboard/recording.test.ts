/** A recording is written as changes and read as whole seconds. */
import { describe, expect, it } from '@jest/globals';
import type { Frame } from '../../../cli/dashboard/frame.ts';
import { changedFields, parseRecording } from '../../../cli/dashboard/recording.ts';
import { createReplay } from '../../../cli/dashboard/replay.ts';
import { defined } from '../../../contract/defined.ts';
import type { VoucherCampaignStatus } from '../../../contract/types/campaign.ts';
import { createRecorder } from '../../../local/demo/recorder.ts';
import type { StackSnapshot } from '../../../local/stack.ts';
import { aCampaign, OPENS_AT_MS } from '../../helpers/a-campaign.ts';
import { aPlan, aStatus, aTier } from '../../helpers/a-status.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';

const snapshot = (second: number, status: VoucherCampaignStatus, plans: StackSnapshot['plans'] = []): StackSnapshot => {
  const { stage = '', arrivalsPerSecond, backlog, oldestSeconds, tiers = {}, conditions = [], draw } = status;
  return {
    atMs: OPENS_AT_MS + second * 1000,
    campaign: aCampaign({ status }),
    opensAtMs: OPENS_AT_MS,
    closesAtMs: OPENS_AT_MS,
    contingency: [],
    tiers: Object.fromEntries(
      Object.entries(tiers).map(([name, tier]) => [name, { ...tier, explanation: '', wanted: 16 }]),
    ),
    stage,
    arrivalsPerSecond,
    backlog,
    oldestSeconds,
    conditions,
    draw,
    plans,
  };
};

const recorded = (...seconds: readonly StackSnapshot[]): readonly string[] => {
  const lines: string[] = [];
  const record = createRecorder((line) => lines.push(line));
  for (const [index, one] of seconds.entries()) record(one, index === 0 ? undefined : 40 + index);
  return lines;
};

const held = { intake: aTier({ limitedBy: 'Ceiling', ceiling: 12 }) };

describe('a recording', () => {
  const lines = recorded(
    snapshot(0, aStatus()),
    snapshot(1, aStatus({ arrivalsPerSecond: 5 })),
    snapshot(2, defined({ ...aStatus({ tiers: held }), backlog: undefined }), [aPlan()]),
  );

  it('holds the whole campaign once, and then what has changed', () => {
    expect(lines).toHaveLength(4);
    expect(JSON.parse(lines[2] ?? '')).toEqual({
      atMs: OPENS_AT_MS + 1000,
      status: { arrivalsPerSecond: 5 },
      answerP99Ms: 41,
    });
    expect(Object.keys(JSON.parse(lines[3] ?? '').status).toSorted()).toEqual([
      'arrivalsPerSecond',
      'backlog',
      'tiers',
    ]);
  });

  it('is read as it was', () => {
    const { of, frames } = parseRecording(`${lines.join('\n')}\n`, 'x.jsonl');
    expect(of).toBe('demo');
    expect(frames.map(({ campaign }) => campaign.status?.arrivalsPerSecond)).toEqual([11_840.2, 5, 11_840.2]);
    expect(frames.map(({ campaign }) => campaign.status?.backlog)).toEqual([12_300, 12_300, undefined]);
    expect(frames.map(({ plans }) => plans.length)).toEqual([0, 0, 1]);
    expect(frames.map(({ citizens }) => citizens.answerP99Ms)).toEqual([undefined, 41, 42]);
    expect(frames[2]?.decisions.intake[0]).toMatchObject({ limitedBy: 'Ceiling', wanted: 16, ceiling: 12 });
  });

  it('says since when a decision holds', () => {
    const { frames } = parseRecording(lines.join('\n'), 'x.jsonl');
    const since = frames.map(({ decisions }) => Date.parse(decisions.intake[0]?.at ?? '') - OPENS_AT_MS);
    expect(since).toEqual([0, 0, 2000]);
  });

  it('may end in the middle of a line: the run was killed', () => {
    const cut = lines.join('\n').slice(0, -40);
    expect(parseRecording(cut, 'x.jsonl').frames).toHaveLength(2);
  });

  it.each([
    ['another file', '{"mode":"embedded"}\n', 'x.jsonl, line 1, is no line of a recording'],
    ['no JSON', 'hello\n', 'x.jsonl, line 1, is no line of a recording'],
    [
      'a broken line',
      [lines[0], '{"atMs":"now"}', lines[2]].join('\n'),
      'x.jsonl, line 2, is no line of a recording (atMs',
    ],
    ['no seconds', `${lines[0]}\n`, 'x.jsonl has no seconds'],
  ])('that is none is refused, with the line: %s', (_, text, message) => {
    expect(() => parseRecording(text, 'x.jsonl')).toThrow(message);
  });
});

describe('changed fields', () => {
  it.each([
    [{}, { stage: 'Open' }, { stage: 'Open' }],
    [{ stage: 'Open' }, { stage: 'Open' }, undefined],
    [{ stage: 'Open', backlog: 1 }, { stage: 'Open' }, { backlog: null }],
    [{ backlog: 1 }, { backlog: 2 }, { backlog: 2 }],
  ])('from %j to %j: %j', (before, now, expected) => {
    expect(changedFields(before, now)).toEqual(expected);
  });
});

describe('a replay', () => {
  it('plays every second in its time, and says when it is over', async () => {
    const seconds = [0, 1, 2, 3].map((second) => snapshot(second, aStatus({ backlog: second })));
    const recording = parseRecording(recorded(...seconds).join('\n'), 'x.jsonl');
    const clock = new FakeClock();
    const frames: Frame[] = [];
    const playing = createReplay(recording, 2, clock).run((frame) => frames.push(frame), new AbortController().signal);
    const backlogs = () => frames.map(({ report }) => report.campaign.status?.backlog);
    expect(backlogs()).toEqual([0]);
    await clock.advance(500);
    expect(backlogs()).toEqual([0, 1]);
    await clock.advance(1_500);
    await playing;
    expect(backlogs()).toEqual([0, 1, 2, 3]);
    expect(frames.map(({ source }) => source.kind === 'replay' && source.isOver)).toEqual([false, false, false, true]);
  });
});
