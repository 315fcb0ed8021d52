/** `spec.contingency`: measures for emergencies, agreed in advance. Pure. */
import { choice, dnsLabel, duration, int32, listByKey, localizedText, rule } from './common.ts';
import type { ObjectNode, ValidationRule } from './node.ts';

/** Where the generator puts the types: the campaign's own file would be too long. */
export const CONTINGENCY_TYPES = './contingency.ts';

/** Metrics that are only true or false; the others are numbers with a threshold. */
const SWITCHES = "['DownstreamSaturated', 'JournalUnavailable']";
const PER_SECOND = [1, 10_000_000] as const;
const THRESHOLD = [1, 1_000_000_000] as const;

const trigger: ObjectNode = {
  type: 'object',
  description:
    'When the level starts by itself, between opening and closing; a level with pauseIssuance also while vouchers are issued. Left out: it starts by command only. A metric that is ' +
    'out of date neither starts nor ends a level.',
  typeHint: { name: 'ContingencyTrigger', file: CONTINGENCY_TYPES },
  required: ['signal', 'heldFor'],
  properties: {
    signal: choice(
      'Metric that is watched. OldestWaitSeconds: age of the oldest registration that is not yet in the database. Backlog: ' +
        'number of those registrations. ShedPercent: share of the attempted registrations that were shed with 503. ' +
        'DownstreamSaturated and JournalUnavailable: as the conditions of the campaign report them.',
      ['OldestWaitSeconds', 'Backlog', 'ShedPercent', 'DownstreamSaturated', 'JournalUnavailable'],
    ),
    atLeast: int32(
      'Threshold, in the unit of the metric. Required for the first three metrics; the other two have none.',
      THRESHOLD,
    ),
    heldFor: duration(
      'trigger.heldFor',
      'Time for which the metric must have been at or above the threshold, 1s to 1h. Time without a fresh value does not count.',
      ['1s', '1h'],
      '30s',
    ),
  },
  'x-kubernetes-validations': [
    rule(
      '.atLeast',
      `self.signal in ${SWITCHES} || has(self.atLeast)`,
      'trigger.atLeast is missing: state the value of the metric at which the level starts',
      'FieldValueRequired',
    ),
    rule(
      '.atLeast',
      `!(self.signal in ${SWITCHES}) || !has(self.atLeast)`,
      'trigger.atLeast has no effect on a metric that is only true or false: remove it',
    ),
    rule(
      '.atLeast',
      "self.signal != 'ShedPercent' || !has(self.atLeast) || self.atLeast <= 100",
      'trigger.atLeast is above 100 percent: lower it',
    ),
    rule(
      '.heldFor',
      "self.signal != 'ShedPercent' || duration(self.heldFor) >= duration('5s')",
      'trigger.heldFor is shorter than the time over which ShedPercent is measured, so the level could start itself again: write at least 5s',
    ),
  ],
};

const back: ObjectNode = {
  type: 'object',
  description:
    'How the level ends after its trigger has started it. A level that was started by command ends as the command states.',
  typeHint: { name: 'ContingencyBack', file: CONTINGENCY_TYPES },
  required: ['when'],
  properties: {
    when: choice(
      'When the level ends. Clear: once the metric has been below the value in below for heldFor. After: once the time in ' +
        'after has passed; the trigger then counts from the beginning. Command: once a person stops it.',
      ['Clear', 'After', 'Command'],
    ),
    below: int32(
      'Clear: value below which the metric counts as clear. Lower than trigger.atLeast, so that the level does not flap.',
      THRESHOLD,
    ),
    heldFor: duration(
      'back.heldFor',
      'Clear: time for which the metric must have been clear, 1s to 6h.',
      ['1s', '6h'],
      '2m',
    ),
    after: duration('back.after', 'After: how long the level lasts, 10s to 24h.', ['10s', '24h'], '15m'),
  },
  'x-kubernetes-validations': [
    rule(
      '.heldFor',
      "(self.when == 'Clear') == has(self.heldFor)",
      'back.heldFor belongs to Clear: state it with Clear, and remove it otherwise',
    ),
    rule(
      '.after',
      "(self.when == 'After') == has(self.after)",
      'back.after belongs to After: state it with After, and remove it otherwise',
    ),
    rule(
      '.below',
      "self.when == 'Clear' || !has(self.below)",
      'back.below has an effect with Clear only: remove it, or write Clear',
    ),
  ],
};

const effect: ObjectNode = {
  type: 'object',
  description:
    'What the level does while it is in force; at least one effect. Where several levels are in force, the strictest applies.',
  typeHint: { name: 'ContingencyEffect', file: CONTINGENCY_TYPES },
  minProperties: 1,
  properties: {
    admissionPerSecond: int32('Registrations per second that are admitted at most, over all intake pods.', PER_SECOND),
    admissionPercent: int32('Share of the usual admission rate that is admitted, in percent.', [1, 99]),
    staticPage: {
      type: 'object',
      description:
        'No registration is admitted. Every page and every registration is answered from memory, without the database. The ' +
        'journal is asked only for registrations that were accepted before. The status of a receipt says only that the ' +
        'receipt is genuine.',
      typeHint: { name: 'StaticPage', file: CONTINGENCY_TYPES },
      required: ['text', 'retryAfterSeconds'],
      properties: {
        text: localizedText('What citizens read, in one or two sentences.', 300),
        retryAfterSeconds: int32('Seconds after which citizens are asked to try again (Retry-After).', [1, 3600]),
      },
    },
    extendClosing: duration(
      'effect.extendClosing',
      'Registration closes this much later than window.closesAt, 1m to 168h, if the level starts before closing. The ' +
        'extension stays when the level ends, because it was announced to citizens. Requires the verb authorize.',
      ['1m', '168h'],
      '2h',
    ),
    deferFreeze: {
      type: 'boolean',
      description:
        'Defers the freeze: the list of the draw is not frozen while the level is in force. Write true, or leave it out. A list that is already frozen does not change. Requires the verb authorize.',
    },
    closeQueue: {
      type: 'boolean',
      description:
        'Closes the waiting room to newcomers: no new tickets are given. Citizens who have one are served. Write true, or leave it out.',
    },
    pauseIssuance: {
      type: 'boolean',
      description:
        'Pauses issuance: no channel is asked for a voucher while the level is in force. Its trigger also works while vouchers are ' +
        'issued, after closing. Nothing is lost: what waits is issued afterwards. Write true, or leave it out.',
    },
  },
  'x-kubernetes-validations': [
    rule(
      '.deferFreeze',
      '!has(self.deferFreeze) || self.deferFreeze',
      'effect.deferFreeze is false, which has no effect: remove it, or write true',
    ),
    rule(
      '.pauseIssuance',
      '!has(self.pauseIssuance) || self.pauseIssuance',
      'effect.pauseIssuance is false, which has no effect: remove it, or write true',
    ),
    rule(
      '.closeQueue',
      '!has(self.closeQueue) || self.closeQueue',
      'effect.closeQueue is false, which has no effect: remove it, or write true',
    ),
    rule(
      '.admissionPercent',
      '!has(self.admissionPerSecond) || !has(self.admissionPercent)',
      'effect has both admissionPerSecond and admissionPercent: remove one of them',
    ),
  ],
};

const ADMITS_LESS =
  '(has(self.effect.staticPage) || has(self.effect.admissionPerSecond) || has(self.effect.admissionPercent) || ' +
  'has(self.effect.closeQueue))';
const CLEARS = "has(self.back) && self.back.when == 'Clear'";

const rules: readonly ValidationRule[] = [
  rule(
    '.back',
    '!has(self.trigger) || has(self.back)',
    'back is missing: state how the level ends after its trigger has started it, such as {when: After, after: 15m}',
    'FieldValueRequired',
  ),
  rule(
    '.back',
    'has(self.trigger) || !has(self.back)',
    'back has no effect without a trigger, because a command states its own end: remove back, or state a trigger',
  ),
  rule(
    '.back',
    `!has(self.trigger) || !(${CLEARS}) || has(self.trigger.atLeast) == has(self.back.below)`,
    'back.below and trigger.atLeast go together: state both for a metric that is a number, and remove both for one that is only true or false',
  ),
  rule(
    '.back',
    `!has(self.trigger) || !(${CLEARS}) || !has(self.trigger.atLeast) || !has(self.back.below) || self.back.below < self.trigger.atLeast`,
    'back.below is not lower than trigger.atLeast, so the level would flap: lower it, for example to half of atLeast',
  ),
  rule(
    '.back',
    `!has(self.trigger) || self.trigger.signal != 'ShedPercent' || !(${CLEARS}) || !${ADMITS_LESS}`,
    'back.when Clear can never be reached, because this level itself sheds citizens, so ShedPercent stays high: write After',
  ),
  rule(
    '.effect',
    `!has(self.trigger) || self.trigger.signal != 'JournalUnavailable' || !${ADMITS_LESS}`,
    'effect must be extendClosing alone for the trigger JournalUnavailable, because pods receive levels through the journal, and without it they already answer 503: remove the other effects',
  ),
];

export const contingency: ObjectNode = {
  type: 'object',
  description:
    'Measures for emergencies. A trigger or `kubectl voucher contingency start` starts one within 5 s. Left out: none.',
  typeHint: { name: 'ContingencySpec', file: CONTINGENCY_TYPES },
  required: ['levels'],
  properties: {
    levels: {
      ...listByKey(
        'name',
        'Levels, the mildest first; up to eight. Several can be in force at once: then the lowest admission rate, the longest ' +
          'extension and the page of the last level apply.',
        8,
        {
          type: 'object',
          description: 'ContingencyLevel is one measure: what starts it, what it does and how it ends.',
          typeHint: { name: 'ContingencyLevel', file: CONTINGENCY_TYPES },
          required: ['name', 'title', 'effect'],
          properties: {
            name: dnsLabel(
              'Name of the level within the campaign, unique, such as narrow-door. At most 40 characters.',
              40,
            ),
            title: localizedText('Title for people.', 80),
            trigger,
            effect,
            back,
          },
          'x-kubernetes-validations': rules,
        },
      ),
      minItems: 1,
    },
  },
};
