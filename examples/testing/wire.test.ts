import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Code, close, connect, implement, serve } from 'rx-grpc';
import { assertStatus, collect, untilNothingSubscribed } from 'rx-grpc/testing';
import { of, Subject } from 'rxjs';
import { Stations } from '../gen/stations.ts';
import { stations } from './stations.ts';

test('over a socket, on a port that is free', async () => {
  const server = await serve('http://127.0.0.1:0', implement(Stations, stations(new Subject())));
  const client = connect(Stations, server.target);
  try {
    const { responses, status } = await collect(client.report, of({ station: 'north', wind: 3 }));
    assertStatus(status, { code: Code.OK });
    assert.deepEqual(responses, [{ readings: 1, strongest: 3 }]);
    await untilNothingSubscribed(client, server);
  } finally {
    close(client);
    await server.shutdown();
  }
});
