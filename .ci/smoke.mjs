// What a newcomer does: clones the project into an empty folder, runs `npm start` there, and places a call. Takes the
// folder to clone into; ports are free ones, everything else is as it comes.
import { execFileSync, spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { join } from 'node:path';
import process from 'node:process';

const [scratch] = process.argv.slice(2);
const clone = join(scratch, 'clone');
execFileSync('git', ['-c', 'safe.directory=*', 'clone', '--quiet', '--no-hardlinks', process.cwd(), clone], {
  stdio: 'inherit',
});

const [sipPort, httpPort, psapPort] = await Promise.all([freePort(), freePort(), freePort()]);
const listeners = ['udp', 'tcp'].map((transport) => ({ transport, address: '127.0.0.1', port: sipPort }));
const env = { ...process.env };
for (const name of Object.keys(env))
  if (name.startsWith('FIRSTLINE_') || name === 'DATABASE_URL' || name === 'CI') delete env[name];
Object.assign(env, {
  FIRSTLINE_SIP_LISTEN: JSON.stringify(listeners),
  FIRSTLINE_HTTP_LISTEN: JSON.stringify([{ address: '127.0.0.1', port: httpPort }]),
  FIRSTLINE_DEMO_PSAP_PORT: String(psapPort),
  FIRSTLINE_DEMO_HANG_UP_MS: '500',
  FIRSTLINE_URL: `http://127.0.0.1:${httpPort}`,
});

// A process group of its own: npm does not hand on every signal to what it started.
const npm = spawn('npm', ['start'], {
  cwd: clone,
  env,
  detached: true,
  stdio: ['ignore', 'inherit', 'inherit'],
});
const ended = new Promise((resolve) => npm.once('exit', (code) => resolve(code ?? 1)));
try {
  await ready(240_000);
  const commands = [
    [/200 OK/, 'call', '--lat', '29.76', '--lon', '-95.37', '--server', `127.0.0.1:${sipPort}`],
    [/psap-48201/, 'route', '29.76', '-95.37'],
    [/Harris County/, 'calls'],
  ];
  for (const [expected, ...args] of commands) {
    const printed = execFileSync('npx', ['--no-install', 'firstline', ...args], {
      cwd: clone,
      env,
      encoding: 'utf8',
    });
    console.log(printed);
    if (!expected.test(printed)) throw new Error(`firstline ${args[0]} does not say ${expected}`);
  }
} finally {
  try {
    process.kill(-npm.pid, 'SIGTERM');
  } catch {
    console.error('npm start had ended already');
  }
  const forced = setTimeout(() => process.kill(-npm.pid, 'SIGKILL'), 20_000);
  await ended;
  clearTimeout(forced);
}

async function ready(timeoutMs) {
  const deadline = performance.now() + timeoutMs;
  let isOver = false;
  ended.then(() => {
    isOver = true;
  });
  while (performance.now() < deadline) {
    if (isOver) throw new Error('npm start ended before it was ready');
    const isReady = await fetch(`http://127.0.0.1:${httpPort}/readyz`).then(
      (response) => response.ok,
      () => false,
    );
    if (isReady) return;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  throw new Error(`not ready after ${timeoutMs} ms`);
}

function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}
