export { announcedHostFor, endpointText, type Family, familyOf } from './addresses.ts';
export { type AgentHost, type AgentHostOptions, startAgentHost } from './agent-host.ts';
export type { CloseReason, StreamCounts, TransportCounts } from './counts.ts';
export { type PsapOptions, startPsap } from './demo-psap.ts';
export { type DnsCacheLimits, defaultDnsCacheLimits } from './dns-cache.ts';
export { type NetErrorCode, netErrors } from './errors.ts';
export {
  defaultHealthLimits,
  type HealthAddress,
  HealthBook,
  type HealthLimits,
  type HealthReport,
  type HealthState,
} from './health.ts';
export { type AddressGuard, addressGuard } from './http-address-guard.ts';
export { HttpFetcher, type HttpFetcherOptions } from './http-fetcher.ts';
export { canonicalHost, hostMatcher } from './http-target.ts';
export type {
  HttpAnswer,
  HttpCounts,
  HttpCredentials,
  HttpLimits,
  HttpQuestion,
  HttpRules,
  PatienceLimits,
} from './http-types.ts';
export { defaultNetLimits } from './limits.ts';
export { LostDiscovery, type LostDiscoveryOptions, type LostPurpose } from './lost-discovery.ts';
export { type NextHopFilter, nextHopFilter } from './next-hop-filter.ts';
export { defaultTransportOrder, type FamilyPolicy, type TransportOrder } from './next-hop-plan.ts';
export { type CallOutcome, type LadderEntry, type PlaceCallOptions, placeCall } from './place-call.ts';
export {
  defaultResolveTimeoutMs,
  defaultUdpRequestBytesMax,
  type Resolved,
  Resolver,
  type ResolverCounts,
  type ResolverOptions,
} from './resolver.ts';
export {
  type CoreEffect,
  type DriverCounts,
  type SipCore,
  SipDriver,
  type SipDriverOptions,
  type WireInput,
} from './sip-driver.ts';
export type { StrangerKind } from './strangers.ts';
export { systemClock, systemRandom } from './system.ts';
export type { TcpProbe } from './tcp-reach.ts';
export { type ServerCertificates, TlsCertificates } from './tls-certificates.ts';
export type { CertificateInfo } from './tls-context.ts';
export { type AltName, parseAltNames } from './tls-identity.ts';
export {
  type CertificateFiles,
  defaultTlsClient,
  type TlsClientSettings,
  type TlsProfile,
  type TlsVersion,
} from './tls-profile.ts';
export { type NetCounts, Transports, type TransportsOptions } from './transports.ts';
export type { ListenOptions, NetLimits, OnMessage, OnSendFailed, StreamLimits, UdpLimits } from './types.ts';
export type { UdpBatchMode } from './udp-socket.ts';
