/** Chinese for the words of the operator: why there are so many replicas, and what a condition is about. Pure. */
import { CONDITION_TYPES, type ConditionType } from '../../contract/conditions.ts';
import type { DecisionRecord } from '../../operator/history/decision-record.ts';
import { LIMITED_BY, type LimitedBy } from '../../operator/scaling/types.ts';
import { count } from '../words.ts';

const needs = ({ wanted }: DecisionRecord): string => `需要 ${wanted} 个`;
const kept = (why: string) => (): string => `${why}，因此不缩容`;

const BECAUSE: Readonly<Record<LimitedBy, (decision: DecisionRecord) => string>> = {
  Load: () => '满足当前到达量',
  Backlog: () => '需要处理积压',
  Lateness: () => '副本再少，更多市民的等待将超过 5 秒',
  Schedule: () => '按预测峰值准备，即使当前到达量较少',
  Blind: () => '所有指标已缺失 30 秒，在指标恢复前至少保持预测副本数的一半',
  Min: ({ min }) => `最小副本数为 ${min}，无需更多`,
  Max: (decision) => `${needs(decision)}，最大副本数为 ${decision.max}`,
  Ceiling: (decision) => `${needs(decision)}，授权上限为 ${decision.ceiling}`,
  Provider: (decision) => `${needs(decision)}，但外部系统允许的速率用不到这么多`,
  Downstream: ({ admissionPerSecond }) =>
    `两次扩容未提高吞吐量：瓶颈在下游系统，因此降低准入速率${
      admissionPerSecond === undefined ? '' : `至每秒 ${count(admissionPerSecond)}`
    }`,
  Stale: kept('指标缺失或过期'),
  Panic: kept('近两分钟出现洪峰，或其积压尚未处理完'),
  Rollout: kept('正在滚动更新'),
  PlanPending: kept('扩容申请待批准'),
  FewFreshTicks: (decision) => `${needs(decision)}；指标连续三次有效后才缩容`,
  ExcessBacklog: (decision) => `${needs(decision)}；仍有市民等待，因此不缩容`,
  HoldAfterOpen: (decision) => `${needs(decision)}；开放后的保持时间未到，因此不缩容`,
  HoldUntil: (decision) => `${needs(decision)}；按人工设定的时间保持副本`,
  DownWindow: (decision) => `${needs(decision)}；近期需要更多，缩容观察窗口未结束`,
  WayDown: (decision) => `${needs(decision)}，正在逐步缩容`,
};

const isLimitedBy = (word: string): word is LimitedBy => LIMITED_BY.some((known) => known === word);

/** As cli/reasons.ts `because`, in Chinese. */
export const becauseZh = (decision: DecisionRecord): string => {
  const { limitedBy, mode } = decision;
  if (mode === 'Off' || limitedBy === 'Off') return '自动扩缩容已关闭，副本数由人工设定';
  return isLimitedBy(limitedBy) ? BECAUSE[limitedBy](decision) : limitedBy;
};

const CONDITIONS: Readonly<Record<ConditionType, string>> = {
  Ready: '就绪',
  Reconciling: '正在应用配置',
  Stalled: '停滞',
  Provisioned: '资源就位',
  JournalDurable: '登记日志持久可靠',
  MetricsFresh: '指标有效',
  ClocksAgree: '时钟一致',
  PreWarmed: '预热完成',
  Open: '登记开放',
  PlanPending: '扩容申请待批准',
  DownstreamSaturated: '下游瓶颈',
  ConflictingScaler: '扩缩容冲突',
  Overridden: '人工干预',
  Contingency: '应急级别',
  AcceptingRegistrations: '可受理登记',
  RecordsAvailable: '可入库',
  RecordsConsistent: '日志与数据库一致',
  ListFrozen: '名单冻结',
  DrawCommitted: '摇号承诺已公布',
  Drawn: '摇号',
  ProvidersReachable: '核验服务可用',
  Issued: '发券',
  ChannelsReachable: '发券渠道可用',
  BooksBalanced: '账目相符',
  EarlierWinnersExcluded: '往期中签者已排除',
  PersonalDataDestroyed: '个人信息已销毁',
};

/** The name of a condition; its type where this version does not know it. */
export const conditionZh = (type: string): string => {
  const known = CONDITION_TYPES.find((one) => one === type);
  return known === undefined ? type : CONDITIONS[known];
};
