/** A site's write is acknowledged by a quorum or not at all; and the campaign keeps the fingerprints of its first pod. */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { secretKey } from '../../../app/core/secret-key.ts';
import { fingerprintsOf, keyProblem } from '../../../app/keys/fingerprints.ts';
import { createSiteJournal } from '../../../journal/live/site-journal.ts';
import { eventually } from '../../helpers/eventually.ts';
import { never, type RealJournal, startRealJournal } from '../../helpers/real-journal.ts';

let journal: RealJournal;
beforeAll(async () => {
  journal = await startRealJournal();
  await eventually(async () => (await journal.ensured()).kind === 'ready', { what: 'a journal' });
});
afterAll(() => journal?.stop());

const siteJournal = async (name: string) =>
  createSiteJournal({ connection: await journal.connect(name), campaignId: 'spring' });
const keys = (citizen: number) => ({
  citizen: secretKey(Buffer.alloc(32, citizen)),
  canary: secretKey(Buffer.alloc(32, 9)),
});

it('keeps the fingerprints of the first of many pods, and finds the site with other keys', async () => {
  const own = fingerprintsOf(keys(1), 'spring');
  const pods = await Promise.all(Array.from({ length: 6 }, (_, n) => siteJournal(`pod-${n}`)));
  const answer = (pod: (typeof pods)[number], mine: typeof own) =>
    eventually(() => pod.fingerprints(mine, never), { what: 'fingerprints' });
  expect(await Promise.all(pods.map((pod) => answer(pod, own)))).toEqual(pods.map(() => own));
  const other = fingerprintsOf(keys(2), 'spring');
  const known = await answer(await siteJournal('other'), other);
  expect(known).toEqual(own);
  expect(keyProblem(other, known)).toMatch(/^citizen\.key/);
});

it('has its write acknowledged, not without a quorum, and again with one', async () => {
  const site = await siteJournal('prober');
  const isWell = () =>
    site.probe(1_000).then(
      () => true,
      () => false,
    );
  await eventually(isWell, { what: 'an acknowledged write' });
  const others = journal.cluster.nodes.slice(0, 2);
  for (const node of others) node.kill('SIGSTOP');
  await eventually(async () => !(await isWell()), { what: 'a write that is not acknowledged' });
  for (const node of others) node.kill('SIGCONT');
  await eventually(isWell, { what: 'an acknowledged write again' });
});
