import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { parseLines, parseUntrusted, serializeLines } from '../../../contract/untrusted.ts';

const schema = z.object({ n: z.number() });

describe('a text of others', () => {
  it.each([
    ['as it should be', '{"n":1}', { n: 1 }],
    ['as bytes', Buffer.from('{"n":1}'), { n: 1 }],
    ['of another shape', '{"n":"1"}', undefined],
    ['that is no JSON', '{"n":', undefined],
    ['that is no UTF-8', Buffer.from([0x7b, 0xff]), undefined],
    ['that is missing', undefined, undefined],
  ])('%s', (_name, text, want) => {
    expect(parseUntrusted(schema, text)).toEqual(want);
  });

  it('in lines loses those that can’t be read, and the oldest beyond the bound', () => {
    const items = [{ n: 1 }, { n: 2 }, { n: 3 }];
    expect(parseLines(schema, `broken\n${serializeLines(items)}`, 4)).toEqual(items);
    expect(parseLines(schema, serializeLines(items), 2)).toEqual(items.slice(1));
    expect(parseLines(schema, undefined, 2)).toEqual([]);
  });
});
