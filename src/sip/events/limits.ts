/** Bounds of a subscriber. */
export interface SubscriberLimits {
  /** Subscriptions open at once, those that are being ended included; a further one fails at once. */
  readonly subscriptionsMax: number;
  /** Dialogs that one subscription may have where its SUBSCRIBE forks; a further one gets 481. */
  readonly dialogsPerSubscriptionMax: number;
  /** Largest body of a NOTIFY; a larger one gets 413. */
  readonly bodyBytesMax: number;
  /** NOTIFYs of one subscription in a second; a further one gets 503 with a Retry-After. */
  readonly notifiesPerSecondMax: number;
  /** Redirects that one subscription follows. */
  readonly redirectsMax: number;
  /** Addresses of one destination that are tried. */
  readonly addressesMax: number;
  /** Longest duration that a 423 may make us ask for, in seconds. */
  readonly expiresMaxS: number;
}

/** For a server that asks for locations. */
export const defaultSubscriberLimits: SubscriberLimits = {
  subscriptionsMax: 1_000,
  dialogsPerSubscriptionMax: 8,
  bodyBytesMax: 131_072,
  notifiesPerSecondMax: 10,
  redirectsMax: 2,
  addressesMax: 4,
  expiresMaxS: 86_400,
};
