import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parse } from 'yaml';
import { withDefaults } from '../../../contract/defaults.ts';
import type { SchemaNode } from '../../../contract/schema/node.ts';
import { VOUCHER_CAMPAIGN } from '../../../contract/schema/schema.ts';

const { schema } = VOUCHER_CAMPAIGN;
const minimal: unknown = parse(readFileSync(join(import.meta.dirname, '../../../examples/minimal.yaml'), 'utf8'));

/** Any part of what the schema allows, any field left out, and now and then a value of the wrong type. */
const partial = (node: SchemaNode): fc.Arbitrary<unknown> => {
  const wrong = fc.constantFrom<unknown>('text', 7, null, [], {});
  switch (node.type) {
    case 'object': {
      const fields = Object.fromEntries(Object.entries(node.properties).map(([name, child]) => [name, partial(child)]));
      return fc.oneof(
        { weight: 9, arbitrary: fc.record(fields, { requiredKeys: [] }) },
        { weight: 1, arbitrary: wrong },
      );
    }
    case 'array':
      return fc.oneof({ weight: 9, arbitrary: fc.array(partial(node.items), { maxLength: 3 }) }, wrong);
    case 'string':
      return fc.string({ maxLength: 5 });
    case 'boolean':
      return fc.boolean();
    case 'integer':
    case 'number':
      return fc.integer();
  }
};

describe('defaults', () => {
  it('make a sound campaign of five sections', () => {
    expect(withDefaults(schema, minimal)).toMatchObject({
      spec: {
        identity: { keySpace: 'residentNumber' },
        eligibility: { minAge: 18, uniqueness: 'perCitizen' },
        draw: { unverified: 'exclude' },
        traffic: { admissionPerSecond: 2000, burstSeconds: 1 },
        privacy: { keySecretName: 'voucher-privacy' },
        dataPlane: { secretName: 'voucher-data-plane', durability: 'Verified' },
        scaling: {
          mode: 'Auto',
          drainWithin: '30s',
          preWarm: { leadTime: '30m' },
          down: { windowSeconds: 300, percentPerMinute: 20, holdAfterOpen: '5m' },
          authorized: { ceilings: { intake: 20, records: 4 }, windows: [] },
          tiers: { intake: { min: 2, max: 600, capacityPerReplica: 500 }, records: { min: 2, max: 16 } },
        },
        adoptJournal: false,
      },
    });
  });

  it('reach into the items of lists', () => {
    const bare = { spec: { vouchers: [{ name: 'a' }, { name: 'b', minimumSpendFen: 900 }] } };
    expect(withDefaults(schema, bare)).toMatchObject({
      spec: { vouchers: [{ minimumSpendFen: 0 }, { minimumSpendFen: 900 }] },
    });
  });

  it('never replace what was written', () => {
    const own = { spec: { scaling: { tiers: { intake: { min: 7 } }, down: { windowSeconds: 30 } } } };
    expect(withDefaults(schema, own)).toMatchObject(own);
  });

  it('invent no field that has none', () => {
    expect(withDefaults(schema, {})).toEqual({});
    expect(withDefaults(schema, { spec: {} })).not.toHaveProperty('spec.traffic.admissionPerSecond');
    expect(withDefaults(schema, { spec: {} })).not.toHaveProperty('spec.scaling.peakArrivalsPerSecond');
    expect(withDefaults(schema, { spec: {} })).not.toHaveProperty('spec.window');
  });

  it('change nothing when they are applied twice', () => {
    fc.assert(
      fc.property(partial(schema), (value) => {
        const once = withDefaults(schema, value);
        expect(withDefaults(schema, once)).toEqual(once);
      }),
    );
  });
});
