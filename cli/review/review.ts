/** `kubectl voucher review`: registrations that a provider could not decide. */
import { Command } from 'commander';
import { REASON_MAX, type ReviewAction } from '../../contract/review.ts';
import { sectionOf } from '../../contract/tiers.ts';
import type { VoucherCampaign } from '../../contract/types/campaign.ts';
import { type Api, onApi } from '../access.ts';
import { type ClusterOptions, createCluster, withClusterOptions } from '../cluster.ts';
import { UsageError } from '../errors.ts';
import type { Io } from '../io.ts';
import { forPrograms, type Output, withOutput } from '../output.ts';
import { zoneOf } from '../times.ts';
import { type AskPod, createPodAsker } from './pod.ts';
import { decidedSchema, decidedText, listText, type Page, pageSchema, viewSchema, viewText } from './review-words.ts';
import { openSession } from './session.ts';

interface Options extends ClusterOptions {
  readonly output: Output;
  readonly session?: string;
}
interface ListOptions extends Options {
  readonly all?: true;
}
interface DecideOptions extends Options {
  readonly reason: string;
}

/** Pages of one list command with `--all`: 5,000 receipts. */
const MOST_PAGES = 100;

const onPod = async <T>(
  name: string | undefined,
  options: Options,
  io: Io,
  work: (ask: AskPod, campaign: VoucherCampaign) => Promise<T>,
): Promise<T> =>
  onApi(options, io, async (api: Api) => {
    const { signal } = new AbortController();
    const cluster = createCluster(api, signal);
    const campaign = await cluster.campaign(name);
    if (sectionOf(campaign.spec, 'verification') === undefined) {
      throw new UsageError(
        `campaign ${campaign.metadata.name} does not verify identities, so nothing waits for a review: it has no spec.verification`,
      );
    }
    const session = await openSession(cluster, campaign, options.session, io.wallMs());
    try {
      return await work(await createPodAsker(api, campaign, session.header, io.wallMs, signal), campaign);
    } finally {
      await session.end();
    }
  });

/** Pages until there is something to show, or all of them. */
const pages = async (ask: AskPod, isAll: boolean): Promise<Page> => {
  let page = pageSchema.parse(await ask('list', {}));
  for (let count = 1; page.after !== undefined && count < MOST_PAGES; count += 1) {
    if (!isAll && page.receipts.length > 0) break;
    const next = pageSchema.parse(await ask('list', { after: page.after }));
    page = { ...next, receipts: [...page.receipts, ...next.receipts] };
  }
  return page;
};

const when = (campaign: VoucherCampaign, io: Io) => ({
  zone: zoneOf(campaign.spec.window.opensAt),
  nowMs: io.wallMs(),
});

const list = async (name: string | undefined, options: ListOptions, io: Io): Promise<void> => {
  io.out(
    await onPod(name, options, io, async (ask, campaign) => {
      const page = await pages(ask, options.all === true);
      return forPrograms(options.output, page) ?? listText(campaign.metadata.name, page, when(campaign, io));
    }),
  );
};

const show = async (name: string, receipt: string, options: Options, io: Io): Promise<void> => {
  io.out(
    await onPod(name, options, io, async (ask, campaign) => {
      const view = viewSchema.parse(await ask('show', { receipt }));
      return forPrograms(options.output, view) ?? viewText(view, when(campaign, io));
    }),
  );
};

const decide = async (
  action: Extract<ReviewAction, 'accept' | 'reject'>,
  name: string,
  receipt: string,
  options: DecideOptions,
  io: Io,
): Promise<void> => {
  const { reason } = options;
  if (reason.trim() === '' || [...reason.trim()].length > REASON_MAX) {
    throw new UsageError(`--reason: write 1 to ${REASON_MAX} characters`);
  }
  io.out(
    await onPod(name, options, io, async (ask, campaign) => {
      const decided = decidedSchema.parse(await ask(action, { receipt, reason }));
      return forPrograms(options.output, decided) ?? decidedText(decided, when(campaign, io));
    }),
  );
};

const reviewing = (name: string): Command =>
  withOutput(withClusterOptions(new Command(name))).option(
    '--session <file>',
    'keep a session of 8 hours in this file and use it again: commands are quicker; keep the file secret',
  );

const deciding = (action: 'accept' | 'reject', example: string): Command =>
  reviewing(action)
    .argument('<campaign>', 'name of the campaign')
    .argument('<receipt>', 'receipt number')
    .requiredOption('--reason <text>', 'why, for the record; without names and numbers of people: it is kept for good')
    .addHelpText(
      'after',
      `\nExample:\n  kubectl voucher review ${action} spring-2027 RECEIPT -n vouchers --reason "${example}"`,
    );

export const reviewCommand = (io: Io): Command =>
  new Command('review')
    .description('decide on registrations that no provider could verify; needs the verb review')
    .addCommand(
      reviewing('list')
        .description('registrations that wait for a review, oldest first')
        .argument('[campaign]', 'name of the campaign; optional if there is only one')
        .option('--all', 'all of them, not only the first 50')
        .addHelpText('after', '\nExample:\n  kubectl voucher review list spring-2027 -n vouchers')
        .action((name: string | undefined, options: ListOptions) => list(name, options, io)),
      { isDefault: true },
    )
    .addCommand(
      reviewing('show')
        .description('one registration, with masked name and number; every look is recorded')
        .argument('<campaign>', 'name of the campaign')
        .argument('<receipt>', 'receipt number')
        .addHelpText('after', '\nExample:\n  kubectl voucher review show spring-2027 RECEIPT -n vouchers')
        .action((name: string, receipt: string, options: Options) => show(name, receipt, options, io)),
    )
    .addCommand(
      deciding('accept', 'passport seen at the counter')
        .description('confirm the identity: the registration becomes verified')
        .action((name: string, receipt: string, options: DecideOptions) =>
          decide('accept', name, receipt, options, io),
        ),
    )
    .addCommand(
      deciding('reject', 'the document shows another name')
        .description('the registration becomes rejected; the citizen can correct it while corrections are left')
        .action((name: string, receipt: string, options: DecideOptions) =>
          decide('reject', name, receipt, options, io),
        ),
    );
