/** Metrics of the tiers that citizens reach. Pure. */
import { named } from './metric.ts';

const REACHED = ['intake', 'login'] as const;

export const ARRIVALS = named({
  voucher_intake_arrivals_total: {
    type: 'counter',
    labels: ['outcome'],
    help: 'Registration POSTs, or begins of logins, by outcome. All outcomes except canary together are the attempted arrivals.',
    exposedBy: REACHED,
  },
  voucher_intake_answer_seconds: {
    type: 'histogram',
    labels: ['outcome'],
    help: 'Seconds from the arrival of the head to the answer.',
    exposedBy: REACHED,
    // At 0.1, 0.3, 0.5, 1 and 3 s are the goals; 3 s is the time in which a registration is published, or fails.
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 1, 2, 3, 5],
  },
  voucher_intake_in_flight_requests: {
    type: 'gauge',
    labels: [],
    help: 'Registrations between their last byte and the answer, or logins that the system answers now.',
    exposedBy: REACHED,
  },
  voucher_intake_expected_returns_total: {
    type: 'counter',
    labels: [],
    help: 'Citizens asked to come again and expected by now.',
    exposedBy: REACHED,
  },
  voucher_intake_due_back_citizens: {
    type: 'gauge',
    labels: [],
    help: 'Citizens asked to come again and expected later.',
    exposedBy: REACHED,
  },
  voucher_intake_recent_arrivals: {
    type: 'gauge',
    labels: ['ago'],
    help: 'Arrivals of the last second, by tenths; ago="1" is the newest.',
    exposedBy: REACHED,
  },
  voucher_intake_recent_returns: {
    type: 'gauge',
    labels: ['ago'],
    help: 'Citizens expected to come again in the last second, by halves; ago="1" is the newer one.',
    exposedBy: REACHED,
  },
  voucher_scrape_timestamp_seconds: {
    type: 'gauge',
    labels: [],
    help: 'Unix time of this process at the scrape.',
    exposedBy: REACHED,
  },
  voucher_intake_changes_total: {
    type: 'counter',
    labels: ['change', 'outcome'],
    help: 'Changes that citizens asked for. done: stored, or stored before. refused: 4xx. unavailable: 5xx.',
    exposedBy: ['intake'],
  },
  voucher_intake_assertions_total: {
    type: 'counter',
    labels: ['kind', 'outcome'],
    help: 'Assertions of the login tier in requests of citizens, by kind. used: accepted. Everything else: why it was refused.',
    exposedBy: ['intake'],
  },
  voucher_intake_limited_total: {
    type: 'counter',
    labels: ['limit'],
    help: 'Registrations above a limit of one citizen, phone or device in this pod.',
    exposedBy: ['intake'],
  },
  voucher_intake_recent_publishes: {
    type: 'gauge',
    labels: ['outcome'],
    help: 'Registrations published in the last five seconds, by result: answers, or a state of voucher_dependency_seconds.',
    exposedBy: ['intake'],
  },
  voucher_journal_publishes_total: {
    type: 'counter',
    labels: ['kind', 'outcome'],
    help: 'Messages sent to the journal: first, reroute (home shard is silent), hedge (a second copy), resend (the same shard on a new connection), by outcome.',
    exposedBy: ['intake'],
  },
  voucher_privacy_keys: {
    type: 'gauge',
    labels: [],
    help: 'Keys of the privacy Secret in the mount of this pod; 0 once the Secret is empty.',
    exposedBy: ['intake'],
  },
  voucher_queue_tickets_total: {
    type: 'counter',
    labels: [],
    help: 'Tickets of the waiting room that were given; each is a first attempt.',
    exposedBy: ['intake'],
  },
  voucher_queue_turns_total: {
    type: 'counter',
    labels: [],
    help: 'Tickets whose holder came when it was their turn.',
    exposedBy: ['intake'],
  },
  voucher_queue_last_number: {
    type: 'gauge',
    labels: [],
    help: 'Greatest number of the waiting room that this pod has given.',
    exposedBy: ['intake'],
  },
  voucher_login_answers_total: {
    type: 'counter',
    labels: ['system', 'outcome'],
    help: 'Answers of the systems to logins, by system. state: the callback was not begun in that browser, or is too old.',
    exposedBy: ['login'],
  },
});
