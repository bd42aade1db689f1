import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePorts, whenBound } from '../test/support/free-ports.ts';
import { inspectable } from '../test/support/inspector.ts';
import { type PgCluster, withClient } from '../test/support/pg-cluster.ts';
import { startServer } from '../test/support/server-process.ts';
import { type ProfileShare, profileDuring } from './profile.ts';

/** One of the programs that are compared, running. */
export interface Side {
  readonly name: string;
  /** Port at 127.0.0.1 that takes calls over UDP. */
  readonly port: number;
  /** Where its boundaries send calls. */
  readonly psapPort: number;
  /** The program itself, and the database server where its own work is done apart. */
  readonly pid: number;
  readonly databasePid: number | undefined;
  /** Samples where its time goes while `work` goes on; only where that can be looked into. */
  readonly profile?: (work: () => Promise<unknown>) => Promise<readonly ProfileShare[]>;
  stop(): Promise<void>;
}

/** What a side needs that is not there; undefined where nothing is missing. */
export function missingForKamailio(): string | undefined {
  if (!hasProgram('kamailio', '-v')) return 'kamailio (Debian: kamailio)';
  for (const [module, packageName] of [
    ['db_postgres.so', 'kamailio-postgres-modules'],
    ['xmlops.so', 'kamailio-xml-modules'],
  ] as const)
    if (!existsSync(join(kamailioModules(), module))) return `${module} (Debian: ${packageName})`;
  return undefined;
}

/** Firstline on a PostgreSQL server, or embedded where no cluster is given. */
export async function startFirstline(psapPort: number, cluster: PgCluster | undefined): Promise<Side> {
  const databaseUrl = cluster === undefined ? undefined : await cluster.createDatabase('firstline');
  const server = await startServer({
    databaseUrl,
    psapPort,
    environment: { NODE_OPTIONS: inspectable },
    config: { log: { level: 'warn', destination: 'stderr' } },
  });
  return {
    name: cluster === undefined ? 'Firstline + PGlite' : 'Firstline + PostgreSQL',
    port: server.sipPort,
    psapPort,
    pid: server.pid,
    databasePid: cluster?.pid(),
    profile: (work) => profileDuring(server, work),
    async stop() {
      await server.stop();
      server.remove();
    },
  };
}

/** Kamailio with its fast allocator on the same PostgreSQL server; `countiesUrl` holds the table `county`. */
export async function startKamailio(
  psapPort: number,
  cluster: PgCluster,
  options: { readonly countiesUrl: string; readonly children: number },
): Promise<Side> {
  await withClient(options.countiesUrl, async (client) => {
    await client.query(
      `create table psap as
       select fips as id, 'sip:psap-' || fips || '@127.0.0.1:' || ${psapPort} as uri, geom from county`,
    );
    await client.query('alter table psap add primary key (id)');
    await client.query('create index on psap using gist (geom)');
    await client.query('analyze psap');
  });
  const [port = 0] = await freePorts(1);
  const folder = mkdtempSync(join(tmpdir(), 'firstline-bench-'));
  const config = join(folder, 'esrp.cfg');
  const template = join(dirname(fileURLToPath(import.meta.url)), 'kamailio', 'esrp.cfg.in');
  writeFileSync(
    config,
    readFileSync(template, 'utf8')
      .replaceAll('@CHILDREN@', String(options.children))
      .replaceAll('@PORT@', String(port))
      .replaceAll('@MODULES@', `${kamailioModules()}/`)
      .replaceAll('@DATABASE@', options.countiesUrl),
  );
  const child = spawn(
    'kamailio',
    ['-f', config, '-DD', '-E', '-x', 'fm', '-X', 'fm', '-m', '512', '-M', '16', '-Y', folder],
    { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let errors = '';
  child.stderr.on('data', (chunk: Buffer) => {
    errors = (errors + chunk.toString('utf8')).slice(-4_000);
  });
  await whenBound(child, 'udp', port, () => errors);
  return {
    name: 'Kamailio + PostgreSQL',
    port,
    psapPort,
    pid: child.pid ?? 0,
    databasePid: cluster.pid(),
    async stop() {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGTERM');
      const forced = setTimeout(() => child.kill('SIGKILL'), 10_000);
      await ended;
      clearTimeout(forced);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The first line that a program prints of its version; undefined where there is no such program. */
export function programVersion(program: string, option: string): string | undefined {
  try {
    return firstLine(
      execFileSync(program, [option], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }),
    );
  } catch (thrown) {
    // SIPp ends with another code than 0 when it has printed its version.
    const printed = thrown instanceof Error && 'stdout' in thrown ? String(thrown.stdout ?? '') : '';
    return printed === '' ? undefined : firstLine(printed);
  }
}

function hasProgram(program: string, option: string): boolean {
  return programVersion(program, option) !== undefined;
}

function firstLine(text: string): string {
  return text.trim().split('\n')[0] ?? '';
}

function kamailioModules(): string {
  const folders = ['/usr/lib/x86_64-linux-gnu', '/usr/lib/aarch64-linux-gnu', '/usr/lib64', '/usr/lib'];
  const found = folders
    .map((folder) => join(folder, 'kamailio', 'modules'))
    .find((folder) => existsSync(folder));
  return found ?? '/usr/lib/kamailio/modules';
}
