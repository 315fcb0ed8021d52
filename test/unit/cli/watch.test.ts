import { describe, expect, it } from '@jest/globals';
import type { Io } from '../../../cli/io.ts';
import { line } from '../../../cli/status/screen.ts';
import { staleness, watch } from '../../../cli/status/watch.ts';
import { ENTER, LEAVE } from '../../../cli/terminal.ts';
import { KubeError } from '../../../operator/kube/errors.ts';
import { eventually } from '../../helpers/eventually.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';

const SOON = { everyMs: 1 };
const away = () => new KubeError({ kind: 'connection', attempted: 'get', attempt: 1, message: 'ECONNREFUSED' });

/** Looks that answer what a test says, on a terminal of ten lines or a pipe. */
const play = ({ isTerminal = true, read }: { isTerminal?: boolean; read: () => Promise<string> }) => {
  const clock = new FakeClock();
  const out: string[] = [];
  const ended = new AbortController();
  let size = { columns: 60, rows: 10 };
  let [onResize, gaveBack] = [() => {}, 0];
  const io: Io = {
    out: (text) => out.push(text),
    err: () => undefined,
    now: () => clock.monotonicMs(),
    wallMs: () => clock.now(),
    env: {},
    interrupted: ended.signal,
    ...(isTerminal
      ? {
          terminal: {
            size: () => size,
            isColoured: false,
            take: (callback: () => void) => {
              onResize = callback;
              return {
                interrupted: ended.signal,
                giveBack: () => {
                  gaveBack += 1;
                },
              };
            },
          },
        }
      : {}),
  };
  const done = watch(
    { read, lines: (value) => [line(value)], newsOf: (value) => value, textOf: (value) => `told ${value}\n` },
    io,
    clock,
  );
  return {
    out,
    done,
    clock,
    gaveBack: () => gaveBack,
    resize: (columns: number) => {
      size = { columns, rows: 10 };
      onResize();
    },
    end: () => {
      ended.abort();
      return done;
    },
    pass: (seconds: number) => clock.advance(seconds * 1_000),
    says: (text: string) =>
      eventually(async () => out.at(-1)?.includes(text) === true || undefined, { ...SOON, what: text }),
  };
};

describe('a watch on a terminal', () => {
  it('draws in place on a screen of its own, and leaves its last answer below the prompt', async () => {
    let value = 'first';
    const { out, pass, says, end, gaveBack } = play({ read: async () => value });
    await says('first');
    expect(out[0]).toBe(ENTER);
    value = 'second';
    await pass(2);
    await says('second');
    await end();
    expect(out.at(-1)).toBe(`${LEAVE}second\n`);
    expect(gaveBack()).toBe(1);
  });

  it('goes on while nobody answers, and says how old its figures are', async () => {
    let isAway = false;
    const { out, pass, says, end } = play({
      read: async () => {
        if (isAway) throw away();
        return 'figures';
      },
    });
    await says('figures');
    isAway = true;
    await pass(7);
    await says('old: the API server does not answer');
    await says('figures');
    isAway = false;
    await pass(3);
    await says('figures');
    expect(out.at(-1)).not.toContain('old:');
    await end();
  });

  it('is drawn anew in the size that it was given', async () => {
    const { out, says, resize, end } = play({ read: async () => 'a sentence that is longer than a narrow window' });
    await says('a narrow window');
    resize(20);
    expect(out.at(-1)).toContain('a sentence that is …');
    await end();
  });

  it('tells at once what is wrong with the call, and touches no screen', async () => {
    const { out, done } = play({ read: () => Promise.reject(new Error('there is no campaign autumn')) });
    await expect(done).rejects.toThrow('there is no campaign autumn');
    expect(out).toEqual([]);
  });
});

describe('a watch on a pipe', () => {
  it('appends what is new, and nothing else', async () => {
    let value = 'first';
    const { out, pass, says, end } = play({ isTerminal: false, read: async () => value });
    await says('first');
    await pass(10);
    value = 'second';
    await pass(2);
    await says('second');
    await end();
    expect(out).toEqual(['told first\n', 'told second\n']);
  });
});

describe('the age of what is shown', () => {
  it.each([
    [4_000, undefined, undefined],
    [12_000, 'the API server does not answer', 'This is 12 s old: the API server does not answer.'],
    [12_000, undefined, 'This is 12 s old: the answer is late.'],
  ])('after %d ms with %s: %s', (ageMs, failure, text) => {
    if (text === undefined) expect(staleness(ageMs, failure)).toBeUndefined();
    else expect(staleness(ageMs, failure)).toContain(text);
  });
});
