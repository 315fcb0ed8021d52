/** An intake's metrics page as prom-client writes it; a test sets only what differs. */
import { METRICS } from '../../contract/app-contract.ts';
import { type RecentSeries, recentSeries } from './recent-series.ts';

export interface MetricsPage {
  readonly accepted?: number;
  readonly shed?: number;
  readonly turnedAway?: number;
  readonly canary?: number;
  /** What only newer releases tell; absent: the page of an older one. */
  readonly recent?: RecentSeries;
  /** Unix seconds by the pod's clock. */
  readonly now?: number;
  readonly started?: number;
}

export const aMetricsPage = ({
  accepted = 0,
  shed = 0,
  turnedAway = 0,
  canary = 0,
  recent,
  now = 1_600_999_200,
  started = now - 3600,
}: MetricsPage = {}): string =>
  [
    `# HELP ${METRICS.processStart} Start time of the process since unix epoch in seconds.`,
    `# TYPE ${METRICS.processStart} gauge`,
    `${METRICS.processStart} ${started}`,
    '',
    `# HELP ${METRICS.intakeArrivals} Registration POSTs by outcome.`,
    `# TYPE ${METRICS.intakeArrivals} counter`,
    `${METRICS.intakeArrivals}{outcome="accepted"} ${accepted}`,
    `${METRICS.intakeArrivals}{outcome="shed"} ${shed}`,
    `${METRICS.intakeArrivals}{outcome="refused"} 0`,
    `${METRICS.intakeArrivals}{outcome="failed"} 0`,
    `${METRICS.intakeArrivals}{outcome="turned_away"} ${turnedAway}`,
    `${METRICS.intakeArrivals}{outcome="canary"} ${canary}`,
    '',
    `# HELP ${METRICS.scrapeTime} Unix time of this process at the scrape.`,
    `# TYPE ${METRICS.scrapeTime} gauge`,
    `${METRICS.scrapeTime} ${now}`,
    ...(recent === undefined ? [] : recentSeries(recent)),
    '',
  ].join('\n');
