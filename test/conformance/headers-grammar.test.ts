import { describe, expect, it } from 'vitest';
import { findHeaderRow, headerGrammars, headerKey } from '../../src/sip/message/index.ts';
import { coreRows } from '../unit/sip/message/header-rows.ts';
import { extensionRows } from '../unit/sip/message/header-rows-extensions.ts';

// Each header by the section that defines it: the values of its document are taken, others are refused, and what is written
// is read as it was.

const valuesOf = new Map([...coreRows, ...extensionRows].map((row) => [row.name, row]));

const sections: readonly (readonly [section: string, name: string])[] = [
  ['RFC 3261 §20.1: Accept', 'Accept'],
  ['RFC 3261 §20.2: Accept-Encoding', 'Accept-Encoding'],
  ['RFC 3261 §20.3: Accept-Language', 'Accept-Language'],
  ['RFC 3261 §20.4: Alert-Info', 'Alert-Info'],
  ['RFC 3261 §20.5: Allow', 'Allow'],
  ['RFC 3261 §20.6: Authentication-Info', 'Authentication-Info'],
  ['RFC 3261 §20.7: Authorization', 'Authorization'],
  ['RFC 3261 §20.8: Call-ID', 'Call-ID'],
  ['RFC 3261 §20.9: Call-Info', 'Call-Info'],
  ['RFC 3261 §20.10: Contact', 'Contact'],
  ['RFC 3261 §20.11: Content-Disposition', 'Content-Disposition'],
  ['RFC 3261 §20.12: Content-Encoding', 'Content-Encoding'],
  ['RFC 3261 §20.13: Content-Language', 'Content-Language'],
  ['RFC 3261 §20.14: Content-Length', 'Content-Length'],
  ['RFC 3261 §20.15: Content-Type', 'Content-Type'],
  ['RFC 3261 §20.16: CSeq', 'CSeq'],
  ['RFC 3261 §20.17: Date', 'Date'],
  ['RFC 3261 §20.18: Error-Info', 'Error-Info'],
  ['RFC 3261 §20.19: Expires', 'Expires'],
  ['RFC 3261 §20.20: From', 'From'],
  ['RFC 3261 §20.21: In-Reply-To', 'In-Reply-To'],
  ['RFC 3261 §20.22: Max-Forwards', 'Max-Forwards'],
  ['RFC 3261 §20.23: Min-Expires', 'Min-Expires'],
  ['RFC 3261 §20.24: MIME-Version', 'MIME-Version'],
  ['RFC 3261 §20.25: Organization', 'Organization'],
  ['RFC 3261 §20.26: Priority', 'Priority'],
  ['RFC 3261 §20.27: Proxy-Authenticate', 'Proxy-Authenticate'],
  ['RFC 3261 §20.28: Proxy-Authorization', 'Proxy-Authorization'],
  ['RFC 3261 §20.29: Proxy-Require', 'Proxy-Require'],
  ['RFC 3261 §20.30: Record-Route', 'Record-Route'],
  ['RFC 3261 §20.31: Reply-To', 'Reply-To'],
  ['RFC 3261 §20.32: Require', 'Require'],
  ['RFC 3261 §20.33: Retry-After', 'Retry-After'],
  ['RFC 3261 §20.34: Route', 'Route'],
  ['RFC 3261 §20.35: Server', 'Server'],
  ['RFC 3261 §20.36: Subject', 'Subject'],
  ['RFC 3261 §20.37: Supported', 'Supported'],
  ['RFC 3261 §20.38: Timestamp', 'Timestamp'],
  ['RFC 3261 §20.39: To', 'To'],
  ['RFC 3261 §20.40: Unsupported', 'Unsupported'],
  ['RFC 3261 §20.41: User-Agent', 'User-Agent'],
  ['RFC 3261 §20.42: Via', 'Via'],
  ['RFC 3261 §20.43: Warning', 'Warning'],
  ['RFC 3261 §20.44: WWW-Authenticate', 'WWW-Authenticate'],
  ['RFC 3262 §7.1: RSeq', 'RSeq'],
  ['RFC 3262 §7.2: RAck', 'RAck'],
  ['RFC 3323 §4.2: Privacy', 'Privacy'],
  ['RFC 3325 §9.1: P-Asserted-Identity', 'P-Asserted-Identity'],
  ['RFC 3325 §9.2: P-Preferred-Identity', 'P-Preferred-Identity'],
  ['RFC 3326 §2: Reason', 'Reason'],
  ['RFC 3327 §4: Path', 'Path'],
  ['RFC 3329 §2.6: Security-Client', 'Security-Client'],
  ['RFC 3329 §2.6: Security-Server', 'Security-Server'],
  ['RFC 3329 §2.6: Security-Verify', 'Security-Verify'],
  ['RFC 3515 §2.1: Refer-To', 'Refer-To'],
  ['RFC 3608 §5: Service-Route', 'Service-Route'],
  ['RFC 3841 §9.1: Request-Disposition', 'Request-Disposition'],
  ['RFC 3841 §9.2: Accept-Contact', 'Accept-Contact'],
  ['RFC 3841 §9.2: Reject-Contact', 'Reject-Contact'],
  ['RFC 3891 §6.1: Replaces', 'Replaces'],
  ['RFC 3892 §3: Referred-By', 'Referred-By'],
  ['RFC 3903 §11.3.1: SIP-ETag', 'SIP-ETag'],
  ['RFC 3903 §11.3.2: SIP-If-Match', 'SIP-If-Match'],
  ['RFC 3911 §7.1: Join', 'Join'],
  ['RFC 4028 §4: Session-Expires', 'Session-Expires'],
  ['RFC 4028 §5: Min-SE', 'Min-SE'],
  ['RFC 4412 §3.1: Resource-Priority', 'Resource-Priority'],
  ['RFC 4412 §3.2: Accept-Resource-Priority', 'Accept-Resource-Priority'],
  ['RFC 4474 §9: Identity-Info', 'Identity-Info'],
  ['RFC 4488 §4: Refer-Sub', 'Refer-Sub'],
  ['RFC 4538 §6: Target-Dialog', 'Target-Dialog'],
  ['RFC 5373 §3: Answer-Mode', 'Answer-Mode'],
  ['RFC 5373 §3: Priv-Answer-Mode', 'Priv-Answer-Mode'],
  ['RFC 5393 §5.3.3: Max-Breadth', 'Max-Breadth'],
  ['RFC 5626 §11.1: Flow-Timer', 'Flow-Timer'],
  ['RFC 5806 §4: Diversion', 'Diversion'],
  ['RFC 5839 §7.1: Suppress-If-Match', 'Suppress-If-Match'],
  ['RFC 6086 §7.2: Info-Package', 'Info-Package'],
  ['RFC 6086 §7.3: Recv-Info', 'Recv-Info'],
  ['RFC 6442 §4.1: Geolocation', 'Geolocation'],
  ['RFC 6442 §4.2: Geolocation-Routing', 'Geolocation-Routing'],
  ['RFC 6442 §4.4: Geolocation-Error', 'Geolocation-Error'],
  ['RFC 6665 §8.2.1: Event', 'Event'],
  ['RFC 6665 §8.2.2: Allow-Events', 'Allow-Events'],
  ['RFC 6665 §8.2.3: Subscription-State', 'Subscription-State'],
  ['RFC 6809 §6.2: Feature-Caps', 'Feature-Caps'],
  ['RFC 7044 §5: History-Info', 'History-Info'],
  ['RFC 7315 §5.1: P-Associated-URI', 'P-Associated-URI'],
  ['RFC 7315 §5.2: P-Called-Party-ID', 'P-Called-Party-ID'],
  ['RFC 7315 §5.3: P-Visited-Network-ID', 'P-Visited-Network-ID'],
  ['RFC 7315 §5.4: P-Access-Network-Info', 'P-Access-Network-Info'],
  ['RFC 7315 §5.5: P-Charging-Function-Addresses', 'P-Charging-Function-Addresses'],
  ['RFC 7315 §5.6: P-Charging-Vector', 'P-Charging-Vector'],
  ['RFC 7433 §4: User-to-User', 'User-to-User'],
  ['RFC 7989 §5: Session-ID', 'Session-ID'],
  ['RFC 8224 §4: Identity', 'Identity'],
  ['RFC 8262 §3.2: Content-ID', 'Content-ID'],
  ['RFC 8496 §6: P-Charge-Info', 'P-Charge-Info'],
  ['RFC 8876 §5.2: AlertMsg-Error', 'AlertMsg-Error'],
];

describe('the grammar of each header', () => {
  it('is tried for every one that has a grammar', () => {
    const tried = sections.map(([, name]) => headerKey(name)).sort();
    expect(tried).toEqual([...headerGrammars.keys()].sort());
  });

  it.each(sections)('%s takes its own values and no others', (section, name) => {
    const grammar = headerGrammars.get(headerKey(name));
    const values = valuesOf.get(name);
    if (grammar === undefined || values === undefined) throw new Error(`nothing to try of ${name}`);
    expect(section).toBe(`${findHeaderRow(name)?.source}: ${name}`);
    expect(values.valid.filter((value) => !grammar.parse(value).ok)).toEqual([]);
    expect(values.invalid.filter((value) => grammar.parse(value).ok)).toEqual([]);
    for (const value of values.valid) {
      const written = grammar.canonical(value);
      expect(written.ok && grammar.canonical(written.value)).toEqual(written);
    }
  });
});
