import { Observable, ReplaySubject, type Subscription, take } from 'rxjs';

/**
 * The single request of a call, for attempt after attempt. Its source is subscribed to by the first one, and stays subscribed
 * until it ends or `until` is unsubscribed.
 */
export function replayOne<I>(request$: Observable<I>, until: Subscription): Observable<I> {
  // The second is refused by each attempt. There is no need for a third.
  const requests = new ReplaySubject<I>(2);
  let isRead = false;
  return new Observable(output => {
    requests.subscribe(output);
    if (isRead) return;
    isRead = true;
    until.add(request$.pipe(take(2)).subscribe(requests));
  });
}
