import { onBackpressureBuffer, onBackpressureDrop, onBackpressureLatest, type Policy } from 'rx-grpc/operators';
import type { Sighting } from '../gen/camera.ts';

/** What becomes of sightings that come faster than somebody takes them, by its name. */
export const policies = {
  /** The newest is kept. */
  latest: () => onBackpressureLatest<Sighting>(),
  /** The newest of each car is kept. */
  each: () => onBackpressureLatest<Sighting>({ by: ({ car }) => car }),
  /** None is lost: so many may wait, and one more ends the call. */
  buffer: (maxWaiting: number) => onBackpressureBuffer<Sighting>(maxWaiting),
  /** Those that come meanwhile are lost, the newest as well. */
  drop: () => onBackpressureDrop<Sighting>(),
} satisfies Record<string, (maxWaiting: number) => Policy<Sighting>>;
