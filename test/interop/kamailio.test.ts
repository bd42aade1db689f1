import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { freePorts } from '../support/free-ports.ts';
import { describeInNamespace, namespaceAddress } from '../support/namespace.ts';
import { type Authority, makeAuthority } from '../support/net-tls.ts';
import { pointInfo } from '../system/emergency.ts';
import { startBaresip } from './peers/baresip.ts';
import { type KamailioPart, startKamailio } from './peers/kamailio.ts';
import { sippCaller, sippPsap } from './peers/sipp.ts';
import type { Phone } from './phone.ts';
import { describeCaller, describePsap } from './phone-suite.ts';
import { hopsOf, hostPort, openStage, type Stage } from './stage.ts';

// Kamailio as a carrier in front, which adds the location that its phones (baresip) do not know, and as a PSAP's edge
// behind, which takes the service URN and the location away that its phones cannot read. It stays in both dialogs.

const transports = ['udp', 'tcp', 'tls'] as const;
type KamailioTransport = (typeof transports)[number];

describeInNamespace('Kamailio', () => {
  let stage: Stage;
  let authority: Authority;
  let caller: Phone;
  let callTaker: Phone;
  const ports = new Map<string, number>();
  const stops: (() => Promise<void>)[] = [];
  const port = (name: string) => ports.get(name) ?? 0;
  const tlsPort = (transport: KamailioTransport, udpAndTcp: number) =>
    udpAndTcp + (transport === 'tls' ? 1 : 0);

  beforeAll(async () => {
    const names = [
      'sipp',
      'caller',
      'callTaker',
      'edge',
      'moved',
      ...transports.map((name) => `carrier-${name}`),
    ];
    for (const [index, free] of (await freePorts(names.length)).entries())
      ports.set(names[index] ?? '', free);
    authority = await makeAuthority();
    const made = await authority.issue({
      altNames: Object.values(namespaceAddress).map((address) => `IP:${address}`),
    });
    const tls = { ...made, caFile: authority.caFile };
    const certificateFile = join(authority.folder, 'baresip.pem');
    writeFileSync(certificateFile, `${made.cert}\n${made.key}`);
    const sipp = `sip:psap@${hostPort('ipv4', port('sipp'))}`;
    const edge = (transport: KamailioTransport) =>
      `sip:psap@${hostPort('ipv4', tlsPort(transport, port('edge')))};transport=${transport}`;
    stage = await openStage({
      ingresses: { default: {}, passing: { redirects: 'pass' } },
      secure: { transports: ['tls'], authority },
      psaps: {
        sipp,
        moved: `sip:psap@${hostPort('ipv4', port('moved'))}`,
        ...Object.fromEntries(transports.map((transport) => [`edge-${transport}`, edge(transport)])),
      },
    });
    const start = async (name: string, part: KamailioPart) => {
      const { stop } = await startKamailio({ name, port: port(name), part, tls });
      stops.push(stop);
    };
    for (const transport of transports)
      await start(`carrier-${transport}`, {
        kind: 'carrier',
        nextHop: stage.uri('sos', 'default', transport).replace('sos@', ''),
        locationInfo: pointInfo(stage.place('sipp')),
      });
    await start('edge', { kind: 'edge', phone: `sip:sos@${hostPort('ipv4', port('callTaker'))}` });
    await start('moved', { kind: 'redirecting', contact: sipp });
    caller = await startBaresip({ name: 'caller', user: 'caller', port: port('caller') });
    callTaker = await startBaresip({ name: 'psap', user: 'sos', port: port('callTaker') });
    stops.push(
      () => caller.stop(),
      () => callTaker.stop(),
    );
  });

  afterAll(async () => {
    await Promise.all([...stops.map((stop) => stop()), stage?.close()]);
    authority?.remove();
  });

  for (const transport of transports) {
    describeCaller(`baresip behind Kamailio over ${transport.toUpperCase()}`, {
      stage: () => stage,
      phone: () => caller,
      dialled: () => `sip:sos@${hostPort('ipv4', port(`carrier-${transport}`))}`,
      psapPort: () => port('sipp'),
      rule: 'sosUser',
      boundary: 'sipp',
    });

    describePsap('baresip behind Kamailio', {
      stage: () => stage,
      phone: () => callTaker,
      boundary: `edge-${transport}`,
      ingress: 'default',
      requestUri: () => 'urn:service:sos',
      side: { transport, family: 'ipv4' },
      refusal: 486,
    });
  }

  it('redirects as a PSAP, and the call goes to where it says', async () => {
    const psap = await sippPsap(port('sipp'), 'isHungUpOn', { transport: 'udp' });
    const call = await sippCaller(
      stage.address('default'),
      { requestUri: 'urn:service:sos', locationInfo: pointInfo(stage.place('moved')) },
      'hangsUp',
      { transport: 'udp' },
    );
    await Promise.all([call.done(), psap.done()]);
    const record = await stage.record(call.callId(), 'ended');
    expect(hopsOf(record)).toEqual(['udp 302', 'udp 200']);
    expect(psap.messages()[0]?.startLine).toBe('INVITE urn:service:sos SIP/2.0');
  });
}, ['sipp', 'baresip', 'kamailio']);
