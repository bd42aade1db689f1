import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A PostgreSQL server of our own, which may be killed. */
export interface Cluster {
  readonly url: string;
  /** As a crash: nothing is written any more. */
  crash(): void;
  start(): void;
  remove(): void;
}

const versions = '/usr/lib/postgresql';

/** Makes and starts a server; undefined where there are no programs of one. PostgreSQL refuses to run as root. */
export async function makeCluster(): Promise<Cluster | undefined> {
  const version = existsSync(versions) ? readdirSync(versions).sort().at(-1) : undefined;
  if (version === undefined || !existsSync(join(versions, version, 'bin', 'initdb'))) return undefined;
  const folder = mkdtempSync(join(tmpdir(), 'firstline-chaos-pg-'));
  chmodSync(folder, 0o755);
  const asOwner = ownerOf(folder);
  const run = (program: string, ...words: readonly string[]) => {
    const [command = '', ...rest] = [...asOwner, join(versions, version, 'bin', program), ...words];
    execFileSync(command, rest, { cwd: folder, stdio: 'ignore' });
  };
  const port = await freePort();
  const data = join(folder, 'data');
  run('initdb', '-D', data, '-A', 'trust', '-U', 'firstline', '-E', 'UTF8', '--locale=C', '--no-sync');
  const start = () => {
    const settings = `-p ${port} -k ${folder} -c listen_addresses=127.0.0.1 -c fsync=off`;
    run('pg_ctl', '-D', data, '-l', join(folder, 'log'), '-w', '-t', '60', '-o', settings, 'start');
  };
  const crash = () => run('pg_ctl', '-D', data, '-m', 'immediate', '-w', 'stop');
  start();
  run('createdb', '-h', '127.0.0.1', '-p', String(port), '-U', 'firstline', 'firstline');
  return {
    url: `postgres://firstline@127.0.0.1:${port}/firstline`,
    crash,
    start,
    remove: () => {
      crash();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The command that runs another one as the owner of the folder: `postgres`, where we are root. */
function ownerOf(folder: string): readonly string[] {
  if (process.getuid?.() !== 0) return [];
  const id = Number(spawnSync('id', ['-u', 'postgres']).stdout.toString());
  chownSync(folder, id, id);
  return ['runuser', '-u', 'postgres', '--'];
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}
