/** Who may open a session for manual review, on a real API server with the chart's own policies and roles. No operator runs. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { reviewAnnotation, sessionText, sessionUntil } from '../../../contract/review.ts';
import { eventually } from '../../helpers/eventually.ts';
import { EDITOR, type Gate, REVIEWER, startGate } from './gate.ts';

let gate: Gate;
let path = '';

const HOUR_MS = 3_600_000;
const session = (by: string, inMs = 60_000): string =>
  sessionText({ by, until: sessionUntil(Date.now() + inMs), sha256: 'a'.repeat(64) });
const annotated = (text: string | null, id = '0123abcd') => ({
  metadata: { annotations: { [reviewAnnotation(id)]: text } },
});
const as = (user: string, body: object) => gate.patch(user, path, body);

beforeAll(async () => {
  gate = await startGate();
  await gate.create(EDITOR, 'reviewed', {});
  path = `${gate.campaignsPath}/reviewed`;
  // A policy is in force some time after it was written.
  await eventually(
    async () => {
      const answer = await as(EDITOR, annotated(session(EDITOR), 'ffffffff'));
      await as(EDITOR, annotated(null, 'ffffffff'));
      return answer.status === 403;
    },
    { everyMs: 200, what: 'the policy to be in force' },
  );
});

afterAll(async () => {
  await gate?.world.plane.stop();
});

describe('a review session', () => {
  it('is opened and ended by a reviewer', async () => {
    expect(await as(REVIEWER, annotated(session(REVIEWER)))).toMatchObject({ status: 200 });
    expect(await as(REVIEWER, annotated(session(REVIEWER, 8 * HOUR_MS - 60_000)))).toMatchObject({ status: 200 });
    expect(await as(REVIEWER, annotated(null))).toMatchObject({ status: 200 });
  });

  it('does not hinder the changes of editors', async () => {
    await as(REVIEWER, annotated(session(REVIEWER)));
    expect(await as(EDITOR, { metadata: { labels: { team: 'a' } } })).toMatchObject({ status: 200 });
    expect(await as(EDITOR, annotated(null))).toMatchObject({ status: 200 });
  });

  it.each([
    ['by an editor', EDITOR, () => annotated(session(EDITOR)), 'campaign-reviewer contains'],
    ['in another name', REVIEWER, () => annotated(session(EDITOR)), 'with your own name'],
    ['for nine hours', REVIEWER, () => annotated(session(REVIEWER, 9 * HOUR_MS)), 'ends 8 hours from now'],
    [
      'with a change of the spec',
      REVIEWER,
      () => ({ ...annotated(session(REVIEWER)), spec: { title: { en: 'Mine' } } }),
      'and nothing else',
    ],
    ['with a label', REVIEWER, () => ({ metadata: { labels: { team: 'b' } } }), 'and nothing else'],
  ])('is refused %s', async (_name, user, body, words) => {
    const { status, message } = await as(user, body());
    expect([status, message]).toEqual([403, expect.stringContaining(words)]);
  });
});
