/** `spec.contingency`: what is done when things go badly, agreed beforehand. Pure. */
import { dnsLabel, duration, localizedText } from './common.ts';
import type { ArrayNode, ObjectNode, StringNode, ValidationRule } from './node.ts';

/** A duration that has to be stated. */
const stated = (...args: Parameters<typeof duration>): StringNode => {
  const { default: _, ...node } = duration(...args);
  return node;
};

/** Where the generator puts the types: the campaign's own file would be too long. */
export const CONTINGENCY_TYPES = './contingency-types.ts';

/** Signals that are so or not so; the others are numbers with a threshold. */
const SWITCHES = "['DownstreamSaturated', 'JournalUnavailable']";

const trigger: ObjectNode = {
  type: 'object',
  description:
    'When the level comes into force by itself, between opening and closing. Left out: by command only. A stale signal ' +
    'neither starts nor ends a level.',
  typeHint: { name: 'ContingencyTrigger', file: CONTINGENCY_TYPES },
  required: ['signal', 'heldFor'],
  properties: {
    signal: {
      type: 'string',
      description:
        'What is looked at: OldestWaitSeconds, age of the oldest registration not yet in the database; Backlog, how many ' +
        'are not; ShedPercent, share of the attempted registrations that were sent away with 503; DownstreamSaturated and ' +
        'JournalUnavailable, as the conditions of the campaign say.',
      enum: ['OldestWaitSeconds', 'Backlog', 'ShedPercent', 'DownstreamSaturated', 'JournalUnavailable'],
    },
    atLeast: {
      type: 'integer',
      format: 'int32',
      description: 'Threshold, in the unit of the signal. Required for the first three signals, absent for the others.',
      minimum: 1,
      maximum: 1_000_000_000,
    },
    heldFor: stated(
      'trigger.heldFor',
      'Seconds that the signal must have been seen there, 1s to 1h. Time in which nobody saw it does not count.',
      { default: '30s', atLeast: '1s', atMost: '1h' },
    ),
  },
  'x-kubernetes-validations': [
    {
      rule: `self.signal in ${SWITCHES} || has(self.atLeast)`,
      message: 'trigger.atLeast is missing: state from which value of the signal the level comes into force',
      fieldPath: '.atLeast',
      reason: 'FieldValueRequired',
    },
    {
      rule: `!(self.signal in ${SWITCHES}) || !has(self.atLeast)`,
      message: 'trigger.atLeast has no effect on this signal, which is so or not so: remove it',
      fieldPath: '.atLeast',
    },
    {
      rule: "self.signal != 'ShedPercent' || !has(self.atLeast) || self.atLeast <= 100",
      message: 'trigger.atLeast is above 100 percent: lower it',
      fieldPath: '.atLeast',
    },
    {
      rule: "self.signal != 'ShedPercent' || duration(self.heldFor) >= duration('5s')",
      message:
        'trigger.heldFor is shorter than ShedPercent is measured over, so the level could start itself again: write at least 5s',
      fieldPath: '.heldFor',
    },
  ],
};

const back: ObjectNode = {
  type: 'object',
  description: 'How a level that its trigger started ends. One that was started by command ends as the command says.',
  typeHint: { name: 'ContingencyBack', file: CONTINGENCY_TYPES },
  required: ['when'],
  properties: {
    when: {
      type: 'string',
      description:
        'Clear: when the signal was below for heldFor; After: when the time after has passed, and then its trigger counts ' +
        'anew; Command: when somebody stops it.',
      enum: ['Clear', 'After', 'Command'],
    },
    below: {
      type: 'integer',
      format: 'int32',
      description:
        'Clear: value below which the signal counts as clear; lower than trigger.atLeast, so that nothing flaps.',
      minimum: 1,
      maximum: 1_000_000_000,
    },
    heldFor: stated('back.heldFor', 'Clear: seconds that the signal must have been seen there, 1s to 6h.', {
      default: '2m',
      atLeast: '1s',
      atMost: '6h',
    }),
    after: stated('back.after', 'After: how long the level stays, 10s to 24h.', {
      default: '15m',
      atLeast: '10s',
      atMost: '24h',
    }),
  },
  'x-kubernetes-validations': [
    {
      rule: "(self.when == 'Clear') == has(self.heldFor)",
      message: 'back.heldFor belongs to Clear: state it there, and remove it elsewhere',
      fieldPath: '.heldFor',
    },
    {
      rule: "(self.when == 'After') == has(self.after)",
      message: 'back.after belongs to After: state it there, and remove it elsewhere',
      fieldPath: '.after',
    },
    {
      rule: "self.when == 'Clear' || !has(self.below)",
      message: 'back.below has an effect with Clear only: remove it, or write Clear',
      fieldPath: '.below',
    },
  ],
};

const effect: ObjectNode = {
  type: 'object',
  description: 'What is done while the level is in force; at least one. Of several levels the strictest counts.',
  typeHint: { name: 'ContingencyEffect', file: CONTINGENCY_TYPES },
  minProperties: 1,
  properties: {
    admissionPerSecond: {
      type: 'integer',
      format: 'int32',
      description: 'Registrations per second let in at most, over all intake pods.',
      minimum: 1,
      maximum: 10_000_000,
    },
    admissionPercent: {
      type: 'integer',
      format: 'int32',
      description: 'Share of what would be let in otherwise, in percent.',
      minimum: 1,
      maximum: 99,
    },
    staticPage: {
      type: 'object',
      description:
        'Nobody is let in: every page and every registration is answered from memory, without journal or database, and a ' +
        'status with what its receipt proves by itself.',
      typeHint: { name: 'StaticPage', file: CONTINGENCY_TYPES },
      required: ['text', 'retryAfterSeconds'],
      properties: {
        text: localizedText('What citizens read, in a sentence or two.', 300),
        retryAfterSeconds: {
          type: 'integer',
          format: 'int32',
          description: 'Seconds after which citizens are asked to come again (Retry-After).',
          minimum: 1,
          maximum: 3600,
        },
      },
    },
    extendClosing: stated(
      'effect.extendClosing',
      'Closing moves so much later than window.closesAt, 1m to 168h, when the level comes into force before closing; it ' +
        'stays there, because citizens were told. Takes the verb authorize.',
      { default: '2h', atLeast: '1m', atMost: '168h' },
    ),
  },
  'x-kubernetes-validations': [
    {
      rule: '!has(self.admissionPerSecond) || !has(self.admissionPercent)',
      message: 'effect has both admissionPerSecond and admissionPercent: remove one of them',
      fieldPath: '.admissionPercent',
    },
  ],
};

const LETS_FEWER_IN =
  '(has(self.effect.staticPage) || has(self.effect.admissionPerSecond) || has(self.effect.admissionPercent))';
const CLEARS = "has(self.back) && self.back.when == 'Clear'";

const rules: readonly ValidationRule[] = [
  {
    rule: '!has(self.trigger) || has(self.back)',
    message: 'back is missing: state how the level ends that its trigger starts, such as {when: After, after: 15m}',
    fieldPath: '.back',
    reason: 'FieldValueRequired',
  },
  {
    rule: 'has(self.trigger) || !has(self.back)',
    message:
      'back has no effect without a trigger, because a command states its own end: remove it, or state a trigger',
    fieldPath: '.back',
  },
  {
    rule: `!has(self.trigger) || !(${CLEARS}) || has(self.trigger.atLeast) == has(self.back.below)`,
    message:
      'back.below and trigger.atLeast go together: state both for a signal that is a number, and remove both for one that is so or not so',
    fieldPath: '.back',
  },
  {
    rule: `!has(self.trigger) || !(${CLEARS}) || !has(self.trigger.atLeast) || !has(self.back.below) || self.back.below < self.trigger.atLeast`,
    message:
      'back.below is not below trigger.atLeast, so the level would flap: lower it, to half of atLeast for example',
    fieldPath: '.back',
  },
  {
    rule: `!has(self.trigger) || self.trigger.signal != 'ShedPercent' || !(${CLEARS}) || !${LETS_FEWER_IN}`,
    message:
      'back.when Clear would never come: this level itself sends citizens away, and ShedPercent stays high: write After',
    fieldPath: '.back',
  },
  {
    rule: `!has(self.trigger) || self.trigger.signal != 'JournalUnavailable' || !${LETS_FEWER_IN}`,
    message:
      'effect can only be extendClosing for JournalUnavailable, because pods hear of a level through the journal, and without it they answer 503 by themselves: remove the rest',
    fieldPath: '.effect',
  },
];

const levels: ArrayNode = {
  type: 'array',
  description:
    'Levels, the mildest first; up to eight. Several can be in force at once: then the least admission, the longest ' +
    'extension and the page of the last one count.',
  minItems: 1,
  maxItems: 8,
  'x-kubernetes-list-type': 'map',
  'x-kubernetes-list-map-keys': ['name'],
  items: {
    type: 'object',
    description: 'ContingencyLevel is one measure with its trigger, its effect and its way back.',
    typeHint: { name: 'ContingencyLevel', file: CONTINGENCY_TYPES },
    required: ['name', 'title', 'effect'],
    properties: {
      name: dnsLabel('Name of the level within the campaign, unique, such as narrow-door. At most 40 characters.', 40),
      title: localizedText('Title for people.', 80),
      trigger,
      effect,
      back,
    },
    'x-kubernetes-validations': rules,
  },
};

export const contingency: ObjectNode = {
  type: 'object',
  description:
    'What is done when things go badly, agreed beforehand: measures that come into force by a trigger or by ' +
    '`kubectl voucher contingency start`, within 5 s. Left out: none.',
  typeHint: { name: 'ContingencySpec', file: CONTINGENCY_TYPES },
  required: ['levels'],
  properties: { levels },
};
