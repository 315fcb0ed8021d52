/** Who may let the operator use more, on a real API server with the chart's own policies and roles. No operator runs. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DRAW_COMMIT, OVERRIDES } from '../../../contract/names.ts';
import { eventually } from '../../helpers/eventually.ts';
import { campaignBody } from '../../helpers/kube-world.ts';
import { approval, CHIEF, EDITOR, type Gate, MIGHTY, OPERATOR, OWNER, startGate } from './gate.ts';

let gate: Gate;

beforeAll(async () => {
  gate = await startGate();
});

afterAll(async () => {
  await gate?.world.plane.stop();
});

describe('a decision on a plan', () => {
  it('is the owner’s, also for somebody else’s account', async () => {
    const forTheBureau = { onBehalfOf: 'Municipal Bureau of Commerce', reference: 'CD-2027-0317' };
    expect(await gate.decide(OWNER, await gate.newPlan(), approval(OWNER, forTheBureau))).toMatchObject({
      status: 200,
    });
    const rejection = { verdict: 'Rejected', decidedBy: OWNER, reason: 'enough' };
    expect(await gate.decide(OWNER, await gate.newPlan(), rejection)).toMatchObject({ status: 200 });
  });

  it.each([
    ['an editor, who has no right on plans', EDITOR, 'cannot patch resource "scaleplans"'],
    [
      'somebody with every right but that one',
      MIGHTY,
      'which the ClusterRole voucher-system-vo-campaign-owner contains',
    ],
    ['the operator, whatever rights it was given', OPERATOR, 'may not decide on plans in namespace test-1'],
  ])('is not that of %s', async (_, user, words) => {
    const { status, message } = await gate.decide(user, await gate.newPlan(), approval(user));
    expect(status).toBe(403);
    expect(message).toContain(words);
  });

  it('bears the name of whoever makes it', async () => {
    const { status, message } = await gate.decide(OWNER, await gate.newPlan(), approval('mayor'));
    expect(status).toBe(403);
    expect(message).toContain('decidedBy: is mayor, must be your own name, li.wei');
  });

  it('is made once', async () => {
    const plan = await gate.newPlan();
    await gate.decide(OWNER, plan, approval(OWNER));
    const changed = await gate.decide(OWNER, plan, approval(OWNER, { reference: 'another' }));
    expect(changed).toMatchObject({ status: 422, message: expect.stringContaining('decision is written once') });
  });

  it('comes too late when the plan has expired, by the API server’s own clock', async () => {
    const plan = await gate.newPlan(1_000);
    const late = await eventually(
      async () => {
        const path = `${gate.plansPath}/${plan}?dryRun=All`;
        const answer = await gate.patch(OWNER, path, { spec: { decision: approval(OWNER) } });
        return answer.status === 200 ? undefined : answer;
      },
      { everyMs: 200, what: 'the plan to expire' },
    );
    expect(late).toMatchObject({ status: 403, message: expect.stringContaining('the plan expired at') });
    expect(await gate.decide(OWNER, plan, approval(OWNER))).toMatchObject({ status: 403 });
  });

  it('does not come with the plan itself, nor with another plan than was made', async () => {
    const ready = gate.planBody(900_000, { decision: approval(MIGHTY) });
    const made = await gate.post(MIGHTY, gate.plansPath, ready);
    expect(made).toMatchObject({ status: 403, message: expect.stringContaining('created without a decision') });
    const plan = await gate.newPlan();
    const edited = await gate.patch(OWNER, `${gate.plansPath}/${plan}`, {
      spec: { ceilings: { intake: 400 }, decision: approval(OWNER) },
    });
    expect(edited).toMatchObject({ status: 422, message: expect.stringContaining('immutable') });
  });
});

describe('a plan that gave way to one that asks for more', () => {
  it('takes no decision any more, whether or not an operator runs', async () => {
    const plan = await gate.newPlan();
    await gate.writeStatus(plan, { state: 'Superseded' });
    const { status, message } = await gate.decide(OWNER, plan, approval(OWNER));
    expect(status).toBe(403);
    expect(message).toContain('the plan is superseded by one that asks for more');
  });

  it('is not made open again by an owner, who has no right on what the operator writes', async () => {
    const plan = await gate.newPlan();
    await gate.writeStatus(plan, { state: 'Superseded' });
    const reopened = await gate.patch(OWNER, `${gate.plansPath}/${plan}/status`, { status: { state: 'Pending' } });
    expect(reopened).toMatchObject({ status: 403 });
    // Beside the decision it is not taken at all: status has a door of its own.
    const sneaked = { spec: { decision: approval(OWNER) }, status: { state: 'Pending' } };
    expect(await gate.patch(OWNER, `${gate.plansPath}/${plan}`, sneaked)).toMatchObject({ status: 403 });
  });
});

describe('a revocation', () => {
  const revocation = (revokedBy: string, more: object = {}) => ({ revokedBy, reason: 'the database is full', ...more });
  const approvedPlan = async (): Promise<string> => {
    const plan = await gate.newPlan();
    expect(await gate.decide(OWNER, plan, approval(OWNER))).toMatchObject({ status: 200 });
    return plan;
  };

  it('is an owner’s, also for somebody else’s account', async () => {
    const forTheBureau = { onBehalfOf: 'Municipal Bureau of Commerce', reference: 'CD-2027-0318' };
    expect(await gate.revoke(OWNER, await approvedPlan(), revocation(OWNER, forTheBureau))).toMatchObject({
      status: 200,
    });
  });

  it.each([
    ['an editor, who has no right on plans', EDITOR, 'cannot patch resource "scaleplans"'],
    [
      'somebody with every right but that one',
      MIGHTY,
      'which the ClusterRole voucher-system-vo-campaign-owner contains',
    ],
    ['the operator, whatever rights it was given', OPERATOR, 'may not revoke plans in namespace test-1'],
  ])('is not that of %s', async (_, user, words) => {
    const { status, message } = await gate.revoke(user, await approvedPlan(), revocation(user));
    expect(status).toBe(403);
    expect(message).toContain(words);
  });

  it('bears the name of whoever makes it', async () => {
    const { status, message } = await gate.revoke(OWNER, await approvedPlan(), revocation('mayor'));
    expect(status).toBe(403);
    expect(message).toContain('revokedBy: is mayor, must be your own name, li.wei');
  });

  it('is made once, and not taken back', async () => {
    const plan = await approvedPlan();
    await gate.revoke(OWNER, plan, revocation(OWNER));
    for (const changed of [revocation(OWNER, { reason: 'other' }), null]) {
      const answer = await gate.patch(OWNER, `${gate.plansPath}/${plan}`, { spec: { revocation: changed } });
      expect(answer).toMatchObject({ status: 422, message: expect.stringContaining('revocation is written once') });
    }
  });

  it('is of an approval only', async () => {
    const waiting = await gate.revoke(OWNER, await gate.newPlan(), revocation(OWNER));
    expect(waiting).toMatchObject({ status: 422, message: expect.stringContaining('this plan has none') });
    const both = { decision: approval(OWNER), revocation: revocation(OWNER) };
    const atOnce = await gate.patch(OWNER, `${gate.plansPath}/${await gate.newPlan()}`, { spec: both });
    expect(atOnce).toMatchObject({ status: 422, message: expect.stringContaining('together with the decision') });
  });
});

describe('what a campaign says is authorised', () => {
  const window = {
    from: '2027-03-01T00:00:00Z',
    until: '2027-03-02T00:00:00Z',
    ceilings: { intake: 60 },
  };

  it('may be the chart’s default, or less, by an editor', async () => {
    expect(await gate.create(EDITOR, 'ordinary', {})).toMatchObject({ status: 201 });
    expect(await gate.create(EDITOR, 'small', { ceilings: { intake: 5 } })).toMatchObject({ status: 201 });
    expect(await gate.edit(EDITOR, 'ordinary', { ceilings: { intake: 10 } })).toMatchObject({ status: 200 });
  });

  it.each([
    ['more intake', { ceilings: { intake: 21 } }, 'ceilings.intake: 21 is above 20'],
    ['more records', { ceilings: { records: 5 } }, 'ceilings.records: 5 is above 4'],
    ['a window', { windows: [window] }, 'windows: one is new or changed'],
  ])('is not made with %s by an editor', async (what, authorized, words) => {
    const { status, message } = await gate.create(EDITOR, what.replaceAll(' ', '-'), authorized);
    expect(status).toBe(403);
    expect(message).toContain(words);
    expect(message).toContain('asks the owner by a ScalePlan');
  });

  it('is not raised by an editor, not even back to what it was, and not by making the campaign anew', async () => {
    expect(await gate.create(EDITOR, 'lowered', { ceilings: { intake: 10 } })).toMatchObject({ status: 201 });
    expect(await gate.edit(EDITOR, 'lowered', { ceilings: { intake: 12 } })).toMatchObject({ status: 403 });
    expect(await gate.edit(EDITOR, 'lowered', { windows: [window] })).toMatchObject({ status: 403 });
    await gate.world.plane.call({ method: 'DELETE', path: `${gate.campaignsPath}/lowered` });
    expect(await gate.create(EDITOR, 'lowered', { ceilings: { intake: 30 } })).toMatchObject({ status: 403 });
  });

  it('is raised by an owner, and an editor may edit the rest of it', async () => {
    expect(await gate.create(CHIEF, 'large', { ceilings: { intake: 60 }, windows: [window] })).toMatchObject({
      status: 201,
    });
    const path = `${gate.campaignsPath}/large`;
    const retitled = await gate.patch(EDITOR, path, { spec: { title: { en: 'Retitled' } } });
    expect(retitled).toMatchObject({ status: 200 });
    const wider = { ...window, ceilings: { intake: 90 } };
    expect(await gate.edit(EDITOR, 'large', { windows: [wider] })).toMatchObject({ status: 403 });
    expect(await gate.edit(EDITOR, 'large', { windows: [] })).toMatchObject({ status: 200 });
    expect(await gate.edit(EDITOR, 'large', { windows: [window] })).toMatchObject({ status: 403 });
  });

  it('is raised by an owner who is no editor, and who may change nothing else', async () => {
    expect(await gate.create(EDITOR, 'owned', {})).toMatchObject({ status: 201 });
    const path = `${gate.campaignsPath}/owned`;
    expect(await gate.edit(OWNER, 'owned', { ceilings: { intake: 60 } })).toMatchObject({ status: 200 });
    const commit = { metadata: { annotations: { [DRAW_COMMIT]: `by ${OWNER} (list 0123456789abcdef)` } } };
    expect(await gate.patch(OWNER, path, commit)).toMatchObject({ status: 200 });
    for (const [change, words] of [
      [{ spec: { title: { en: 'Mine' } } }, 'nothing else of the spec'],
      [{ spec: { scaling: { mode: 'Off' } } }, 'nothing else of the spec'],
      [{ metadata: { annotations: { [OVERRIDES.paused]: '2027-03-01T00:00:00Z' } } }, 'and nothing else'],
      [{ metadata: { labels: { team: 'a' } } }, 'and nothing else'],
    ] as const) {
      const { status, message } = await gate.patch(OWNER, path, change);
      expect([status, message]).toEqual([403, expect.stringContaining(words)]);
    }
    expect((await gate.post(OWNER, gate.campaignsPath, await campaignBody('mine'))).status).toBe(403);
  });
});
