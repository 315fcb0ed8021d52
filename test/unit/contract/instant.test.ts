import { describe, expect, it } from '@jest/globals';
import { AN_INSTANT, INSTANT_PATTERN, InstantError, instantMs, parseInstant } from '../../../contract/instant.ts';
import { RESOURCES } from '../../../contract/schema/schema.ts';
import { commandsOf, parseCommand } from '../../../operator/contingency/commands.ts';
import { overridesOf } from '../../../operator/contingency/overrides.ts';
import { aCampaign } from '../../helpers/a-campaign.ts';
import { schemaNodes } from '../../helpers/schema-nodes.ts';

const READ: Readonly<Record<string, string>> = {
  [AN_INSTANT]: '2027-03-01T02:00:00.000Z',
  '2027-03-01T10:00:00Z': '2027-03-01T10:00:00.000Z',
  '2027-03-01T10:00:00.5Z': '2027-03-01T10:00:00.500Z',
  '2027-03-01T10:00:00.123-11:30': '2027-03-01T21:30:00.123Z',
  '2028-02-29T23:59:59+14:00': '2028-02-29T09:59:59.000Z',
  '1970-01-01T00:00:00Z': '1970-01-01T00:00:00.000Z',
  '2999-12-31T23:59:59-12:00': '3000-01-01T11:59:59.000Z',
};

/** Stored under older schemas, or written into annotations: read, and not to be written into a spec. */
const READ_ONLY: Readonly<Record<string, string>> = {
  // Python's isoformat, and Go's RFC3339Nano.
  '2026-11-29T10:00:00.000000+08:00': '2026-11-29T02:00:00.000Z',
  '2026-11-30T10:00:00.123456789Z': '2026-11-30T10:00:00.123Z',
  '2026-11-30T10:00:00.9999Z': '2026-11-30T10:00:00.999Z',
  '2026-11-30T10:00:00.0001Z': '2026-11-30T10:00:00.000Z',
  '2026-11-30t10:00:00z': '2026-11-30T10:00:00.000Z',
  '2026-11-30T10:00:00z': '2026-11-30T10:00:00.000Z',
  '2026-11-30t10:00:00.5+08:00': '2026-11-30T02:00:00.500Z',
};

/** What the API server's own format lets pass is marked; the rest it refuses itself. */
const REFUSED: readonly string[] = [
  '2026-11-30T10:00:00,5Z',
  '2026-11-30T10:00:00x5Z',
  '2026-11-30T10:00:00.1234567890Z',
  '2026-11-30T10:00:00.1234567890123Z',
  '2026-11-30T10:00:00.Z',
  '2026-11-30T24:00:00Z',
  '2026-11-30T23:59:60Z',
  '2026-11-30T10:60:00Z',
  '2026-02-29T10:00:00Z',
  '2026-02-30T10:00:00Z',
  '2026-04-31T10:00:00Z',
  '2026-13-01T10:00:00Z',
  '2026-00-01T10:00:00Z',
  '2026-03-00T10:00:00Z',
  '2026-11-30T10:00:00+15:00',
  '2026-11-30T10:00:00+24:00',
  '2026-11-30T10:00:00+08:60',
  '2026-11-30T10:00:00+0800',
  '2026-11-30T10:00:00+08',
  '2026-11-30T10:00:00',
  '2026-11-30T10:00Z',
  '2026-11-30 10:00:00Z',
  '2026-11-30',
  '0000-01-01T00:00:00Z',
  '1969-12-31T23:59:59Z',
  '9999-12-31T23:59:59-12:00',
  '12026-11-30T10:00:00Z',
  '+002026-11-30T10:00:00Z',
  ' 2026-11-30T10:00:00Z',
  '2026-11-30T10:00:00Z ',
  '2026-11-30T10:00:00Z\n',
  '２０２６-11-30T10:00:00Z',
  'tomorrow',
  '',
];

describe('an instant', () => {
  it.each(Object.entries(READ))('may be %s', (text, iso) => {
    expect(new Date(instantMs(text)).toISOString()).toBe(iso);
    expect(new RegExp(INSTANT_PATTERN).test(text)).toBe(true);
  });

  it.each(Object.entries(READ_ONLY))('that is stored as %s is read, and none that may be written', (text, iso) => {
    expect(new Date(instantMs(text)).toISOString()).toBe(iso);
    expect(new RegExp(INSTANT_PATTERN).test(text)).toBe(false);
    expect(parseCommand(`on by li.wei until ${text}: flood`)).toMatchObject({ kind: 'on', untilMs: Date.parse(iso) });
    expect(parseCommand(`off at ${text}`)).toMatchObject({ kind: 'off', atMs: Date.parse(iso) });
  });

  it.each(REFUSED)('is not %j, and says how to write one', (text) => {
    expect(parseInstant(text)).toBeUndefined();
    expect(() => instantMs(text)).toThrow(InstantError);
    expect(() => instantMs(text)).toThrow(/is not an instant: write date, time and offset, such as/);
  });

  it('that the schema admits is one that is read, apart from days that no month has', () => {
    const admitted = REFUSED.filter((text) => new RegExp(INSTANT_PATTERN).test(text));
    // The format date-time, which stands beside the pattern, refuses these.
    expect(admitted).toEqual(['2026-02-29T10:00:00Z', '2026-02-30T10:00:00Z', '2026-04-31T10:00:00Z']);
  });

  it('has the pattern in every field of both resources that is one', () => {
    const instants = schemaNodes(RESOURCES).filter(({ node }) => node.type === 'string' && node.format === 'date-time');
    expect(instants.length).toBeGreaterThan(10);
    expect(instants.filter(({ node }) => node.type !== 'string' || node.pattern !== INSTANT_PATTERN)).toEqual([]);
  });

  it.each(REFUSED)('that is %j is unreadable in every annotation, and told', (text) => {
    const { metadata, ...rest } = aCampaign();
    const level = { name: 'narrow', title: { 'zh-CN': '窄', en: 'Narrow' }, effect: { admissionPercent: 50 } };
    const campaign = {
      ...rest,
      spec: { ...rest.spec, contingency: { levels: [level] } },
      metadata: {
        ...metadata,
        annotations: {
          'voucher-operator.io/paused': text,
          'voucher-operator.io/hold-until': text,
          'voucher-operator.io/min-override': `intake=3 until ${text}`,
          'contingency.voucher-operator.io/narrow': `on until ${text}`,
        },
      },
    };
    const spaces = text.trim() !== text;
    expect(overridesOf(campaign, 0).unreadable).toHaveLength(spaces ? 2 : 3);
    expect(commandsOf(campaign).unreadable).toHaveLength(1);
  });
});
