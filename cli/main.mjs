#!/usr/bin/env node
// Plain JavaScript without imports that an old Node lacks: this is what Node meets first when it is not the project's
// own. `main.ts` is a link to this file, so `node cli/main.ts` comes here as well, with any Node from 18 on.
const LEAST_MAJOR = 24;

const withProjectsNode = async () => {
  const { spawnSync } = await import('node:child_process');
  const { existsSync } = await import('node:fs');
  const { fileURLToPath } = await import('node:url');
  const own = fileURLToPath(new URL('../node_modules/node/bin/node', import.meta.url));
  if (!existsSync(own)) {
    process.stderr.write(
      `kubectl-voucher needs Node ${LEAST_MAJOR} or later, and this is ${process.version}. Run "npm ci" once (it installs its own Node), then "npm run voucher -- ${process.argv.slice(2).join(' ')}".\n`,
    );
    return 1;
  }
  const { status } = spawnSync(own, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], { stdio: 'inherit' });
  return status ?? 1;
};

if (Number(process.versions.node.split('.')[0]) >= LEAST_MAJOR) await import('./kubectl-voucher.ts');
else process.exitCode = await withProjectsNode();
