import { type Connectable, type ConnectableObservable, Observable, type Subject } from 'rxjs';

/** Passes the values of a source through a Subject. */
export function through(subject: Subject<any>, source$: Observable<any>): Observable<any> {
  return new Observable(output => {
    subject.subscribe(output);
    output.add(source$.subscribe(subject));
  });
}

/** A connectable that connects when it is subscribed. */
export function connected(connectable$: Connectable<any> | ConnectableObservable<any>): Observable<any> {
  return new Observable(output => {
    connectable$.subscribe(output);
    output.add(connectable$.connect());
  });
}
