// What a script finds in a browser and not in Node.js, as far as the two SIP stacks ask for it: a WebSocket that sends
// the page's origin, and the media side of WebRTC, whose place takes a peer connection that invents its descriptions.
// Signalling is what is tested; no media is ever sent.
import { readFileSync } from 'node:fs';
import { WebSocket } from 'ws';

/** The page that the script is from. */
export const pageOrigin = 'https://pages.example.org';

const audioLines = [
  'v=0',
  'o=browser 4611731400430051336 2 IN IP4 127.0.0.1',
  's=-',
  't=0 0',
  'a=group:BUNDLE 0',
  'm=audio 40000 UDP/TLS/RTP/SAVPF 111 0',
  'c=IN IP4 127.0.0.1',
  'a=rtcp:9 IN IP4 0.0.0.0',
  'a=ice-ufrag:F7gI',
  'a=ice-pwd:x9cml/YzichV2+XlhiMu8g',
  'a=fingerprint:sha-256 D2:FA:0E:C3:22:59:5E:14:95:69:92:3D:13:B4:84:24:2C:C2:A2:C0:3E:FD:34:8E:5E:EA:6F:AF:52:CE:E6:0F',
];

/** A session description as a browser writes one; `role` is `actpass` in an offer and `active` in an answer. */
export function sessionDescription(role) {
  return [
    ...audioLines,
    `a=setup:${role}`,
    'a=mid:0',
    'a=sendrecv',
    'a=rtcp-mux',
    'a=rtpmap:111 opus/48000/2',
    'a=rtpmap:0 PCMU/8000',
    '',
  ].join('\r\n');
}

/** Puts the globals in place. `onMessage` is told of every WebSocket message, `out` or `in`. */
export function becomeBrowser({ caFile, onMessage }) {
  const ca = caFile === undefined ? undefined : readFileSync(caFile);
  globalThis.WebSocket = class extends WebSocket {
    constructor(url, protocols) {
      super(url, protocols, { ca, origin: pageOrigin });
      this.on('message', (data) => onMessage('in', data.toString('latin1')));
    }

    send(data, ...rest) {
      onMessage('out', Buffer.from(data).toString('latin1'));
      super.send(data, ...rest);
    }
  };
  globalThis.window = globalThis;
  globalThis.RTCPeerConnection = InventedPeerConnection;
  globalThis.RTCSessionDescription = class {
    constructor({ type, sdp }) {
      this.type = type;
      this.sdp = sdp;
    }
  };
}

/** The microphone's stream: nothing in it. */
export const emptyStream = {
  getTracks: () => [],
  getAudioTracks: () => [],
  getVideoTracks: () => [],
  removeTrack: () => undefined,
};

class InventedPeerConnection {
  iceConnectionState = 'new';
  iceGatheringState = 'complete';
  signalingState = 'stable';
  localDescription = null;
  remoteDescription = null;

  addEventListener() {}

  removeEventListener() {}

  addTrack() {}

  getSenders() {
    return [];
  }

  async createOffer() {
    return { type: 'offer', sdp: sessionDescription('actpass') };
  }

  async createAnswer() {
    return { type: 'answer', sdp: sessionDescription('active') };
  }

  async setLocalDescription(description) {
    this.localDescription = description;
    this.signalingState = description.type === 'offer' ? 'have-local-offer' : 'stable';
  }

  async setRemoteDescription(description) {
    if (!/^m=audio /m.test(description.sdp)) throw new Error('no audio in the description');
    this.remoteDescription = description;
    this.signalingState = description.type === 'offer' ? 'have-remote-offer' : 'stable';
  }

  close() {
    this.signalingState = 'closed';
  }
}
