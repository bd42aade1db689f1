import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { freePorts } from './free-ports.ts';

/** A PostgreSQL server of the test's own: a folder below the system's temporary one, a free port, no passwords. */
export interface PgCluster {
  /** Connection URL of a database of this cluster. */
  url(database: string): string;
  /** Creates an empty database and returns its URL. */
  createDatabase(name: string): Promise<string>;
  /** Starts the server again after {@link stop} or {@link kill}; same port, same data. */
  start(): Promise<void>;
  /** Ends it in order: open sessions are cut, data is kept. */
  stop(): Promise<void>;
  /** Ends it as a crash does. */
  kill(): Promise<void>;
  /** Process id of the postmaster while it runs. */
  pid(): number | undefined;
  /** Stops it and removes its folder. */
  remove(): Promise<void>;
}

/** Folder of a PostgreSQL installation that has PostGIS, the newest first; undefined where there is none. */
export function findPostgres(): string | undefined {
  const base = '/usr/lib/postgresql';
  if (!existsSync(base)) return undefined;
  return readdirSync(base)
    .sort((a, b) => Number(b) - Number(a))
    .filter((version) => existsSync(`/usr/share/postgresql/${version}/extension/postgis.control`))
    .map((version) => join(base, version, 'bin'))
    .find((bin) => existsSync(join(bin, 'initdb')) && existsSync(join(bin, 'postgres')));
}

/** Makes and starts a cluster. Durability is off: it lives as long as the test. */
export async function startPgCluster(bin: string): Promise<PgCluster> {
  const folder = mkdtempSync(join(tmpdir(), 'firstline-pg-'));
  const owner = unprivilegedUser();
  if (owner.uid !== undefined && owner.gid !== undefined) chownSync(folder, owner.uid, owner.gid);
  const data = join(folder, 'data');
  execFileSync(
    join(bin, 'initdb'),
    ['-D', data, '-A', 'trust', '-U', 'firstline', '-E', 'UTF8', '--locale=C', '--no-sync'],
    { ...owner, cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] },
  );
  const [port = 0] = await freePorts(1);
  let postmaster: ChildProcess | undefined;

  const start = async () => {
    const child = spawn(
      join(bin, 'postgres'),
      ['-D', data, '-p', String(port), '-k', folder, '-c', 'listen_addresses=127.0.0.1', '-c', 'fsync=off'],
      { ...owner, cwd: folder, stdio: 'ignore' },
    );
    postmaster = child;
    await whenAccepting(url('postgres'), child);
  };
  const end = async (signal: NodeJS.Signals) => {
    const child = postmaster;
    postmaster = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    child.kill(signal);
    await ended;
  };
  const url = (database: string) => `postgres://firstline@127.0.0.1:${port}/${database}`;

  await start();
  return {
    url,
    start,
    stop: () => end('SIGINT'),
    // An immediate shutdown: the backends are told to quit without clean-up, and the next start recovers from the log.
    kill: () => end('SIGQUIT'),
    pid: () => postmaster?.pid,
    async createDatabase(name) {
      await withClient(url('postgres'), (client) =>
        client.query(`create database ${client.escapeIdentifier(name)}`),
      );
      return url(name);
    },
    async remove() {
      await end('SIGQUIT');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Runs work on a connection that is closed afterwards. */
export async function withClient<T>(url: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/** PostgreSQL refuses to run as root; the package's own user takes its place then. */
function unprivilegedUser(): { readonly uid?: number; readonly gid?: number } {
  if (process.getuid?.() !== 0) return {};
  const id = (option: string) => Number(execFileSync('id', [option, 'postgres'], { encoding: 'utf8' }));
  return { uid: id('-u'), gid: id('-g') };
}

async function whenAccepting(url: string, child: ChildProcess): Promise<void> {
  const deadline = performance.now() + 30_000;
  for (;;) {
    if (child.exitCode !== null) throw new Error(`postgres ended with code ${child.exitCode} at its start`);
    try {
      return await withClient(url, async () => undefined);
    } catch (thrown) {
      if (performance.now() > deadline)
        throw new Error('postgres did not accept connections', { cause: thrown });
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}
