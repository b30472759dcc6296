import { test } from 'node:test';
import { marbles } from 'rx-grpc/testing';
import { Alert_Kind, type Reading } from '../gen/stations.ts';
import { alerts } from './alerts.ts';

const readings = {
  b: { station: 'north', wind: 3 }, // a breeze
  s: { station: 'north', wind: 30 }, // a storm
} satisfies Record<string, Reading>;
const told = {
  G: { station: 'north', kind: Alert_Kind.GUST },
  S: { station: 'north', kind: Alert_Kind.SILENT },
};

test('a gust is told of at once, and another one a minute later', () => {
  marbles(({ hot, expectObservable }) => {
    const reading$ = hot('s 9999ms s 19999ms b 19999ms b 19999ms s', readings);
    expectObservable(alerts('north', reading$), '^ 80s !').toBe('G 69999ms G', told);
  });
});

test('silence is told of after half a minute, once', () => {
  marbles(({ hot, expectObservable }) => {
    const reading$ = hot('b 19999ms b', readings);
    expectObservable(alerts('north', reading$), '^ 2m !').toBe('50s S', told);
  });
});

test('silence counts from the beginning', () => {
  marbles(({ cold, expectObservable }) => {
    expectObservable(alerts('north', cold<Reading>('-')), '^ 2m !').toBe('30s S', told);
  });
});
