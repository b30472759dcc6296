import { Observable, type Subscriber } from 'rxjs';

/**
 * The output of an operator. It keeps its `source`, as those of rxjs do, and by that a group or a window is known for what
 * it is behind our operators as well.
 */
export function derived<R>(source: Observable<any>, subscribe: (output: Subscriber<R>) => void): Observable<R> {
  const output$ = new Observable<R>(output => {
    try {
      subscribe(output);
    } catch (error) {
      output.error(error); // rxjs leaves this to whatever has a source
    }
  });
  output$.source = source;
  return output$;
}
