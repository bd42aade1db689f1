export { type EventErrorCode, eventErrors } from './errors.ts';
export { defaultSubscriberLimits, type SubscriberLimits } from './limits.ts';
export { subscriptionTarget } from './parse.ts';
export { Subscriber } from './subscriber.ts';
export { type UsageAction, type UsageEvent, type UsageState, usageTable } from './table.ts';
export type {
  RetryRule,
  SubscriberCounts,
  SubscriberEffect,
  SubscriberEvent,
  SubscriberInput,
  SubscriberOptions,
  SubscriptionEnd,
  SubscriptionFailure,
  SubscriptionRequest,
  SubscriptionState,
  UsageStep,
} from './types.ts';
