/**
 * The other way to build an intake: the same framework, validation, checksum, hashes and encryption, and then one
 * PostgreSQL INSERT per registration instead of a journal. Port, database, key and its connections by arguments; prints `listening`.
 */
import { randomBytes } from 'node:crypto';
import express from 'express';
import pg from 'pg';
import { z } from 'zod';
import { ageOn, parseIdentityNumber } from '../../../app/core/identity-number.ts';
import { citizenHashOf, deriveReceipt } from '../../../app/core/receipt.ts';
import { seal, sealingAad } from '../../../app/core/sealing.ts';
import { secretKey } from '../../../app/core/secret-key.ts';

const [port = '', databaseUrl = '', citizenKeyText = '', connections = '16'] = process.argv.slice(2);
const citizenKey = secretKey(Buffer.from(citizenKeyText, 'base64'));
const dataKey = secretKey(randomBytes(32));
const CAMPAIGN = 'bench';

const body = z.strictObject({
  name: z.string().min(2).max(50),
  idType: z.literal('CN_ID'),
  idNumber: z.string().max(40),
  phone: z.string().regex(/^1\d{10}$/),
  channel: z.enum(['wechat', 'alipay', 'unionpay']),
  category: z.string().max(40),
  consent: z.strictObject({ policyVersion: z.string().max(32), sensitive: z.literal(true) }),
  locale: z.enum(['zh-CN', 'en']),
});

const pool = new pg.Pool({ connectionString: databaseUrl, max: Number(connections) });
await pool.query(`CREATE TABLE IF NOT EXISTS rival (
  campaign_id text NOT NULL, citizen_hash bytea NOT NULL, receipt text NOT NULL, accepted_at timestamptz NOT NULL,
  channel text NOT NULL, category text NOT NULL, sealed bytea NOT NULL, PRIMARY KEY (campaign_id, citizen_hash))`);

const app = express();
app.disable('x-powered-by');
app.disable('etag');
app.post('/api/v1/registrations', express.json({ limit: '4kb' }), async (request, response) => {
  const now = Date.now();
  const parsed = body.safeParse(request.body);
  if (!parsed.success) return void response.status(422).json({ code: 'INVALID' });
  const person = parsed.data;
  const id = parseIdentityNumber(person.idNumber, now);
  if (id.kind === 'invalid' || ageOn(id.birthDate, now) < 18) return void response.status(422).json({ code: 'ID' });
  const citizenHash = citizenHashOf(citizenKey, CAMPAIGN, 'citizen', id.normalised);
  const receipt = deriveReceipt(citizenKey, CAMPAIGN, citizenHash, request.get('idempotency-key') ?? '');
  const personal = Buffer.from(JSON.stringify({ name: person.name, idNumber: id.normalised, phone: person.phone }));
  const sealed = seal(dataKey, personal, sealingAad(CAMPAIGN, receipt.receiptNo));
  await pool.query({
    name: 'insert',
    text: 'INSERT INTO rival VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING',
    values: [
      CAMPAIGN,
      Buffer.from(citizenHash, 'hex'),
      receipt.receiptNo,
      new Date(now),
      person.channel,
      person.category,
      sealed,
    ],
  });
  response.status(201).json({ ...receipt, state: 'received', receivedAt: new Date(now).toISOString() });
});

app.listen(Number(port), '127.0.0.1', () => console.log('listening'));
