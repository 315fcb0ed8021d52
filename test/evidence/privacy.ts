/**
 * A run's logs, metrics, responses and data files contain none of its identity numbers, names or phones. The sabotage
 * twin plants one number in a log and one in a response, and the same scan must find exactly those two.
 */
import { randomUUID } from 'node:crypto';
import { appendFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { request } from 'undici';
import { startLoad } from '../../local/demo/load-process.ts';
import { citizenOf } from '../../local/load/citizen.ts';
import { receiptOf, receiptState, register } from '../helpers/citizen-client.ts';
import { personalDataScan } from '../helpers/personal-data-scan.ts';
import type { Scenario } from '../helpers/scenario.ts';
import { withStack } from '../helpers/with-stack.ts';

const SEED = 4711;
const CITIZENS = 3_000;

/** Bad input on purpose: what is wrong must be named, and never repeated. */
const badBodies = (citizen: number): readonly unknown[] => {
  const { name, idNumber, phone, channel, locale } = citizenOf(SEED, citizen);
  const good = {
    name,
    idType: 'CN_ID',
    idNumber,
    phone,
    channel,
    category: 'dining',
    consent: { policyVersion: '1', sensitive: true },
    locale,
  };
  return [
    { ...good, idNumber: `${idNumber.slice(0, 17)}${idNumber.endsWith('1') ? '2' : '1'}` },
    { ...good, [idNumber]: idNumber },
    { ...good, category: idNumber },
    { ...good, channel: phone },
    { ...good, locale: name },
    { ...good, phone: idNumber },
    { ...good, name: idNumber.repeat(4) },
    { ...good, consent: { policyVersion: idNumber.repeat(3), sensitive: true } },
    `${JSON.stringify(good)}{`,
    [good],
  ];
};

export const scenario: Scenario = {
  issue: '02',
  run: ({ signal, progress }) =>
    withStack({}, signal, async (stack, stateDir) => {
      const scan = personalDataScan(SEED, CITIZENS);
      const traceFile = join(stateDir, 'trace.csv');
      await writeFile(traceFile, 'seconds,arrivalsPerSecond\n0,150\n10,0\n');
      const load = startLoad({
        url: stack.url,
        traceFile,
        opensAtMs: Date.now(),
        seed: SEED,
        ledgerFile: join(stateDir, 'ledger.jsonl'),
        categories: ['dining'],
        logFile: join(stateDir, 'generator.log'),
      });
      const sent = await load.done;
      progress(`the crowd is done: ${sent?.acknowledged} acknowledged`);

      let responses = 0;
      const note = (where: string, content: unknown): void => {
        responses += 1;
        scan.text(where, typeof content === 'string' ? content : JSON.stringify(content));
      };
      for (let citizen = 2_000; citizen < 2_050; citizen += 1) {
        const answered = await register(stack.url, citizen, randomUUID(), { seed: SEED });
        note('response of a registration', answered.body);
        const receipt = receiptOf(answered);
        if (receipt !== undefined) note('response of a status', (await receiptState(stack.url, receipt)).body);
        for (const body of badBodies(citizen)) {
          const response = await request(`${stack.url}/api/v1/registrations`, {
            method: 'POST',
            headers: { 'content-type': 'application/json', 'idempotency-key': randomUUID() },
            body: typeof body === 'string' ? body : JSON.stringify(body),
          });
          note(`response ${response.statusCode} to bad input`, await response.body.text());
        }
        const { idNumber, phone } = citizenOf(SEED, citizen);
        for (const path of [`/api/v1/registrations/${idNumber}`, `/api/v1/campaigns/${phone}`, `/?id=${idNumber}`]) {
          const response = await request(`${stack.url}${path}`);
          note(`response ${response.statusCode} to a bad path`, await response.body.text());
        }
      }
      for (const { name, text } of await stack.metrics()) note(`metrics of ${name}`, text);
      for (const event of stack.events()) note('event', event);
      note('status', stack.snapshot());
      await scan.folder(stateDir);
      const leaked = scan.findings.length;

      const sabotage = personalDataScan(SEED, CITIZENS);
      const planted = join(stateDir, 'planted');
      await mkdir(planted);
      await appendFile(join(planted, 'pod.log'), `{"msg":"oops ${citizenOf(SEED, 7).idNumber}"}\n`);
      await sabotage.folder(planted);
      sabotage.text('response', `{"detail":"${citizenOf(SEED, 8).phone}"}`);

      const holds = leaked === 0 && sabotage.findings.length === 2 && (sent?.acknowledged ?? 0) > 500;
      const { scannedBytes, scannedFiles } = scan;
      return {
        kind: 'ran',
        holds,
        summary: {
          acknowledged: sent?.acknowledged,
          leaked,
          sabotageFound: sabotage.findings.length,
          responses,
          scannedFiles,
          scannedBytes,
        },
        raw: { findings: scan.findings, sabotage: sabotage.findings },
      };
    }),
};
