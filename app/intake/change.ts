/**
 * What citizens change with receipt and secret: a withdrawal, a correction, another channel. The checks before, and their order:
 * receipt-request.ts. A withdrawal needs the registration alone, and any shard takes it.
 *
 * After the time for changes a channel can still change where a voucher could not be issued, until `spec.issuance.bindBy`, or later for one
 * who moved up.
 */
import type { IncomingMessage } from 'node:http';
import type { LiveSettings } from '../../contract/app-contract.ts';
import type { EventEnvelope, EventType, ReceivedData } from '../../contract/envelope.ts';
import { receivedDataOf } from '../../contract/envelope-schema.ts';
import { project } from '../core/projection.ts';
import { citizenHashOf, fingerprintOf } from '../core/receipt.ts';
import { sealingAad } from '../core/sealing.ts';
import { shownState } from '../core/shown-state.ts';
import { ApiError, fieldErrors } from '../http/errors.ts';
import { checkJsonHead, readJson } from '../http/read-json.ts';
import { type ChangeDecision, decideChange, factsOf, type WantedChange } from './change-rules.ts';
import type { Admitted, Looked, ReceiptRequestDeps, ReceiptRequests } from './receipt-request.ts';
import { changesShown, editableUntil, type ShownChanges } from './receipt-state.ts';
import { sealPersonal } from './register.ts';
import { fieldsOf, type Personal, parseChange, type RequestedChange } from './registration-body.ts';
import { bindableUntilMs, receiptBindableUntilMs } from './sections.ts';

export interface Changed extends ShownChanges {
  readonly receiptNo: string;
  readonly state: string;
  readonly channel: string;
}

export interface Changes {
  /** @throws ApiError */
  withdraw(sentReceiptNo: string, sentSecret: string): Promise<{ readonly receiptNo: string; readonly state: string }>;
  /** @throws ApiError */
  change(request: IncomingMessage, sentReceiptNo: string, sentSecret: string): Promise<Changed>;
}

/** By which it is decided whether a voucher could not be issued. */
const OF_ISSUANCE = ['promoted', 'lost', 'issuing', 'issue_failed', 'issued'] as const satisfies readonly EventType[];

/** As in the registration, but for the personal fields. */
const fingerprintWith = (personal: Personal, { channel, category, locale, policyVersion }: ReceivedData) =>
  fieldsOf({ ...personal, channel, category, locale, policyVersion });

export const createChanges = (deps: ReceiptRequestDeps, requests: ReceiptRequests): Changes => {
  const { campaignId, citizenKey, receiptJournal, journal } = deps;
  const { again, factOf } = requests;

  const frozen = (settings: LiveSettings): ApiError =>
    new ApiError('LIST_FROZEN', {
      members: { editableUntil: editableUntil(settings), serverTime: new Date(deps.now()).toISOString() },
    });
  const isFrozen = (settings: LiveSettings): boolean => deps.now() >= Date.parse(editableUntil(settings));
  const checkTime = (settings: LiveSettings): void => {
    if (isFrozen(settings)) throw frozen(settings);
  };
  /** A change of channel may be late. */
  const checkLateTime = (settings: LiveSettings): void => {
    if (bindableUntilMs(settings) === undefined) checkTime(settings);
  };

  const wantedOf = (requested: RequestedChange, registration: EventEnvelope): WantedChange => {
    if (requested.kind === 'channel') return requested;
    const { personal } = requested;
    const registered = receivedDataOf(registration);
    const at = registered.uniqueness === 'perCitizenAndChannel' ? registered.channel : undefined;
    const citizenHash = citizenHashOf(citizenKey, campaignId, registration.kind, personal.idNumber, at);
    if (citizenHash !== registration.citizenHash) {
      throw fieldErrors([{ field: 'idNumber', code: 'ID_NOT_CORRECTABLE' }]);
    }
    const fields = fingerprintWith(personal, registered);
    return { kind: 'correction', fingerprint: fingerprintOf(citizenKey, campaignId, registration.receipt, fields) };
  };

  const dataOf = (requested: RequestedChange, wanted: WantedChange, receipt: string): Record<string, string> => {
    if (requested.kind === 'channel') return { channel: requested.channel };
    const personal = Buffer.from(JSON.stringify(requested.personal), 'utf8');
    const { keyId, sealed } = sealPersonal(
      deps.sealer,
      personal,
      sealingAad(campaignId, receipt),
      'CHANGE_UNCONFIRMED',
    );
    return { keyId, sealed, ...(wanted.kind === 'correction' ? { fingerprint: wanted.fingerprint } : {}) };
  };

  type Append = Extract<ChangeDecision, { kind: 'append' }>;

  /** Whether it was an earlier try of this change that is stored. @throws ApiError CHANGED_MEANWHILE: it was another one */
  const afterOvertaken = async (
    wanted: WantedChange,
    registration: EventEnvelope,
    { type, attempt }: Append,
    besides: readonly EventType[],
  ): Promise<Looked> => {
    const fresh = await requests.look(registration, besides);
    const last = fresh.stored.find(({ event }) => event.type === type);
    // A new leader may not have applied yet what the one before refused by.
    if (last === undefined || (last.event.attempt ?? 1) < attempt) throw again();
    if (decideChange(wanted, fresh).kind !== 'done') throw new ApiError('CHANGED_MEANWHILE');
    return fresh;
  };

  /** @returns what is stored afterwards */
  const apply = async (requested: RequestedChange, { receiptNo, settings, checkAgain }: Admitted): Promise<Looked> => {
    const isLate = isFrozen(settings);
    if (isLate && requested.kind !== 'channel') throw frozen(settings);
    const registration = await requests.registrationOf(receiptNo);
    const wanted = wantedOf(requested, registration);
    const besides = isLate ? OF_ISSUANCE : [];
    const receipt = await requests.look(registration, besides);
    const decision = decideChange(wanted, receipt, isLate);
    switch (decision.kind) {
      case 'refused':
        throw decision.code === 'LIST_FROZEN' ? frozen(settings) : new ApiError(decision.code);
      case 'done':
        return receipt;
      case 'append': {
        const { type, attempt, after } = decision;
        const event = factOf(registration, type, attempt, dataOf(requested, wanted, receiptNo));
        checkAgain();
        if (!isLate) checkTime(settings);
        else if (deps.now() >= receiptBindableUntilMs(settings, factsOf(receipt))) throw frozen(settings);
        const outcome = await receiptJournal.append(event, after);
        if (outcome.kind === 'unavailable') throw outcome.reason === 'full' ? requests.full() : again();
        if (outcome.kind === 'overtaken') return afterOvertaken(wanted, registration, decision, besides);
        const stored = [...receipt.stored.filter((one) => one.event.type !== type), { event, sequence: 0 }];
        return { ...receipt, stored };
      }
    }
  };

  return {
    async withdraw(sentReceiptNo, sentSecret) {
      const { receiptNo, checkAgain } = requests.admit(sentReceiptNo, sentSecret, checkTime);
      return requests.bounded(receiptNo, async () => {
        const registration = await requests.registrationOf(receiptNo);
        checkAgain();
        const outcome = await journal.publish(factOf(registration, 'withdrawn', 1, {}));
        if (outcome.kind === 'unavailable')
          throw requests.unconfirmed(Math.max(1, Math.ceil(outcome.retryAfterMs / 1000)));
        return { receiptNo, state: 'withdrawn' };
      });
    },

    async change(request, sentReceiptNo, sentSecret) {
      const admitted = requests.admit(sentReceiptNo, sentSecret, checkLateTime);
      const { receiptNo, settings } = admitted;
      checkJsonHead(request);
      const requested = parseChange(await readJson(request), settings, deps.now());
      return requests.bounded(receiptNo, async () => {
        const changed = await apply(requested, admitted);
        const facts = factsOf(changed);
        const state = shownState({ acceptedAt: changed.acceptedAt, receipt: receiptNo }, facts, changed.others);
        const { channel } = project(facts);
        const registered = receivedDataOf(changed.registration);
        return { receiptNo, state, channel: channel ?? registered.channel, ...changesShown(facts, settings) };
      });
    },
  };
};
