import { describe, expect, it } from '@jest/globals';
import { KubeError, type KubeErrorKind } from '../../../operator/kube/errors.ts';
import { createPatiently, readPatiently } from '../../../operator/setup/patience.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';

const NO_RIGHT = 'vouchercampaigns.voucher-operator.io is forbidden: User "s" cannot list resource "vouchercampaigns"';
const QUOTA = 'secrets "a" is forbidden: exceeded quota: few, requested: count/secrets=1';
const ENDING = 'secrets "a" is forbidden: unable to create new content in namespace v because it is being terminated';
const failed = (kind: KubeErrorKind, message = 'away'): KubeError =>
  new KubeError({ kind, attempted: 'list vouchercampaigns', attempt: 1, message });

/** What came of it, and when; the attempts fail until that second. */
const outcome = async (
  error: Error,
  untilSecond: number,
  run: typeof readPatiently = readPatiently,
): Promise<{ readonly seconds: number; readonly value: unknown; readonly lines: readonly string[] }> => {
  const clock = new FakeClock();
  const lines: string[] = [];
  let ended: { seconds: number; value: unknown } | undefined;
  const end = (value: unknown): void => {
    ended = { seconds: clock.now() / 1000, value };
  };
  const attempt = (): Promise<string> =>
    clock.now() < untilSecond * 1000 ? Promise.reject(error) : Promise.resolve('found');
  const { signal } = new AbortController();
  void run(attempt, { clock, signal, log: (line) => lines.push(line) }).then(end, end);
  await clock.advance(120_000);
  if (ended === undefined) throw new Error('still trying');
  return { ...ended, lines };
};
const creating: typeof readPatiently = (create, patience) =>
  createPatiently(create, false, patience) as ReturnType<typeof create>;

describe('a read', () => {
  it.each<[KubeErrorKind, string]>([
    ['connection', 'reset'],
    ['timeout', 'late'],
    ['server', 'away'],
    ['forbidden', NO_RIGHT],
  ])('that fails with %s is tried again for half a minute, and says so', async (kind, message) => {
    const passing = await outcome(failed(kind, message), 20);
    expect(passing).toMatchObject({ seconds: 20, value: 'found' });
    expect(passing.lines[0]).toMatch(/^list vouchercampaigns: .*, trying again$/);
    const error = failed(kind, message);
    expect(await outcome(error, 90)).toMatchObject({ seconds: 30, value: error });
  });

  it.each<[KubeErrorKind, string]>([
    ['invalid', 'no'],
    ['unauthorized', 'who'],
    ['forbidden', QUOTA],
    ['forbidden', ENDING],
  ])('that fails with %s (%s) is not: it would say the same again', async (kind, message) => {
    const error = failed(kind, message);
    expect(await outcome(error, 90)).toEqual({ seconds: 0, value: error, lines: [] });
  });
});

describe('a creation', () => {
  it('is tried again until the end while nothing answers', async () => {
    expect(await outcome(failed('connection'), 90, creating)).toMatchObject({ seconds: 90, value: 'made' });
  });

  it('waits for rights that were given a moment ago, and for no quota', async () => {
    expect(await outcome(failed('forbidden', NO_RIGHT), 5, creating)).toMatchObject({ seconds: 5, value: 'made' });
    expect(await outcome(failed('forbidden', QUOTA), 5, creating)).toMatchObject({ seconds: 0, lines: [] });
  });

  it.each([
    [1, false, 'exists'],
    [2, false, 'made'],
    [2, true, 'exists'],
  ])('that finds it at attempt %s (trial: %s) says %s', async (at, isTrial, said) => {
    const clock = new FakeClock();
    let attempts = 0;
    const create = (): Promise<never> => {
      attempts += 1;
      return Promise.reject(failed(attempts < at ? 'connection' : 'already_exists'));
    };
    const result = createPatiently(create, isTrial, { clock, signal: new AbortController().signal, log: () => {} });
    await clock.advance(10_000);
    expect(await result).toBe(said);
  });
});
