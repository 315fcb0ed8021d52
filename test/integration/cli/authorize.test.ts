/** `kubectl voucher authorize` on a real API server with the chart's own policies and roles. No operator runs. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { VoucherCampaign } from '../../../contract/types/campaign.ts';
import { eventually } from '../../helpers/eventually.ts';
import { campaignBody, GROUP } from '../../helpers/kube-world.ts';
import { type OwnWorld, startWorld } from '../operator/world.ts';
import { bind, installRules, type People, people, roleName } from './people.ts';

const OWNER = 'li.wei';
const EDITOR = 'zhang.min';
/** May read only. */
const COUNSEL = 'chen.jie';

let world: OwnWorld;
let crowd: People;
let namespace = '';

beforeAll(async () => {
  world = await startWorld();
  crowd = await people(world.plane);
  namespace = await world.createNamespace();
  await installRules(world.plane);
  await bind(world.plane, namespace, OWNER, roleName('owner'));
  await bind(world.plane, namespace, EDITOR, roleName('editor'));
  await bind(world.plane, namespace, COUNSEL, roleName('viewer'));
  await world.createCampaign(namespace, await campaignBody('probe'));
  // A policy is in force some time after it was written. Until then nothing may be changed: what is authorised already is refused by none.
  const tried = () => authorize('probe', ['--ceiling', 'intake=21', '--dry-run'], EDITOR);
  await eventually(async () => (await tried()).code === 1, { everyMs: 200, what: 'the policies to be in force' });
});

afterAll(async () => {
  await crowd?.stop();
  await world?.plane.stop();
});

const authorize = (name: string, args: readonly string[], user: string) =>
  crowd.voucher(['authorize', name, '-n', namespace, ...args], user);
const authorized = async (name: string): Promise<VoucherCampaign['spec']['scaling']['authorized']> =>
  (await world.get<VoucherCampaign>(`${GROUP}/namespaces/${namespace}/vouchercampaigns/${name}`)).spec.scaling
    .authorized;

describe('kubectl voucher authorize', () => {
  it('raises a ceiling for whoever has the verb, and says what changes and what comes next', async () => {
    await world.createCampaign(namespace, await campaignBody('spring'));
    const said = await authorize('spring', ['--ceiling', 'intake=60'], OWNER);
    expect(said).toMatchObject({ code: 0, err: '' });
    expect(said.out).toBe(
      [
        'spring: authorised, by li.wei.',
        '  intake   20 → 60',
        '  records  4, as before',
        'Up to 60 replicas of intake from now on, where demand needs them.',
        `Follow it with kubectl voucher status spring -n ${namespace} -w`,
        '',
      ].join('\n'),
    );
    expect(await authorized('spring')).toMatchObject({ ceilings: { intake: 60, records: 4 } });
    expect((await authorize('spring', ['--ceiling', 'intake=60'], OWNER)).out).toContain('authorised already');
  });

  it('puts a window on the day of opening, and takes it away again', async () => {
    await world.createCampaign(namespace, await campaignBody('summer'));
    const said = await authorize('summer', ['--window', '00:00/3h', '--ceiling', 'intake=200,records=12'], OWNER);
    expect(said.out).toMatch(/window \+ .*T00:00:00\S+\/.*T03:00:00\S+ {2}intake 200, records 12/);
    const [window] = (await authorized('summer')).windows;
    expect(window?.ceilings).toEqual({ intake: 200, records: 12 });
    const span = `${window?.from}/${window?.until}`;
    const wrong = await authorize('summer', ['--remove-window', '00:00/2h'], OWNER);
    expect(wrong).toMatchObject({ code: 2, err: expect.stringContaining(`--remove-window ${span}`) });
    // Less takes no verb.
    expect(await authorize('summer', ['--remove-window', span], EDITOR)).toMatchObject({ code: 0 });
    expect((await authorized('summer')).windows).toEqual([]);
  });

  it('tells whoever lacks a right which one, and changes nothing', async () => {
    await world.createCampaign(namespace, await campaignBody('autumn'));
    const editor = await authorize('autumn', ['--ceiling', 'intake=60'], EDITOR);
    expect(editor).toMatchObject({ code: 1, out: '' });
    expect(editor.err).toContain('ceilings.intake: 60 is above 20, and zhang.min may not authorise that');
    expect(editor.err).toContain("You lack\n  authorize on vouchercampaigns\nThe chart's ClusterRole");
    expect(editor.err).not.toContain('patch on vouchercampaigns');
    const counsel = await authorize('autumn', ['--ceiling', 'intake=60'], COUNSEL);
    expect(counsel).toMatchObject({
      code: 1,
      err: expect.stringContaining('  patch on vouchercampaigns\n  authorize on vouchercampaigns\nThe chart'),
    });
    expect((await authorized('autumn')).ceilings.intake).toBe(20);
  });

  it('lets the API server judge without a change', async () => {
    await world.createCampaign(namespace, await campaignBody('winter'));
    const may = await authorize('winter', ['--ceiling', 'intake=60', '--dry-run'], OWNER);
    expect(may).toMatchObject({ code: 0, out: expect.stringContaining('would be authorised') });
    expect(await authorize('winter', ['--ceiling', 'intake=60', '--dry-run'], EDITOR)).toMatchObject({ code: 1 });
    expect((await authorized('winter')).ceilings.intake).toBe(20);
  });

  it.each([
    ['nothing is said', [], 'state what is authorised'],
    ['two things are said', ['--ceiling', 'intake=3', '--remove-window', '09:00/1h'], 'state what is authorised'],
    ['a tier is unknown', ['--ceiling', 'printing=3'], 'tiers are intake, records'],
    ['a window has no end', ['--window', '09:00', '--ceiling', 'intake=3'], 'write FROM/UNTIL'],
    ['a number is none', ['--ceiling', 'intake=many'], "can't be read: write TIER=REPLICAS"],
    ['the schema refuses it', ['--ceiling', 'intake=999999'], 'it was refused'],
  ])('names the remedy when %s', async (_sentence, args, words) => {
    expect(await authorize('probe', args, OWNER)).toMatchObject({ code: 2, err: expect.stringContaining(words) });
  });
});
