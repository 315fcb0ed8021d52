/** POST /r and /r/…: a registration by its receipt, and what is changed with it. */
import type { IncomingMessage } from 'node:http';
import { normalReceipt } from '../core/normal-form.ts';
import type { Answer } from '../http/answer.ts';
import { ApiError, ERRORS } from '../http/errors.ts';
import { apiErrorOf, type Handler } from '../http/handlers.ts';
import type { ReceiptState } from '../intake/receipt-state.ts';
import type { Context, Rendering } from './context.ts';
import { accountBody, channelBody, correctionBody, type Form, readForm } from './forms.ts';
import { innerRequest } from './inner.ts';
import { originOf } from './origin.ts';
import { cookieOf } from './viewer.ts';
import { CHANGES, type Change, type Tried } from './views/changes.ts';
import { RECEIPT } from './views/layout.ts';
import { problemOf } from './views/problem.ts';
import { lookUpPage, type Notice, statusPage } from './views/status.ts';

export interface ReceiptHandlers {
  /** GET and PATCH of a registration. */
  readonly receipt: Handler;
  readonly withdrawal: Handler;
  readonly account: Handler;
  /** Whether the secret proves the receipt. @throws ApiError */
  readonly proven: (receiptNo: string, secret: string) => string;
}

const NOTICES: Readonly<Record<Change, Notice>> = {
  correction: 'corrected',
  channel: 'channelChanged',
  withdrawal: 'withdrawn',
  account: 'accountBound',
};

const isChange = (name: string | undefined): name is Change => CHANGES.some((change) => change === name);

const parsed = ({ body }: Answer): Record<string, unknown> => JSON.parse(String(body)) as Record<string, unknown>;

const WHERE = '/api/v1/registrations';

export const createReceiptPages = (rendering: Rendering, handlers: ReceiptHandlers) => {
  const startOf = async (request: IncomingMessage) => {
    const form = await readForm(request);
    const chosen = { lang: form['lang'], size: form['size'] };
    const { receiptNo = '', secret = '' } = form;
    const context: Context = {
      ...rendering.context(request, RECEIPT, chosen),
      again: { action: RECEIPT, fields: { receiptNo, secret } },
    };
    const cookie = cookieOf(chosen);
    return { form, receiptNo, secret, context, headers: cookie === undefined ? {} : { 'Set-Cookie': cookie } };
  };

  const ask = (
    request: IncomingMessage,
    handler: Handler,
    method: string,
    form: Form,
    rest: string,
    body?: unknown,
  ) => {
    const { receiptNo = '', secret = '' } = form;
    const inner = innerRequest(request, {
      method,
      url: `${WHERE}/${encodeURIComponent(receiptNo)}${rest}`,
      headers: { 'x-receipt-secret': secret },
      body,
    });
    return handler(inner, { receiptNo });
  };

  const stateOf = async (request: IncomingMessage, form: Form): Promise<ReceiptState> =>
    parsed(await ask(request, handlers.receipt, 'GET', form, '')) as unknown as ReceiptState;

  /** In the form in which it was issued. */
  const receiptOf = (request: IncomingMessage, state: ReceiptState, secret: string) => ({
    receiptNo: state.receiptNo,
    secret: normalReceipt(secret),
    origin: originOf(request),
  });

  const look: Handler = async (request) => {
    const { form, receiptNo, secret, context, headers } = await startOf(request);
    try {
      const isFresh = form['fresh'] === 'yes';
      // A receipt that was issued a moment ago proves that it is stored, so the database is not asked by everyone who registers.
      const state: ReceiptState = isFresh
        ? { receiptNo: handlers.proven(receiptNo, secret), state: 'received', confirmed: false }
        : await stateOf(request, form);
      const notice: Notice | undefined = isFresh
        ? form['bound'] === 'no'
          ? 'accountNotBound'
          : 'registered'
        : undefined;
      const shown = { state, receipt: receiptOf(request, state, secret), notice };
      return rendering.document(request, 200, context, statusPage(context, rendering.settings(), shown), headers);
    } catch (thrown) {
      const error = apiErrorOf(thrown);
      if (error.code === 'INTERNAL' || error.code === 'STARTING') throw thrown;
      const filled = { values: { receiptNo, secret }, errors: [], problem: problemOf(context, error) };
      return rendering.document(request, ERRORS[error.code].status, context, lookUpPage(context, filled), headers);
    }
  };

  const carryOut = async (request: IncomingMessage, change: Change, form: Form): Promise<Record<string, unknown>> => {
    switch (change) {
      case 'correction':
        return parsed(await ask(request, handlers.receipt, 'PATCH', form, '', correctionBody(form)));
      case 'channel':
        return parsed(await ask(request, handlers.receipt, 'PATCH', form, '', channelBody(form)));
      case 'withdrawal':
        if (form['confirm'] !== 'yes')
          throw new ApiError('REQUIRED', { fields: [{ field: 'confirm', code: 'REQUIRED' }] });
        return parsed(await ask(request, handlers.withdrawal, 'POST', form, '/withdrawal'));
      case 'account':
        return parsed(await ask(request, handlers.account, 'POST', form, '/account', accountBody(form)));
    }
  };

  const change: Handler = async (request, { change: name }) => {
    if (!isChange(name)) throw new ApiError('NOT_FOUND');
    const { form, secret, context, headers } = await startOf(request);
    const show = async (changed: Record<string, unknown>, status: number, notice?: Notice, tried?: Tried) => {
      // The database may not have the change yet; the answer does.
      const state = { ...(await stateOf(request, form)), ...changed };
      const shown = { state, receipt: receiptOf(request, state, secret), notice, tried };
      return rendering.document(request, status, context, statusPage(context, rendering.settings(), shown), headers);
    };
    try {
      return await show(await carryOut(request, name, form), 200, NOTICES[name]);
    } catch (thrown) {
      const error = apiErrorOf(thrown);
      if (error.code === 'INTERNAL' || error.code === 'RECEIPT_UNKNOWN') throw thrown;
      const { fields = [] } = error.details;
      const filled = {
        values: form,
        errors: fields,
        ...(fields.length > 0 ? {} : { problem: problemOf(context, error) }),
      };
      return show({}, ERRORS[error.code].status, undefined, { change: name, filled });
    }
  };

  return { look, change };
};
