import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { describe, it } from 'vitest';

// Tests whose messages name hosts out in the world, or whose peers refuse 127.0.0.1, run inside of the network that
// test/support/in-namespace.sh makes: `test/support/in-namespace.sh npx vitest run --project interop`.

/** Addresses of the namespace beside 127.0.0.1 and ::1; phones take these for a real network. */
export const namespaceAddress = { ipv4: '10.99.0.1', ipv6: 'fd99::1' } as const;

/** Names of the namespace's hosts file that stand for {@link namespaceAddress}; for certificates. */
export const namespaceHosts = {
  firstline: 'firstline.test',
  psap: 'psap.test',
  carrier: 'carrier.test',
  phone: 'phone.test',
} as const;

/** Whether this process runs inside of the namespace. */
export const isInNamespace = process.env['FIRSTLINE_TEST_NAMESPACE'] === '1';

const isRequired = process.env['CI'] === 'true' || process.env['FIRSTLINE_REQUIRE_PEERS'] === '1';

/** The programs that tests call through the server with, and the Debian packages that they are in. */
const packages = {
  sipp: 'sip-tester',
  baresip: 'baresip-core',
  'linphone-daemon': 'linphone-cli',
  sipsak: 'sipsak',
  kamailio: 'kamailio, kamailio-tls-modules',
} as const;

/**
 * A `describe` that runs in the namespace alone, and where the machine has the programs that it names: elsewhere skipped
 * with a visible word, or failed where it is required.
 */
export function describeInNamespace(
  title: string,
  body: () => void,
  programs: readonly (keyof typeof packages)[] = [],
): void {
  const missing = programs.filter((name) => !isOnPath(name)).map((name) => `${name} (${packages[name]})`);
  if (isInNamespace && missing.length === 0) {
    describe(title, body);
    return;
  }
  const reason = isInNamespace
    ? `this machine lacks ${missing.join(' and ')}`
    : 'not started by test/support/in-namespace.sh';
  if (isRequired)
    describe(title, () => {
      it('has a network of its own and its peers', () => {
        throw new Error(reason);
      });
    });
  else {
    console.warn(`SKIPPED ${title}: ${reason}`);
    describe.skip(`${title} (skipped: ${reason})`, body);
  }
}

function isOnPath(name: string): boolean {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  // Some of them are in a folder that only root has on its path.
  return [...folders, '/usr/sbin'].some((folder) => existsSync(join(folder, name)));
}
