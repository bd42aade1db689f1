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

/** A `describe` that runs in the namespace alone: elsewhere skipped with a visible word, or failed where it is required. */
export function describeInNamespace(title: string, body: () => void): void {
  if (isInNamespace) {
    describe(title, body);
    return;
  }
  const reason = 'not started by test/support/in-namespace.sh';
  if (isRequired)
    describe(title, () => {
      it('runs in a network of its own', () => {
        throw new Error(reason);
      });
    });
  else {
    console.warn(`SKIPPED ${title}: ${reason}`);
    describe.skip(`${title} (skipped: ${reason})`, body);
  }
}
