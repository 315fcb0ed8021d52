/** Watches and elections as metrics and log lines. */
import type { InformerReport } from '../kube/informer.ts';
import type { ElectionReport } from '../leadership/elector.ts';
import type { KubeMetrics } from './kube-metrics.ts';
import type { Logger } from './log.ts';

/** An API server that is down is not worth a hundred lines a second. */
const LOG_EVERY_FAILURES = 10;

export const reportWatch = (
  log: Logger,
  metrics: KubeMetrics,
  resource: string,
  report: InformerReport,
  namespace?: string,
): void => {
  switch (report.kind) {
    case 'listed': {
      const { objects, seconds } = report;
      metrics.lists.inc({ resource });
      log.debug({ resource, namespace, objects, seconds }, 'listed');
      return;
    }
    case 'watching':
      return;
    case 'skipped':
      log.error({ resource, namespace, error: report.error }, 'an object was skipped');
      return;
    case 'failed': {
      const { failures, retryAfterMs, error } = report;
      metrics.watchFailures.inc({ resource });
      if (failures % LOG_EVERY_FAILURES === 1) {
        log.warn({ resource, namespace, failures, retryAfterMs, error }, 'a watch broke; it is started again');
      }
    }
  }
};

export const reportElection = (log: Logger, identity: string, report: ElectionReport): void => {
  switch (report.kind) {
    case 'leading':
      log.info({ identity }, 'leading');
      return;
    case 'ended':
      log.info({ identity, why: report.why }, 'no longer leading');
      return;
    case 'failed':
      if (report.failures % LOG_EVERY_FAILURES !== 1) return;
      log.warn(
        { identity, failures: report.failures, error: report.error },
        'the lease could not be read or written; trying again',
      );
  }
};
