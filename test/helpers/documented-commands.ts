/**
 * Every command of the documents, and the test that runs it. test/unit/house/documented-commands.test.ts checks both ways: a
 * command without an entry fails, and so does an entry whose command is gone or whose test does not contain `as`.
 */

/** Types its commands into a shell of a machine with a cluster, in the order of this table. */
export const STORY = 'test/integration/chart/documents.test.ts';

export interface DocumentedCommand {
  /** As the document has it. ` …` at the end: any arguments. `kubectl voucher` is also `npm run -s voucher --`. */
  readonly command: string;
  readonly ranBy: string;
  /** What that test contains where it runs the command. The story has none: it reads this table. */
  readonly as?: string;
  /** How the test differs from the command. */
  readonly differs?: string;
}

/** command, as */
type Row = readonly [command: string, as: string];

const by = (ranBy: string, rows: readonly Row[], differs?: string): readonly DocumentedCommand[] =>
  rows.map(([command, as]) => ({ command, ranBy, as, ...(differs === undefined ? {} : { differs }) }));

const HARM = 'test/integration/chart/harm.test.ts';
const CLI = 'test/integration/cli/why.test.ts';
const PRIVACY = 'test/component/cli/privacy.test.ts';
const ISSUANCE = 'test/component/cli/issuance.test.ts';
const SYSTEM = '-n voucher-system';

const STORY_COMMANDS = [
  'kubectl annotate crd vouchercampaigns.voucher-operator.io scaleplans.voucher-operator.io --overwrite meta.helm.sh/release-name=NEW meta.helm.sh/release-namespace=NAMESPACE',
  'kubectl create namespace vouchers',
  `helm install voucher charts/voucher-operator ${SYSTEM} --create-namespace -f values.yaml`,
  `helm test voucher ${SYSTEM} --logs`,
  'kubectl apply -n vouchers -f examples/minimal.yaml',
  'kubectl apply -f examples/minimal.yaml',
  'kubectl wait vcamp/spring-2027 -n vouchers --for=condition=Ready --timeout=5m',
  'kubectl wait vcamp/spring-2027 -n vouchers --for=condition=Reconciling=false --timeout=5m',
  'kubectl get vcamp -n vouchers',
  'kubectl get lease voucher-operator-campaigns -n vouchers',
  'kubectl get storageclass -o custom-columns=NAME:.metadata.name,GROWS:.allowVolumeExpansion',
  'kubectl get vcamp -A -o custom-columns=NS:.metadata.namespace,NAME:.metadata.name,FINALIZERS:.metadata.finalizers',
  'kubectl voucher status spring-2027 -n vouchers',
  'kubectl voucher status',
  'kubectl voucher status -A',
  `kubectl get pods ${SYSTEM} -l app.kubernetes.io/component=operator`,
  `kubectl logs ${SYSTEM} -l app.kubernetes.io/component=operator --tail=50`,
  `kubectl describe pod ${SYSTEM} voucher-nats-0`,
  'kubectl get pods -n vouchers -l app.kubernetes.io/component=compare',
  'kubectl create rolebinding campaign-owner -n vouchers --clusterrole voucher-system-voucher-campaign-owner --user USER',
  'kubectl create rolebinding campaign-reviewer -n vouchers --clusterrole voucher-system-voucher-campaign-reviewer --user USER',
  `kubectl create rolebinding auditors ${SYSTEM} --role voucher-audit-reader --group auditors`,
  'kubectl create clusterrolebinding voucher-doctor --clusterrole voucher-system-voucher-doctor --user USER',
  'kubectl create secret generic voucher-data-plane-intake -n vouchers --from-file=accounts/intake',
  'kubectl create secret generic voucher-data-plane-records -n vouchers --from-file=accounts/records',
  'kubectl create secret generic voucher-verification -n vouchers --from-literal=tencent.secret-id=SECRET_ID --from-literal=tencent.secret-key=SECRET_KEY --from-literal=city.secret-key=CITY_KEY',
  'kubectl create secret generic voucher-issuance -n vouchers --from-file=channel-keys',
  'kubectl create configmap argocd-cm -n argocd --dry-run=client -o yaml > health.yaml --from-file=resource.customizations.health.voucher-operator.io_VoucherCampaign=deploy/argocd/resource_customizations/voucher-operator.io/VoucherCampaign/health.lua',
  'kubectl patch configmap argocd-cm -n argocd --type merge --patch-file health.yaml',
  `kubectl get secret ${SYSTEM} voucher-journal -o jsonpath='{.data.nats-ca\\.crt}' | base64 -d > ca.crt`,
  `export NATS_URL=tls://localhost:4222 NATS_CA=ca.crt NATS_USER=operator NATS_PASSWORD="$(kubectl get secret ${SYSTEM} voucher-journal -o jsonpath='{.data.nats-password}' | base64 -d)"`,
  'kubectl exec -n vouchers POD -- /usr/local/bin/node /app/app/records/rebuild-main.js',
  `kubectl delete secret ${SYSTEM} voucher-nats-tls voucher-postgres-tls`,
  `helm upgrade voucher charts/voucher-operator ${SYSTEM} -f values.yaml`,
  `kubectl rollout restart ${SYSTEM} statefulset/voucher-postgres`,
  `helm upgrade voucher charts/voucher-operator ${SYSTEM} --reset-then-reuse-values --set-json 'audit.readers=[{"kind":"User","name":"auditor"}]'`,
  'kubectl annotate vcamp spring-2027 -n vouchers voucher-operator.io/paused=2027-03-01T10:30:00+08:00',
  'kubectl annotate vcamp spring-2027 -n vouchers voucher-operator.io/hold-until=2027-03-01T12:00:00+08:00',
  'kubectl annotate vcamp spring-2027 -n vouchers "voucher-operator.io/min-override=intake=20,records=4 until 2027-03-01T12:00:00+08:00"',
  'kubectl annotate vcamp spring-2027 --overwrite "contingency.voucher-operator.io/narrow-door=on until 2027-03-01T12:00:00+08:00: the database is slow"',
  'kubectl annotate vcamp spring-2027 --overwrite "contingency.voucher-operator.io/narrow-door=off at 2027-03-01T11:40:00+08:00"',
  `helm uninstall voucher ${SYSTEM}`,
  `kubectl delete pod ${SYSTEM} voucher-setup-secrets voucher-setup-databases voucher-setup-databases-before --ignore-not-found`,
] as const;

export const DOCUMENTED: readonly DocumentedCommand[] = [
  ...STORY_COMMANDS.map((command) => ({ command, ranBy: STORY })),
  ...by('test/evidence/fresh/plays.ts', [
    ['npm ci', "command: 'npm ci "],
    ['npm test', "command: 'npm test'"],
    ['npm run test:cluster', "command: 'npm run test:cluster'"],
    ['npm run demo', "command: 'npm run demo'"],
    ['npm run demo -- --chaos', "'npm run demo -- --chaos'"],
    ['npm run demo -- --full', "'npm run demo -- --full'"],
    ['npm run demo -- --on cluster', "'npm run demo -- --on cluster'"],
  ]),
  ...by(
    'test/chart/dashboards.test.ts',
    [
      [
        `helm upgrade voucher charts/voucher-operator ${SYSTEM} --reset-then-reuse-values --set monitoring.dashboards.enabled=true`,
        'monitoring: { dashboards: { enabled: true } }',
      ],
      [
        `helm upgrade voucher charts/voucher-operator ${SYSTEM} --reset-then-reuse-values --set tracing.endpoint=http://collector.monitoring.svc:4318 --set-json tracing.ratio=0.01`,
        "endpoint = 'http://collector.monitoring.svc:4318'",
      ],
    ],
    'rendered by Helm, not installed',
  ),
  ...by(
    'test/chart/workloads.test.ts',
    [
      [
        `helm upgrade voucher charts/voucher-operator ${SYSTEM} --reset-then-reuse-values --set audit.open=true`,
        'audit: { open: true }',
      ],
    ],
    'rendered by Helm, not installed',
  ),
  ...by('test/embedded/demo/demo.test.ts', [['npm run demo -- --sabotage drop-one', "'--sabotage', 'drop-one'"]]),
  ...by(
    'test/integration/cluster/context.test.ts',
    [['npm run demo -- --on cluster --context NAME …', "describe('a context'"]],
    'what it finds and refuses, without a campaign',
  ),
  ...by('.ci/run', [
    ['npm run check', 'npm run --silent check'],
    ['npm run cluster -- down', 'npm run --silent cluster -- down'],
    [
      'export XDG_CACHE_HOME=$(mktemp -d) VOUCHER_CLUSTERS=$(mktemp -d) GOCACHE=$(mktemp -d)',
      'export XDG_CACHE_HOME=$state/cache VOUCHER_CLUSTERS=$state/clusters GOCACHE=$state/go-build',
    ],
  ]),
  ...by('test/integration/cluster/lifecycle.test.ts', [
    ['npm run cluster -- up', "[UP, 'up'"],
    ['npm run cluster -- status', 'await status(NAME)'],
  ]),
  ...by('test/helpers/outside-operator.ts', [['npm run operator -- …', "'signals-through': 'api-server'"]]),
  ...by('scripts/evidence.ts', [['npm run bench -- …', 'npm run bench -- NAME']], 'each is a run of its own'),
  ...by(
    'test/unit/image/dockerfile.test.ts',
    [
      ['docker build …', "describe('the Dockerfile'"],
      ['docker buildx build …', "describe('the Dockerfile'"],
      ['docker push …', "describe('the Dockerfile'"],
      ['kind create cluster', "describe('the Dockerfile'"],
      ['kind load docker-image …', "describe('the Dockerfile'"],
    ],
    'no container engine where this is tested: the same image is made without one and compared with the Dockerfile',
  ),
  ...by(
    'test/chart/documents.test.ts',
    [['helm install voucher charts/voucher-operator -n voucher-system --create-namespace --set …', "flag === '--set'"]],
    'rendered',
  ),
  ...by('test/component/cli/login.test.ts', [
    ['kubectl voucher login keys -n vouchers --out voucher-login.yaml', "call('keys', '-n', 'vouchers', '--out'"],
  ]),
  ...by('test/component/cli/reconcile.test.ts', [
    [
      'kubectl voucher reconcile spring-2027 -n vouchers --complete --dir report',
      "'reconcile', 'spring', '-n', 'vouchers', '--complete'",
    ],
    ['kubectl voucher issue unbound spring-2027 -n vouchers', "'issue', 'unbound', 'spring', '-n', 'vouchers'"],
  ]),
  ...by('test/component/cli/clone.test.ts', [
    [
      'kubectl voucher campaign clone spring-2027 -n vouchers --as autumn-2027 --shift 184d',
      "run('campaign', 'clone', 'spring', '-n', 'vouchers', '--as'",
    ],
  ]),
  ...by('test/component/cli/consistency.test.ts', [
    ['kubectl voucher consistency --list spring-2027 -n vouchers', "'consistency', '--list'"],
  ]),
  ...by(
    PRIVACY,
    [
      [
        'kubectl voucher erase spring-2027 RECEIPT -n vouchers --reason "request 17 of 3 March"',
        "voucher('erase', name",
      ],
      [
        'kubectl voucher destroy-keys spring-2027 -n vouchers --confirm CAMPAIGN_ID --reason "all vouchers are redeemed"',
        "voucher('destroy-keys', campaign.metadata.name",
      ],
      ['kubectl voucher certificate spring-2027 -n vouchers', "voucher('certificate', name)"],
    ],
    'against the answers of an API server that the test plays',
  ),
  ...by(
    ISSUANCE,
    [
      ['kubectl voucher issue start spring-2027 -n vouchers', "voucher('issue', 'start', 'chengdu')"],
      ['kubectl voucher issue show spring-2027 -n vouchers', "voucher('issue', 'show', 'chengdu')"],
      ['kubectl voucher channel list spring-2027 -n vouchers', "voucher('channel', 'list', 'chengdu')"],
      [
        'kubectl voucher channel stop spring-2027 wechat -n vouchers --reason "the stock has the wrong scope"',
        "voucher('channel', 'stop', 'chengdu', 'wechat'",
      ],
      [
        'kubectl voucher channel resume spring-2027 wechat -n vouchers',
        "voucher('channel', 'resume', 'chengdu', 'wechat')",
      ],
    ],
    'against the answers of an API server that the test plays',
  ),
  ...by(HARM, [
    [
      'helm install NEW charts/voucher-operator -n NAMESPACE -f values.yaml --take-ownership',
      "another('--take-ownership')",
    ],
    [
      `kubectl patch vcamp -n vouchers NAME --type=merge -p '{"metadata":{"finalizers":null}}'`,
      `'--type=merge', '-p', '{"metadata":{"finalizers":null}}'`,
    ],
    ['for i in 0 1 2; do kubectl patch pvc …', "'patch', 'pvc'"],
    [`kubectl delete statefulset ${SYSTEM} voucher-nats --cascade=orphan`, "'--cascade=orphan'"],
    [`kubectl get pvc ${SYSTEM} -w`, "describe('larger volumes'"],
    [`kubectl describe pod ${SYSTEM} voucher-setup-secrets`, "'get', 'pod', 'vo-setup-secrets'"],
  ]),
  ...by(
    'test/embedded/journal/full-store.test.ts',
    [['nats stream edit …', 'manager.streams.update(']],
    'the same requests through the client: no test has the NATS CLI',
  ),
  ...by(
    'test/embedded/journal/lost-keys.test.ts',
    [
      ['for key in $(nats kv ls …', 'bucket.purge(name)'],
      ["nats kv ls keys_spring-2027 | grep '^2027-03-01'", 'bucket.purge(name)'],
    ],
    'the same requests through the client: no test has the NATS CLI',
  ),
  ...by(
    'test/evidence/demo-on-cluster.ts',
    [
      [`kubectl port-forward ${SYSTEM} voucher-nats-0 4222 &`, "'--on', 'cluster'"],
      ['kubectl -n voucher-system port-forward service/voucher-nats 4222 &', "'--on', 'cluster'"],
    ],
    'the demo reaches the data plane of its cluster by kubectl port-forward (local/on-cluster/forward.ts)',
  ),
  ...by(
    'test/integration/operator/authorization.test.ts',
    [
      ['kubectl patch scaleplan spring-i30-16rc8 -n vouchers --type merge -p \'{"spec":{"decision":…', 'decidedBy'],
      ['kubectl patch scaleplan spring-i30-16rc8 -n vouchers --type merge -p \'{"spec":{"revocation":…', 'revokedBy'],
    ],
    'the same patch, sent by HTTP',
  ),
  ...by(CLI, [
    ['kubectl voucher why …', "says(['why'"],
    ['kubectl voucher plans …', "says(['plans'"],
    ['kubectl voucher plan show …', "says(['plan', 'show'"],
    ['kubectl voucher approve …', "'approve'"],
    ['kubectl voucher reject …', "voucher(['reject'"],
    ['kubectl voucher revoke …', "'revoke'"],
    ['kubectl voucher pause …', "voucher(['pause'"],
    ['kubectl voucher resume …', "voucher(['resume'"],
  ]),
  ...by('test/component/cli/launcher.test.ts', [
    ['ln -s "$PWD/cli/main.mjs" /usr/local/bin/kubectl-voucher', "symlink(join(CLI, 'main.mjs')"],
  ]),
  ...by('test/evidence/status-screen.ts', [['kubectl voucher status spring-2027 -w', '} -w`']]),
  ...by('test/integration/cli/doctor.test.ts', [['kubectl voucher doctor …', "crowd.voucher(['doctor'"]]),
  ...by('test/integration/cli/authorize.test.ts', [['kubectl voucher authorize …', "crowd.voucher(['authorize'"]]),
  ...by('test/component/review/review.test.ts', [
    ['kubectl voucher review list …', "review('list'"],
    ['kubectl voucher review show …', "review('show'"],
    ['kubectl voucher review accept …', "review('accept'"],
    ['kubectl voucher review reject …', "review('reject'"],
  ]),
  ...by('test/component/audit/audit.test.ts', [['kubectl voucher audit …', "runCli(['audit'"]]),
  ...by('test/integration/operator/contingency.test.ts', [
    ['kubectl voucher contingency -n vouchers', "'contingency'"],
    ['kubectl voucher contingency start …', "'contingency', 'start'"],
    ['kubectl voucher contingency stop …', "'contingency', 'stop'"],
  ]),
  ...by('test/component/draw/commands.test.ts', [
    ['kubectl voucher draw show …', "call('show'"],
    ['kubectl voucher draw commit …', "call('commit'"],
    ['kubectl voucher draw source …', "call('source'"],
    ['kubectl voucher draw promote …', "call('promote'"],
  ]),
  ...by('test/component/draw/cli.test.ts', [
    ['kubectl voucher draw verify …', "call('verify'"],
    ['kubectl voucher draw check …', "call('check'"],
    ['kubectl voucher draw run …', "call('run'"],
    ['python3 docs/draw/verify.py …', "'docs/draw/verify.py'"],
  ]),
  ...by('test/component/cli/simulate.test.ts', [['kubectl voucher simulate …', "runCli(['simulate'"]]),
  ...by('test/component/dashboard/server.test.ts', [['kubectl voucher dashboard …', "runCli(['dashboard'"]]),
];
