/**
 * A local OpenID provider, a process of its own:
 *
 *   node local/openid/main.ts --seed 5 --client-id city --client-secret-file .run/openid/secret --redirect-uri http://127.0.0.1:8080/login/city/callback
 *
 * Prints one line of JSON when it listens: its issuer. Ends with SIGTERM.
 */
import { readFileSync } from 'node:fs';
import { Command, InvalidArgumentError } from 'commander';
import { startOpenidServer } from './server.ts';

const whole = (text: string): number => {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('must be a whole number');
  return Number(text);
};
const collect = (text: string, before: readonly string[] = []): readonly string[] => {
  if (!URL.canParse(text)) throw new InvalidArgumentError('must be an address');
  return [...before, text];
};

const { seed, clientId, clientSecretFile, redirectUri, port } = new Command('openid')
  .requiredOption('--seed <n>', 'of the synthetic citizens', whole)
  .requiredOption('--client-id <id>', 'of the login tier')
  .requiredOption('--client-secret-file <file>', 'its secret')
  .requiredOption('--redirect-uri <address>', 'to which a browser may be sent back; may be repeated', collect)
  .option('--port <port>', '0: any free port', whole, 0)
  .parse()
  .opts<{
    seed: number;
    clientId: string;
    clientSecretFile: string;
    redirectUri: readonly string[];
    port: number;
  }>();

const clientSecret = readFileSync(clientSecretFile, 'utf8').trim();
const { issuer, close } = await startOpenidServer({ seed, clientId, clientSecret, redirectUris: redirectUri, port });
process.stdout.write(`${JSON.stringify({ issuer })}\n`);

const end = (): void => {
  void close().then(() => process.exit(0));
};
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, end);
