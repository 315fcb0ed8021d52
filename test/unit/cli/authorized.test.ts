import { describe, expect, it } from '@jest/globals';
import { changed, changeLines, consequences, parseCeilings, parseSpan } from '../../../cli/plans/authorized.ts';
import { zoneOf } from '../../../cli/times.ts';
import { aCampaign, OPENS_AT_MS } from '../../helpers/a-campaign.ts';

const ZONE = zoneOf('2020-09-25T10:00:00+08:00');
const NOW_MS = OPENS_AT_MS - 3_600_000;
const AT = { nine: '2020-09-25T09:00:00+08:00', noon: '2020-09-25T12:00:00+08:00' };
const campaign = aCampaign();
const { authorized: plain } = campaign.spec.scaling;
const opening = { from: AT.nine, until: AT.noon, ceilings: { intake: 200 } };
const span = parseSpan('--window', '09:00/12:00', ZONE, OPENS_AT_MS);

describe('a window', () => {
  it.each([
    ['instants', `${AT.nine}/${AT.noon}`],
    ['times of the opening day', '09:00/12:00'],
    ['how long', '09:00/3h'],
    ['another clock', '2020-09-25T01:00:00Z/2020-09-25T04:00:00Z'],
  ])('is read from %s', (_form, text) => {
    expect(parseSpan('--window', text, ZONE, OPENS_AT_MS)).toEqual(span);
  });
  it('may end on the day after', () => {
    const { fromMs, untilMs } = parseSpan('--window', '22:00/02:00', ZONE, OPENS_AT_MS);
    expect(untilMs - fromMs).toBe(4 * 3_600_000);
  });
  it.each(['noon/3h', '09:00', '09:00/10:00/11:00', `${AT.noon}/${AT.nine}`])('is not %s', (text) => {
    expect(() => parseSpan('--window', text, ZONE, OPENS_AT_MS)).toThrow('--window');
  });
});

describe('what is authorised', () => {
  it('keeps what is not named', () => {
    const after = changed(plain, { kind: 'ceilings', ceilings: parseCeilings(['intake=60']) }, ZONE, NOW_MS);
    expect(after).toEqual({ ...plain, ceilings: { ...plain.ceilings, intake: 60 } });
    expect(changeLines(campaign, after, ZONE)).toEqual(['intake   20 → 60', 'records  4, as before']);
  });
  it('takes a window in the place of one of the same span, in whatever offset that was written', () => {
    const before = aCampaign({ scaling: { authorized: { windows: [{ ...opening, from: '2020-09-25T01:00:00Z' }] } } });
    const after = changed(
      before.spec.scaling.authorized,
      { kind: 'window', span, ceilings: { intake: 300 } },
      ZONE,
      NOW_MS,
    );
    expect(after.windows).toEqual([{ ...opening, ceilings: { intake: 300 } }]);
    expect(changeLines(before, after, ZONE).slice(2)).toEqual([
      `window − ${AT.nine}/${AT.noon}  intake 200`,
      `window + ${AT.nine}/${AT.noon}  intake 300`,
    ]);
  });
  it('gives no window that is over', () => {
    const late = () => changed(plain, { kind: 'window', span, ceilings: { intake: 300 } }, ZONE, span.untilMs);
    expect(late).toThrow('is over');
  });
  it('names the windows that there are', () => {
    const other = { ...span, untilMs: span.untilMs + 1000 };
    const remove = () =>
      changed({ ...plain, windows: [opening] }, { kind: 'remove-window', span: other }, ZONE, NOW_MS);
    expect(remove).toThrow(`--remove-window ${AT.nine}/${AT.noon}`);
  });
});

describe('what follows', () => {
  const told = (after: typeof plain, scaling = {}) => consequences(aCampaign({ scaling }), after, [], NOW_MS);
  it.each([
    ['more', { intake: 60 }, ['Up to 60 replicas of intake from now on, where demand needs them.']],
    ['less', { intake: 10 }, [expect.stringContaining('intake may have 10 replicas from now on')]],
    ['the same', {}, []],
    [
      'more than max',
      { records: 40 },
      [expect.stringContaining('Up to 40'), expect.stringContaining('tiers.records.max of chengdu is 20')],
    ],
  ])('%s', (_sentence, ceilings, sentences) => {
    expect(told({ ...plain, ceilings: { ...plain.ceilings, ...ceilings } })).toEqual(sentences);
  });
});
