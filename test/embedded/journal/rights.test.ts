/** What each tier's and Job's account may do on a real server: everything that contract says, and nothing beside it. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { QUEUE_KEYS } from '../../../contract/crowd/queue.ts';
import { CONTROL_TYPES } from '../../../contract/decisions/control.ts';
import { EVENT_TYPES } from '../../../contract/envelope.ts';
import { perWorkload, rightsOf, WORKLOADS, type Workload } from '../../../contract/jobs.ts';
import {
  astraySubject,
  consumerName,
  dataKeyBucketName,
  eventSubject,
  LIVE_SETTINGS_KEY,
  liveBucketName,
  shardStreamName,
} from '../../../contract/names.ts';
import { claimsBucketName } from '../../../contract/outside/login.ts';
import { sharesKey } from '../../../contract/outside/outside.ts';
import { SITE_KEYS } from '../../../contract/sites.ts';
import { consumersOf, TIERS } from '../../../contract/tiers.ts';
import type { JournalConnection } from '../../../journal/connection.ts';
import { type GuardedJournal, startGuardedJournal } from '../../helpers/guarded-journal.ts';

const campaignId = 'spring';
const API = '$JS.API';
const REG = shardStreamName(campaignId, 0);
let journal: GuardedJournal;
let pods: Readonly<Record<Workload, Promise<JournalConnection>>>;

beforeAll(async () => {
  journal = await startGuardedJournal([campaignId]);
  pods = perWorkload((workload) => journal.connect(journal.access({ campaignId, workload })));
});
afterAll(async () => {
  await journal?.stop();
});

/** Whether the server lets it through: anything but its refusal. */
const mayAsk = async (workload: Workload, subject: string, body = '{}'): Promise<boolean> => {
  const { nats } = await pods[workload];
  try {
    await nats.request(subject, body, { timeout: 5_000 });
    return true;
  } catch (error) {
    if (error instanceof Error && /permissions violation/i.test(error.message)) return false;
    // Let through, and no answer: an acknowledgement of nothing has none.
    if (error instanceof Error && /timeout|no responders/i.test(`${error.name} ${error.message}`)) return true;
    throw error;
  }
};

const types = [...new Set([...EVENT_TYPES, ...WORKLOADS.flatMap((workload) => rightsOf(workload).publishes)])];

/** [what, subject, whether this workload may]. */
const cases = (workload: Workload): readonly (readonly [string, string, boolean])[] => {
  const { publishes, looksUp, decides = [], buckets } = rightsOf(workload);
  const { claims = [] } = buckets;
  const may = (type: string): boolean => publishes.some((one) => one === type);
  const bucket = (
    name: string,
    right: typeof buckets.live,
    key = LIVE_SETTINGS_KEY,
  ): readonly (readonly [string, string, boolean])[] => [
    [`read ${name}`, `${API}.STREAM.MSG.GET.KV_${name}`, right !== 'none'],
    [`ask who leads ${name}`, `${API}.STREAM.INFO.KV_${name}`, right !== 'none'],
    [`read a key of ${name} past the leader`, `${API}.DIRECT.GET.KV_${name}`, false],
    [`write ${name}`, `$KV.${name}.${key}`, right === 'writes'],
    [`empty ${name}`, `${API}.STREAM.PURGE.KV_${name}`, false],
  ];
  return [
    ...types.map((type) => {
      const subject = eventSubject(campaignId, 0, type, 'R');
      return [`publish ${type}`, type === 'issuing' ? `${subject}.wechat` : subject, may(type)] as const;
    }),
    ['publish issuing without a channel', eventSubject(campaignId, 0, 'issuing', 'R'), false],
    ['publish a stray', astraySubject(campaignId, 1, 'R'), may('received')],
    ['publish a type that is not known', eventSubject(campaignId, 0, 'promised', 'R'), false],
    ['publish a type without a receipt', `reg.${campaignId}.0.received`, false],
    ['publish below a receipt', `${eventSubject(campaignId, 0, 'received', 'R')}.won`, false],
    ['publish into another campaign', eventSubject('autumn', 0, 'received', 'R'), false],
    ...CONTROL_TYPES.map(
      (type) => [`decide ${type}`, `ctl.${campaignId}.${type}`, decides.some((one) => one === type)] as const,
    ),
    ['decide something that is not known', `ctl.${campaignId}.promised`, false],
    [
      'read the control stream',
      `${API}.STREAM.MSG.GET.CTL_${campaignId}`,
      decides.length > 0 || looksUp.some((one) => one === 'decisions'),
    ],
    ['empty the control stream', `${API}.STREAM.PURGE.CTL_${campaignId}`, false],
    ['publish into the trail', `audit.${campaignId}`, false],
    ['look a receipt up', `${API}.STREAM.MSG.GET.${REG}`, looksUp.some((one) => one === 'receipts')],
    [
      'follow what is astray',
      `${API}.CONSUMER.CREATE.${REG}.x.${astraySubject(campaignId, 0, '*')}`,
      looksUp.some((one) => one === 'receipts'),
    ],
    ['follow one type', `${API}.CONSUMER.CREATE.${REG}.x.${eventSubject(campaignId, 0, 'won', '*')}`, false],
    ['read a whole shard', `${API}.CONSUMER.CREATE.${REG}.x`, looksUp.some((one) => one === 'shards')],
    ...bucket(liveBucketName(campaignId), buckets.live),
    // A pod gives numbers; the pace and the order of citizens are the operator's.
    ...[...Object.values(QUEUE_KEYS), ...Object.values(SITE_KEYS)].map((key) => {
      const isAllowed = workload === 'intake' && key !== QUEUE_KEYS.pace && key !== QUEUE_KEYS.shuffle;
      return [`write ${key}`, `$KV.${liveBucketName(campaignId)}.${key}`, isAllowed] as const;
    }),
    ['write a key of the queue that is not known', `$KV.${liveBucketName(campaignId)}.queue.first`, false],
    // A pod reads its share of an outside system, and takes none.
    ...TIERS.map((other) => {
      const key = sharesKey(other);
      return [`write ${key}`, `$KV.${liveBucketName(campaignId)}.${key}`, false] as const;
    }),
    ...bucket(dataKeyBucketName(campaignId), buckets.dataKeys),
    // Its keys have two words, so that no other bucket's right covers them.
    ...bucket(
      claimsBucketName(campaignId),
      claims.includes('account') ? 'writes' : claims.length > 0 ? 'reads' : 'none',
      'account.a1',
    ),
    ...(['assertion', 'coupon'] as const).map(
      (kind) => [`claim ${kind}`, `$KV.${claimsBucketName(campaignId)}.${kind}.x`, claims.includes(kind)] as const,
    ),
    ...TIERS.flatMap((other) => consumersOf(other).map((lane) => [other, lane] as const)).flatMap(([other, lane]) => {
      const name = consumerName(other, lane);
      return [
        [`take messages of ${name}`, `${API}.CONSUMER.MSG.NEXT.${REG}.${name}`, other === workload] as const,
        [`acknowledge for ${name}`, `$JS.ACK.${REG}.${name}.1.1.1.1.0`, other === workload] as const,
        [`delete the consumer ${name}`, `${API}.CONSUMER.DELETE.${REG}.${name}`, false] as const,
      ];
    }),
  ];
};

describe.each(WORKLOADS)('the account of %s', (workload) => {
  it.each(cases(workload))('%s', async (_, subject, isAllowed) => {
    expect(await mayAsk(workload, subject)).toBe(isAllowed);
  });
});

it('tries what is decided about citizens with the tier that faces them', () => {
  const refused = cases('intake').flatMap(([what, , isAllowed]) => (isAllowed ? [] : [what]));
  expect(refused).toEqual(expect.arrayContaining(['publish won', 'publish issued', 'publish rejected']));
});
