import { defineOperation } from '../operation.ts';
import { jsonReply } from '../problem.ts';
import { certificatesSchema, certificateToWire, nextHopsSchema } from '../wire/network.ts';

/** The state of the addresses that calls are sent to. */
export const listNextHops = defineOperation({
  id: 'listNextHops',
  method: 'get',
  path: '/api/v1/next-hops',
  tag: 'Monitoring',
  summary: 'The next hops that calls had trouble with, by transport and address.',
  description: 'An address that never failed is not listed.',
  access: 'key',
  replies: [
    {
      status: 200,
      description: 'All that something is known of.',
      mediaType: 'application/json',
      schema: nextHopsSchema,
      example: {
        items: [
          {
            transport: 'tls',
            address: '192.0.2.30',
            port: 5061,
            state: 'down',
            forMs: 840,
            downs: 1,
            silences: 0,
          },
        ],
      },
    },
  ],
  problems: [],
  handle({ ports }) {
    return jsonReply(200, { items: ports.nextHops().map((hop) => ({ ...hop })) });
  },
});

/** The server's own certificates in use. */
export const listCertificates = defineOperation({
  id: 'listCertificates',
  method: 'get',
  path: '/api/v1/certificates',
  tag: 'Monitoring',
  summary: 'The certificates that this server shows, and until when they are valid.',
  access: 'key',
  replies: [
    {
      status: 200,
      description: 'Those that are in use now.',
      mediaType: 'application/json',
      schema: certificatesSchema,
      example: {
        items: [
          {
            file: '/etc/firstline/esrp.pem',
            subjectAltName: 'URI:sip:esrp.example.net, DNS:esrp.example.net',
            validUntil: '2027-03-01T00:00:00.000Z',
          },
        ],
      },
    },
  ],
  problems: [],
  handle({ ports }) {
    return jsonReply(200, { items: ports.certificates().map(certificateToWire) });
  },
});
