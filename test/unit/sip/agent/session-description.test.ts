import { describe, expect, it } from 'vitest';
import { type MediaSpec, SessionDescriptions } from '../../../../src/sip/agent/index.ts';
import { seededRandom } from '../../../support/net-link.ts';

const media: MediaSpec = { address: '192.0.2.2', port: 9, direction: 'sendrecv' };

function descriptions(spec: Partial<MediaSpec> = {}): SessionDescriptions {
  return new SessionDescriptions({ ...media, ...spec }, seededRandom(1));
}

/** The lines from `t=` on: what differs between answers. */
function tail(sdp: Buffer): readonly string[] {
  const lines = sdp.toString('latin1').split('\r\n');
  return lines.slice(
    lines.findIndex((line) => line.startsWith('t=')),
    -1,
  );
}

function offer(...lines: string[]): string {
  return ['v=0', 'o=- 1 1 IN IP4 192.0.2.1', 's=-', 'c=IN IP4 192.0.2.1', ...lines, ''].join('\r\n');
}

describe('an offer', () => {
  it('is one stream of PCMU', () => {
    const text = descriptions().offer().toString('latin1');
    expect(text).toMatch(
      /^v=0\r\no=- \d+ 1 IN IP4 192\.0\.2\.2\r\ns=-\r\nc=IN IP4 192\.0\.2\.2\r\nt=0 0\r\n/,
    );
    expect(text.endsWith('m=audio 9 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\na=sendrecv\r\n')).toBe(true);
  });

  it('names an IPv6 address as such', () => {
    expect(descriptions({ address: '2001:db8::2' }).offer().toString()).toContain('c=IN IP6 2001:db8::2\r\n');
  });

  it('has a version that grows, and a session number that stays', () => {
    const one = descriptions();
    const origins = [one.offer(), one.offer()].map((sdp) => /o=- (\d+) (\d+)/.exec(sdp.toString()));
    expect(origins[0]?.[1]).toBe(origins[1]?.[1]);
    expect(origins.map((origin) => origin?.[2])).toEqual(['1', '2']);
  });
});

describe('an answer', () => {
  const rows: readonly {
    readonly name: string;
    readonly offered: readonly string[];
    readonly answered: readonly string[];
    readonly direction?: MediaSpec['direction'];
  }[] = [
    {
      name: 'takes PCMU among others',
      offered: ['t=0 0', 'm=audio 4000 RTP/AVP 96 8 0', 'a=rtpmap:96 opus/48000/2'],
      answered: ['t=0 0', 'm=audio 9 RTP/AVP 0', 'a=rtpmap:0 PCMU/8000', 'a=sendrecv'],
    },
    {
      name: 'takes what is first where PCMU is not offered, with its mapping',
      offered: ['t=0 0', 'm=audio 4000 RTP/SAVPF 96 97', 'a=rtpmap:96 opus/48000/2'],
      answered: ['t=0 0', 'm=audio 9 RTP/SAVPF 96', 'a=rtpmap:96 opus/48000/2', 'a=sendrecv'],
    },
    {
      name: 'needs no mapping for a static payload type',
      offered: ['t=0 0', 'm=audio 4000 RTP/AVP 8'],
      answered: ['t=0 0', 'm=audio 9 RTP/AVP 8', 'a=sendrecv'],
    },
    {
      name: 'refuses other media and keeps their places',
      offered: ['t=0 0', 'm=text 5000 RTP/AVP 98', 'm=audio 4000 RTP/AVP 0', 'm=video 6000 RTP/AVP 31 34'],
      answered: [
        't=0 0',
        'm=text 0 RTP/AVP 98',
        'm=audio 9 RTP/AVP 0',
        'a=rtpmap:0 PCMU/8000',
        'a=sendrecv',
        'm=video 0 RTP/AVP 31 34',
      ],
    },
    {
      name: 'refuses a second audio stream, and one that the offer itself refuses',
      offered: ['t=0 0', 'm=audio 0 RTP/AVP 0', 'm=audio 4000/2 RTP/AVP 0', 'm=audio 4002 RTP/AVP 0'],
      answered: [
        't=0 0',
        'm=audio 0 RTP/AVP 0',
        'm=audio 9 RTP/AVP 0',
        'a=rtpmap:0 PCMU/8000',
        'a=sendrecv',
        'm=audio 0 RTP/AVP 0',
      ],
    },
    {
      name: 'repeats the time of the offer',
      offered: ['t=2873397496 2873404696', 'm=audio 4000 RTP/AVP 0'],
      answered: ['t=2873397496 2873404696', 'm=audio 9 RTP/AVP 0', 'a=rtpmap:0 PCMU/8000', 'a=sendrecv'],
    },
    {
      name: 'only receives where the offer only sends',
      offered: ['t=0 0', 'm=audio 4000 RTP/AVP 0', 'a=sendonly'],
      answered: ['t=0 0', 'm=audio 9 RTP/AVP 0', 'a=rtpmap:0 PCMU/8000', 'a=recvonly'],
    },
    {
      name: 'only sends where the whole session only receives',
      offered: ['t=0 0', 'a=recvonly', 'm=audio 4000 RTP/AVP 0'],
      answered: ['t=0 0', 'm=audio 9 RTP/AVP 0', 'a=rtpmap:0 PCMU/8000', 'a=sendonly'],
    },
    {
      name: 'is inactive where either side is',
      offered: ['t=0 0', 'm=audio 4000 RTP/AVP 0', 'a=sendrecv'],
      answered: ['t=0 0', 'm=audio 9 RTP/AVP 0', 'a=rtpmap:0 PCMU/8000', 'a=inactive'],
      direction: 'inactive',
    },
    { name: 'to an offer without streams has none', offered: ['t=0 0'], answered: ['t=0 0'] },
  ];
  for (const row of rows) {
    it(row.name, () => {
      const answer = descriptions(row.direction === undefined ? {} : { direction: row.direction });
      expect(tail(answer.answer(offer(...row.offered)))).toEqual(row.answered);
    });
  }
});
