/** Who may register, and who is one and the same person. Pure. */
import { KEY_SPACES, UNIQUENESS } from '../uniqueness.ts';
import type { ObjectNode } from './node.ts';

const PEOPLE_TYPES = './people-types.ts';

export const identity: ObjectNode = {
  type: 'object',
  typeHint: { name: 'IdentitySpec', file: PEOPLE_TYPES },
  description: 'By what a person is known. Fixed once the campaign has opened.',
  default: {},
  properties: {
    keySpace: {
      type: 'string',
      description:
        'Whose numbers are taken. residentNumber: those of every document that carries an 18-digit number of GB ' +
        '11643: resident identity cards, residence permits of Hong Kong, Macao and Taiwan residents, permanent ' +
        'residence cards of foreigners; who holds two such documents has two numbers, and counts as two people ' +
        'until verification has merged them. identityCard: those of resident identity cards alone, of which every ' +
        'person has one. Default residentNumber.',
      enum: KEY_SPACES,
      default: 'residentNumber',
    },
  },
};

export const eligibility: ObjectNode = {
  type: 'object',
  typeHint: { name: 'EligibilitySpec', file: PEOPLE_TYPES },
  description: 'Who may register. Fixed once the campaign has opened.',
  default: {},
  properties: {
    minAge: {
      type: 'integer',
      format: 'int32',
      description: 'Age in years that a citizen must have reached on the day of registration. Default 18.',
      minimum: 0,
      maximum: 120,
      default: 18,
    },
    uniqueness: {
      type: 'string',
      description:
        'What a person may have one registration of. perCitizen: one in all, whichever channel it names. ' +
        'perCitizenAndChannel: one at each channel, so that three apps are three chances. Citizens read the rule in ' +
        'words. Default perCitizen.',
      enum: UNIQUENESS,
      default: 'perCitizen',
    },
  },
};
