/** The words of the dashboard in both languages; Chinese terms as in docs/glossary.md. Pure. */
import type { Stage } from '../../contract/conditions.ts';

export const LANGUAGES = ['en', 'zh-CN'] as const;
export type Language = (typeof LANGUAGES)[number];

export interface Text {
  readonly en: string;
  readonly 'zh-CN': string;
}

const text = (en: string, zh: string): Text => ({ en, 'zh-CN': zh });

export const otherThan = (language: Language): Language => (language === 'en' ? 'zh-CN' : 'en');

export const TEXTS = {
  dashboard: text('Campaign dashboard', '活动监控'),
  wall: text('Wall screen', '大屏'),
  ordinary: text('Ordinary page', '普通页面'),
  otherLanguage: text('中文', 'English'),
  skip: text('Skip to the figures', '跳到数据'),
  updated: text('Status written', '状态写入'),
  never: text('never', '从未'),
  replayOfDemo: text('Replay of a demo run', '演示回放'),
  replayOfSimulation: text('Simulation, not a real campaign', '仿真数据，非真实活动'),
  replayOver: text('The recording has ended.', '回放已结束。'),
  speed: text('speed', '倍速'),
  stale: text('These figures are old. Age:', '数据已过时，距今'),
  gone: text('This campaign was deleted. These are its last figures.', '该活动已被删除，以下为其最后的数据。'),
  retrying: text('Retrying.', '正在重试。'),
  lost: text(
    'No connection to kubectl voucher dashboard. Is it still running? Age of these figures:',
    '与 kubectl voucher dashboard 的连接已断开，请确认它仍在运行。数据距今',
  ),
  needsScript: text(
    'Live updates need JavaScript. Reload the page for newer figures.',
    '实时更新需要 JavaScript，请刷新页面查看新数据。',
  ),

  opens: text('opens', '开放'),
  opened: text('opened', '已开放'),
  due: text('was due to open', '应于此时开放'),
  closes: text('closes', '截止'),
  closed: text('closed', '已截止'),

  figures: text('Figures now', '当前数据'),
  arrivals: text('Arrivals', '到达量'),
  arrivalsUnit: text('registrations attempted per second', '每秒登记请求'),
  peak: text('peak', '峰值'),
  waiting: text('Citizens waiting', '排队人数'),
  noQueue: text('no one waits', '无人排队'),
  turns: text('admitted per second', '每秒放行'),
  longest: text('longest wait', '最长等待'),
  backlog: text('Backlog', '积压'),
  backlogUnit: text('registrations in the journal, not in the database yet', '已受理、尚未入库的登记'),
  oldest: text('oldest', '最早一条已等待'),
  nothingWaits: text('nothing waits', '无积压'),
  replicas: text('Intake replicas', '入口副本'),
  ready: text('Ready', '就绪'),
  desired: text('desired', '目标'),
  ceiling: text('ceiling', '授权上限'),
  registered: text('Registered', '已登记'),
  registeredUnit: text('citizens in the database', '已入库的市民'),
  answer: text('Answer time', '响应时间'),
  answerUnit: text('99 of 100 answers came within', '99% 的请求在此时间内得到答复'),
  delay: text('Delay to the database', '入库延迟'),
  delayUnit: text('age of the oldest registration in the backlog', '最早一条积压登记已等待的时间'),
  issued: text('Vouchers issued', '已发消费券'),
  ofWinners: text('of', '，共'),
  unknown: text('unknown', '未知'),

  steps: text('From registration to voucher', '从登记到发券'),
  stepRegistered: text('Registered', '已登记'),
  stepVerified: text('Verified', '已核验'),
  stepListed: text('In the draw', '进入摇号'),
  stepWon: text('Won', '已中签'),
  stepIssued: text('Issued', '已发券'),
  stepWaits: text('waiting', '待处理'),
  stepFailed: text('failed', '失败'),
  stepDone: text('done', '完成'),
  stepNow: text('in progress', '进行中'),
  stepLater: text('not yet', '未开始'),

  tiers: text('Replicas and ceilings', '副本与授权上限'),
  tier: text('Tier', '层级'),
  why: text('Why', '原因'),
  since: text('Since', '开始时间'),

  charts: text('The last minutes', '近期走势'),
  chartArrivals: text('Arrivals per second', '每秒到达量'),
  chartBacklog: text('Backlog', '积压'),
  chartWaiting: text('Citizens waiting', '排队人数'),
  chartReplicas: text('Intake replicas', '登记入口副本'),
  chartAnswer: text('Answer time p99, ms', '响应时间 p99（毫秒）'),
  table: text('As a table', '以表格显示'),
  time: text('Time', '时间'),

  needs: text('What needs a person', '需要人工处理'),
  nothing: text('Nothing.', '无。'),
  more: text('more: kubectl voucher status shows all', '条未显示，用 kubectl voucher status 查看全部'),
  plan: text('ScalePlan', '扩容申请'),
  planAsks: text('asks for ceilings of', '申请授权上限：'),
  planExpires: text('expires', '失效时间'),
  approve: text('An owner authorises it with this command:', '负责人用以下命令批准：'),
  copy: text('Copy', '复制'),
  copied: text('Copied', '已复制'),
  remedy: text('Remedy', '处理方法'),
  level: text('Contingency level', '应急级别'),
  levelStop: text('To stop it:', '结束命令：'),
  held: text('is held at its ceiling, and no plan asks for more', '已达授权上限，且没有扩容申请'),
  unreadable: text(
    'The spec of this campaign can’t be read, so the operator decides nothing for it. Replicas are kept.',
    '该活动的 spec 无法读取，Operator 不会为它作任何决定，副本数保持不变。',
  ),

  ok: text('Healthy: no action needed', '运行正常，无需处理'),
  attention: text('Needs a person', '需要人工处理'),
  trouble: text('Unhealthy', '异常'),
  unseen: text('No operator has processed this campaign yet', '尚无 Operator 处理该活动'),
  silent: text('the operator has not reported lately', 'Operator 近期没有上报'),
  planWaits: text('a ScalePlan waits for its owner', '扩容申请待负责人批准'),
  plansWait: text('ScalePlans wait for their owners', '份扩容申请待负责人批准'),
  levelInForce: text('contingency level in force', '应急级别生效中'),
  heldShort: text('held at the ceiling', '已达授权上限'),
} satisfies Readonly<Record<string, Text>>;
export type TextKey = keyof typeof TEXTS;

export const STAGES: Readonly<Record<Stage | 'Unseen', Text>> = {
  Unseen: text('Unseen', '未处理'),
  Pending: text('Pending', '待处理'),
  Scheduled: text('Scheduled', '等待开放'),
  PreWarming: text('Pre-warming', '预热中'),
  Open: text('Open', '登记中'),
  Draining: text('Draining', '处理积压'),
  Closed: text('Closed', '已截止'),
  Frozen: text('Frozen', '名单已冻结'),
  Drawn: text('Drawn', '已摇号'),
  Issuing: text('Issuing', '发券中'),
  Issued: text('Issued', '发券完成'),
};

export const isStage = (word: string): word is keyof typeof STAGES => word in STAGES;
