import { describe, expect, it } from '@jest/globals';
import {
  apart,
  clipped,
  grid,
  hanging,
  lineWidth,
  padded,
  rendered,
  span,
  width,
  wrapped,
} from '../../../cli/status/screen.ts';
import { frame } from '../../../cli/terminal.ts';

const plain = { columns: 40, isColoured: false };
const ESCAPE = '\u001b';

describe('a screen', () => {
  it('counts cells: a Chinese character takes two', () => {
    expect(width('春季消费券 ok')).toBe(13);
    expect(padded('成都', 6)).toBe('成都  ');
    expect(padded('7', 3, 'left')).toBe('  7');
  });

  it('cuts a text to its cells, and never a character in half', () => {
    expect(clipped('春季消费券', 10)).toBe('春季消费券');
    expect(clipped('春季消费券', 8)).toBe('春季消…');
    expect(clipped('abc', 0)).toBe('');
  });

  it('breaks at words, and leaves a command that is longer than the line in one piece', () => {
    expect(wrapped('one two three', 8)).toEqual(['one two', 'three']);
    expect(wrapped('see kubectl-voucher-approve-something', 10)).toEqual(['see', 'kubectl-voucher-approve-something']);
  });

  it('puts what goes on below the beginning', () => {
    const lines = hanging([span('  → ')], 'first part of it and the second', 26);
    expect(rendered(lines, plain)).toEqual(['  → first part of it and', '    the second']);
  });

  it('lines columns up whatever is in them, and gives the last one the rest', () => {
    const rows = [
      [span('成都'), span('7'), span('held by the ceiling')],
      [span('lu'), span('120'), span('ok')],
    ];
    const columns = [{ title: 'NAME' }, { title: 'N', side: 'left' as const }, { title: 'WHY' }];
    expect(rendered(grid(columns, rows, 32), plain)).toEqual([
      'NAME    N  WHY',
      '成都    7  held by the ceiling',
      'lu    120  ok',
    ]);
    const narrow = rendered(grid(columns, rows, 30), plain);
    expect(narrow).toHaveLength(3);
  });

  it('drops what is on the right where there is no room for it', () => {
    expect(rendered([apart([span('left')], [span('right')], 12)], plain)).toEqual(['left   right']);
    expect(rendered([apart([span('left')], [span('right')], 10)], plain)).toEqual(['left']);
  });

  it('is as wide with colour as without, and no wider than the terminal', () => {
    const lines = [[span('春季消费券', 'strong'), span(' and a long sentence about it all', 'bad')]];
    const [coloured = ''] = rendered(lines, { columns: 20, isColoured: true });
    const [text = ''] = rendered(lines, { columns: 20, isColoured: false });
    expect(coloured).toContain(ESCAPE);
    expect(text).not.toContain(ESCAPE);
    expect(width(coloured)).toBe(width(text));
    expect(width(text)).toBeLessThanOrEqual(20);
    expect(text.endsWith('…')).toBe(true);
    expect(lineWidth(lines[0] ?? [])).toBeGreaterThan(20);
  });
});

describe('a curve', () => {
  it('shows what is unknown of it less than what is known', () => {
    const [text = ''] = rendered([[span('··▂█', 'curve')]], { columns: 20, isColoured: true });
    expect(text).toBe(`${ESCAPE}[2m··${ESCAPE}[0m${ESCAPE}[36m▂█${ESCAPE}[0m`);
    expect(rendered([[span('··▂█', 'curve')]], plain)).toEqual(['··▂█']);
  });
});

describe('a frame', () => {
  it('writes over the last one and clears no cell before it is written', () => {
    const drawn = frame(['one', 'two'], 10, String);
    expect(drawn).toContain(`${ESCAPE}[Hone${ESCAPE}[K\r\ntwo${ESCAPE}[K${ESCAPE}[J`);
    expect(drawn).not.toContain(`${ESCAPE}[2J`);
  });

  it('is cut from the bottom, and says so', () => {
    const drawn = frame(['1', '2', '3', '4'], 3, (hidden) => `${hidden} more`);
    expect(drawn).toContain(`2${ESCAPE}[K\r\n2 more${ESCAPE}[K`);
    expect(drawn).not.toContain('3');
  });
});
