export type { Destination, Endpoint, Flow, Listener, Transport } from './flow.ts';
