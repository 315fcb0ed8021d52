/** A server for the bench of the page, a process of its own: an intake between fakes (`ours`), or Express with a file (`express FOLDER`). */
import express from 'express';
import { calmGuard, startTestIntake } from '../../helpers/intake.ts';
import { wholeSettings } from '../../helpers/page-states.ts';

const startOurs = async (): Promise<number> => {
  const { world, port } = await startTestIntake(calmGuard(1_000_000));
  world.settings = wholeSettings();
  // The page is made anew each second.
  setInterval(() => {
    world.nowMs += 1_000;
  }, 1_000).unref();
  return port;
};

const startRival = (folder: string): Promise<number> => {
  const app = express();
  app.disable('x-powered-by');
  app.use(express.static(folder));
  return new Promise((resolve) => {
    const server = app.listen(0, '127.0.0.1', () => {
      const address = server.address();
      resolve(typeof address === 'object' ? (address?.port ?? 0) : 0);
    });
  });
};

const [kind = 'ours', folder = ''] = process.argv.slice(2);
process.send?.({ port: await (kind === 'express' ? startRival(folder) : startOurs()) });
process.once('disconnect', () => process.exit());
