import { defineErrors } from '../base/index.ts';

/** Error codes of the network adapters. */
export const netErrors = defineErrors({
  'net.listenFailed': { kind: 'dependency', meaning: 'A listener cannot be bound to its address and port.' },
  'net.stopped': { kind: 'dependency', meaning: 'The transports are not running: nothing can be sent.' },
  'net.noListener': {
    kind: 'dependency',
    meaning: 'No listener of ours has the transport and address family that a destination needs.',
  },
  'net.unsupportedTransport': { kind: 'reject', meaning: 'A transport that this server does not speak.' },
  'net.datagramTooLarge': {
    kind: 'reject',
    meaning: 'A message that is too large for one UDP datagram.',
  },
  'net.sendFailed': { kind: 'dependency', meaning: 'The operating system refused to send a datagram.' },
  'net.connectFailed': {
    kind: 'dependency',
    meaning: 'A connection to the peer could not be opened in time.',
  },
  'net.connectionLost': {
    kind: 'dependency',
    meaning: 'The connection closed before the message was handed over.',
  },
  'net.writeQueueFull': {
    kind: 'dependency',
    meaning: 'The peer reads too slowly: its connection was closed with its queue full.',
  },
  'net.connectionGone': {
    kind: 'dependency',
    meaning: 'The one connection that a message may go on is closed.',
  },
  'net.tlsCertificate': {
    kind: 'config',
    meaning: 'A certificate, its key or its authorities cannot be used.',
  },
  'net.tlsHandshake': { kind: 'dependency', meaning: 'The peer and we could not agree on a TLS session.' },
  'net.tlsIdentity': {
    kind: 'dependency',
    meaning: 'The peer did not prove to be the host that was resolved.',
  },
  'net.connectionLimit': { kind: 'reject', meaning: 'As many connections are open as the limits allow.' },
  'net.nextHopRefused': {
    kind: 'reject',
    meaning: 'The address lies outside of the networks that calls may be sent to.',
  },
  'net.badNetwork': { kind: 'config', meaning: 'A network is not written as address or address/prefix.' },
  'net.nameNotFound': { kind: 'dependency', meaning: 'The host name has no address that can be used.' },
  'net.nameTimeout': { kind: 'dependency', meaning: 'The name servers did not answer in time.' },
  'net.nameServersFailed': {
    kind: 'dependency',
    meaning: 'Every name server refused, failed or could not be understood.',
  },
  'net.httpUriRefused': {
    kind: 'reject',
    meaning: 'A URI that is not fetched: its scheme, its port, a user in it, or its form.',
  },
  'net.httpHostRefused': { kind: 'reject', meaning: 'The host is not one of those that may be asked.' },
  'net.httpAddressRefused': {
    kind: 'reject',
    meaning: 'The host lies at addresses that are not public and that no listed network has.',
  },
  'net.httpBusy': { kind: 'reject', meaning: 'As many documents are being fetched as the limits allow.' },
  'net.httpTimeout': { kind: 'dependency', meaning: 'The answer was not there, or not whole, in time.' },
  'net.httpConnectFailed': {
    kind: 'dependency',
    meaning: 'No connection to the HTTP server could be opened.',
  },
  'net.httpTls': {
    kind: 'dependency',
    meaning: 'The HTTP server did not prove to be the host, or no TLS session came about.',
  },
  'net.httpBroken': {
    kind: 'dependency',
    meaning: 'The connection ended before the answer did, or what came is not HTTP.',
  },
  'net.httpTooLarge': { kind: 'dependency', meaning: 'The answer is larger than the limit.' },
  'net.httpEncoding': {
    kind: 'dependency',
    meaning: 'The answer is compressed in a way that cannot be undone within the limits.',
  },
  'net.httpRedirect': {
    kind: 'dependency',
    meaning: 'The server redirects once too often, or to where nothing can be fetched.',
  },
  'net.httpStatus': { kind: 'dependency', meaning: 'The HTTP server answered with another status than 2xx.' },
  'net.callFailed': {
    kind: 'dependency',
    meaning: 'A call could not be placed: nothing is listening or reachable there.',
  },
});

/** Codes of {@link netErrors}. */
export type NetErrorCode = keyof typeof netErrors;
