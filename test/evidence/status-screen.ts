/**
 * `kubectl voucher status -w` in a flood with a plan waiting, as a person sees it: a real terminal (tmux), a real API
 * server and a real operator; only pods, crowd and journal are played. Looked at, made narrow, with the API server gone,
 * after the owner's approval, and after Ctrl-C. Writes docs/images/status-watch.png where a browser draws it.
 * `--quiet-seconds N --flood-seconds N`.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import stringWidth from 'string-width';
import { runCli } from '../../cli/run.ts';
import { eventually } from '../helpers/eventually.ts';
import { campaignBody } from '../helpers/kube-world.ts';
import { observeFor } from '../helpers/platform.ts';
import type { Scenario } from '../helpers/scenario.ts';
import { startStrawKubelet } from '../helpers/straw-kubelet.ts';
import { takePicture } from '../helpers/terminal-picture.ts';
import { operatorAccount, startOperator, startWorld } from '../integration/operator/world.ts';
import { startCrowd } from './screen/crowd.ts';
import { hasTmux, startTmux } from './screen/tmux.ts';

const ROOT = join(import.meta.dirname, '../..');
const WIDE = { columns: 112, rows: 34 };
const NARROW = { columns: 72, rows: 24 };
const NAME = 'spring-2027';

const widest = (screen: string): number => Math.max(...screen.split('\n').map((line) => stringWidth(line)));

export const scenario: Scenario = {
  issue: '06',
  run: async ({ args, signal, progress }) => {
    const { values } = parseArgs({
      args: [...args],
      options: {
        'quiet-seconds': { type: 'string', default: '120' },
        'flood-seconds': { type: 'string', default: '240' },
      },
    });
    if (!(await hasTmux()))
      return { kind: 'not_run', reason: 'there is no tmux: it is the terminal that is looked at' };
    const world = await startWorld();
    const { plane } = world;
    const crowd = await startCrowd();
    const kubelet = startStrawKubelet(plane, () => false, { addressOf: crowd.addressOf });
    const operator = await startOperator(plane, {
      kubeconfig: await operatorAccount(plane),
      journal: {
        ensure: async () => ({ kind: 'ready', durability: 'Synced', replicas: 3, message: 'Played.' }),
        remove: async () => ({ kind: 'removed', streams: 6 }),
        backlog: async () => crowd.backlog(),
        putLiveSettings: async () => undefined,
      },
    });
    const tmux = await startTmux(
      {
        KUBECONFIG: plane.kubeconfig,
        PATH: `${join(ROOT, 'node_modules/.bin')}:${process.env['PATH']}`,
        LANG: 'C.UTF-8',
      },
      ROOT,
    );
    try {
      await tmux.resize(WIDE.columns, WIDE.rows);
      const namespace = await world.createNamespace();
      const tiers = {
        intake: { min: 4, max: 60, capacityPerReplica: 1_000 },
        records: { min: 2, max: 12, capacityPerReplica: 2_600 },
      };
      const spec = {
        title: { 'zh-CN': '春季消费券', en: 'Spring vouchers' },
        traffic: {},
        scaling: { tiers, authorized: { ceilings: { intake: 12, records: 6 } } },
      };
      await world.createCampaign(namespace, await campaignBody(NAME, { opensInMs: -1_000, spec }));
      await world.ready(namespace, NAME);
      await tmux.type(`node cli/main.ts status ${NAME} -n ${namespace} -w`, 'Enter');
      const shows = (what: string, check: (screen: string) => boolean): Promise<string> =>
        eventually(
          async () => {
            const screen = await tmux.screen();
            return check(screen) ? screen : undefined;
          },
          { everyMs: 250, what },
        ).catch(async (error: unknown) => {
          throw new Error(`it shows:\n${await tmux.screen()}`, { cause: error });
        });
      await shows('a campaign that goes well', (screen) => screen.includes('no action needed'));
      progress(`${values['quiet-seconds']} quiet seconds`);
      await observeFor(Number(values['quiet-seconds']) * 1_000, signal);
      const quiet = await tmux.screen();
      crowd.flood();
      progress(`${values['flood-seconds']} seconds of a flood`);
      await observeFor(Number(values['flood-seconds']) * 1_000, signal);
      const flood = await shows('a plan that waits', (screen) => screen.includes('kubectl voucher approve'));
      const picture = await tmux.screen(true);
      await tmux.resize(NARROW.columns, NARROW.rows);
      const narrow = await shows(
        'a narrow screen',
        (screen) => widest(screen) <= NARROW.columns && screen.includes('!'),
      );
      await tmux.resize(WIDE.columns, WIDE.rows);

      progress('without an API server');
      await plane.crashApiServer();
      const away = await shows('the age of what it shows', (screen) =>
        screen.includes('the API server does not answer'),
      );
      await plane.startApiServer();
      await shows(
        'news',
        (screen) => !screen.includes('does not answer') && screen.includes('kubectl voucher approve'),
      );

      const plan = /kubectl voucher approve (\S+)/.exec(await tmux.screen())?.[1] ?? '';
      const io = { out: () => undefined, err: progress, now: () => performance.now(), wallMs: () => Date.now() };
      const approved = await runCli(['approve', plan, '-n', namespace], {
        ...io,
        env: { KUBECONFIG: plane.kubeconfig },
      });
      const after = await shows('more than the ceiling of before', (screen) =>
        /intake +\d+ +(1[3-9]|2\d) /.test(screen),
      );
      const during = await tmux.state();
      await tmux.type('C-c');
      const ended = await shows('a prompt', (screen) => /^\$ *$/m.test(screen) && screen.includes(NAME));
      const state = await tmux.state();

      const images = join(ROOT, 'docs', 'images');
      await mkdir(images, { recursive: true });
      const hasPicture = await takePicture(picture, WIDE.columns, join(images, 'status-watch.png'));
      const checks = {
        says_what_to_do: flood.includes('Needs a person') && flood.includes('kubectl voucher approve'),
        curves_move: /[▁▂].*[▇█]/.test(flood),
        fits_when_narrow: widest(narrow) <= NARROW.columns,
        survives_the_api_server: away.includes('This is'),
        approved: approved === 0,
        covers_the_shell_only_while_it_runs:
          during.isAlternate && !during.hasCursor && !state.isAlternate && state.hasCursor,
        leaves_its_last_answer: ended.includes(NAME),
      };
      return {
        kind: 'ran',
        holds: Object.values(checks).every(Boolean),
        summary: { ...checks, picture: hasPicture ? 'docs/images/status-watch.png' : 'no browser to draw it' },
        raw: Object.fromEntries(
          Object.entries({ quiet, flood, narrow, away, after, ended }).map(([name, screen]) => [
            name,
            screen.trimEnd().split('\n'),
          ]),
        ),
      };
    } finally {
      await tmux.stop();
      await operator.stop().catch(() => undefined);
      await kubelet.stop();
      crowd.stop();
      await plane.stop();
    }
  },
};
