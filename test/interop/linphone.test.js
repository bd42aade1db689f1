import { afterAll, beforeAll } from 'vitest';
import { freePorts } from '../support/free-ports.js';
import { describeInNamespace } from '../support/namespace.js';
import { startLinphone } from './peers/linphone.js';
import { describeCaller, describePsap } from './phone-suite.js';
import { hostPort, openStage, sideName } from './stage.js';
// linphone takes a service URN as the Request-URI, and a session description in a multipart: its PSAP stands behind the
// server as a real one would, with the caller's location in the call. It stands on one family at a time.
const families = ['ipv4', 'ipv6'];
const sides = families.flatMap((family) => ['udp', 'tcp'].map((transport) => ({ transport, family })));
describeInNamespace('linphone', () => {
    let stage;
    const callers = new Map();
    const psaps = new Map();
    let sippPort = 0;
    beforeAll(async () => {
        const [first = 0, second = 0, third = 0, fourth = 0, fifth = 0] = await freePorts(5);
        sippPort = first;
        const callerPorts = { ipv4: second, ipv6: third };
        const psapPorts = { ipv4: fourth, ipv6: fifth };
        const start = async (family) => {
            const [caller, psap] = await Promise.all([
                startLinphone({ name: `caller-${family}`, user: 'caller', port: callerPorts[family], family }),
                startLinphone({ name: `psap-${family}`, user: 'psap', port: psapPorts[family], family }),
            ]);
            callers.set(family, caller);
            psaps.set(family, psap);
        };
        [stage] = await Promise.all([
            openStage({
                ingresses: { phones: { defaultRouteUri: `sip:psap@${hostPort('ipv4', sippPort)}` }, carrier: {} },
                psaps: Object.fromEntries(sides.map((side) => [
                    sideName(side),
                    `sip:psap@${hostPort(side.family, psapPorts[side.family])};transport=${side.transport}`,
                ])),
            }),
            ...families.map(start),
        ]);
    });
    afterAll(() => Promise.all([...callers.values(), ...psaps.values(), { stop: () => stage?.close() }].map((peer) => peer.stop())));
    const phone = (phones, family) => () => {
        const found = phones.get(family);
        if (found === undefined)
            throw new Error(`no linphone on ${family}`);
        return found;
    };
    for (const { transport, family } of sides) {
        describeCaller(`over ${sideName({ transport, family })}`, {
            stage: () => stage,
            phone: phone(callers, family),
            dialled: () => stage.uri('sos', 'phones', transport, family),
            psapPort: () => sippPort,
            rule: 'sosUser',
        });
    }
    describeCaller('with 911', {
        stage: () => stage,
        phone: phone(callers, 'ipv4'),
        dialled: () => stage.uri('911', 'phones'),
        psapPort: () => sippPort,
        rule: 'dialString',
    });
    describeCaller('with a service URN inside of a SIP URI', {
        stage: () => stage,
        phone: phone(callers, 'ipv4'),
        dialled: () => stage.uri('urn%3aservice%3asos', 'phones'),
        psapPort: () => sippPort,
        rule: 'serviceUrnInSipUri',
    });
    for (const side of sides) {
        describePsap('linphone', {
            stage: () => stage,
            phone: phone(psaps, side.family),
            boundary: sideName(side),
            ingress: 'carrier',
            requestUri: () => 'urn:service:sos',
            side,
            // It takes quotation marks for a part of the boundary, and finds the parts only where that begins with hyphens.
            multipartBoundary: '---frontier',
        });
    }
});
