/** What each path is shed as, and that nothing else is answered differently. */
import { describe, expect, it } from '@jest/globals';
import type { LoadGuard } from '../../../app/http/load-guard.ts';
import type { RequestClass } from '../../../app/http/shedding.ts';
import { bodyOf, settingsOf, testIntake } from '../../helpers/intake.ts';

/** Sheds these classes, whatever comes. */
const sheds = (...classes: readonly RequestClass[]) => {
  const entered: RequestClass[] = [];
  const guard: LoadGuard = {
    enter(of = 'write') {
      entered.push(of);
      return () => undefined;
    },
    inFlight: 0,
    isOverloaded: (of = 'write') => classes.includes(of),
    close: () => undefined,
  };
  return { guard, entered };
};

const ALL: readonly RequestClass[] = ['write', 'status', 'poll', 'ticket', 'static'];
const CAMPAIGN = '/api/v1/campaigns/test-campaign';
const READS: readonly [string, RequestClass][] = [
  ['/api/v1/registrations/7ZQ4X0M2N8V5T1K9C3B6R0H2JD', 'status'],
  [CAMPAIGN, 'poll'],
  ['/api/v1/draws/test-campaign', 'poll'],
  ['/openapi.json', 'static'],
];

describe('a path', () => {
  it.each(READS)('%s is shed as %s, with Retry-After', async (path, of) => {
    const answer = await testIntake(sheds(of).guard).get(path);
    expect([answer.status, answer.json['code']]).toEqual([503, 'OVERLOADED']);
    expect(answer.headers.get('retry-after')).toBe('2');
  });

  it.each(READS)('%s is not shed with all other classes', async (path, of) => {
    const { guard, entered } = sheds(...ALL.filter((other) => other !== of));
    expect((await testIntake(guard).get(path)).status).not.toBe(503);
    expect(entered).toEqual([of]);
  });

  it('of registrations is shed as a write only', async () => {
    const readsOnly = testIntake(sheds(...ALL.filter((of) => of !== 'write')).guard);
    expect((await readsOnly.post(bodyOf(1))).status).toBe(201);
    expect((await testIntake(sheds('write').guard).post(bodyOf(1))).status).toBe(503);
  });

  it('of tickets is shed as a ticket, and that of the queue is not', async () => {
    const intake = testIntake(sheds('ticket', 'static').guard);
    intake.world.settings = settingsOf({
      traffic: { ...settingsOf().traffic, waitingRoom: { enabled: true, preQueueMinutes: 30 } },
    });
    intake.world.queue.shuffled({ seed: '0'.repeat(64), count: 0 });
    intake.world.queue.pace({ base: 0, ratePerSecond: 10, since: new Date(intake.world.nowMs).toISOString() });
    expect((await intake.postTo('/api/v1/queue/tickets', {})).json['code']).toBe('OVERLOADED');
    expect((await intake.get('/api/v1/queue/serving')).status).toBe(200);
  });

  it('of the health of the site is never shed', async () => {
    expect((await testIntake(sheds(...ALL).guard).get('/site-health')).status).toBe(200);
  });

  it('of a page is shed as static, and the page of a contingency level is not', async () => {
    const intake = testIntake(sheds('static').guard);
    expect((await intake.get('/', { accept: 'text/html' })).status).toBe(503);
    intake.world.settings = settingsOf({
      page: { title: { 'zh-CN': '暂停', en: 'Paused' }, text: { 'zh-CN': '稍候', en: 'Later' }, retryAfterSeconds: 60 },
    });
    const paused = await intake.get('/', { accept: 'text/html' });
    expect([paused.status, paused.text.includes('Paused')]).toEqual([503, true]);
  });
});
