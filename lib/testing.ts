// Tools for tests of services and clients.

export { assertMetadata } from './testing/assert-metadata.ts';
export { assertNothingSubscribed, untilNothingSubscribed } from './testing/assert-nothing-subscribed.ts';
export { assertStatus } from './testing/assert-status.ts';
export { type Collected, collect } from './testing/collect.ts';
export type { AnyStatus, ExpectedMetadata, ExpectedStatus } from './testing/expected.ts';
export { marbles } from './testing/marbles.ts';
export { type TestCall, type TestCallOptions, testCall } from './testing/test-call.ts';
export { type Watched, watch } from './testing/watch.ts';
