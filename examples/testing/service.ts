import { load, type Method } from 'rx-grpc';

export interface Reading {
  readonly station: string;
  readonly wind: number;
}

export interface Summary {
  readonly readings: number;
  readonly strongest: number;
}

export interface Alert {
  readonly station: string;
  readonly kind: number;
}

interface StationsService {
  readonly Report: Method<Reading, Summary, true, false>;
  readonly Watch: Method<{ readonly station: string }, Alert, false, true>;
  readonly [name: string]: Method;
}

const loaded = await load(new URL('../../protos/stations.proto', import.meta.url));

export const Stations: StationsService = loaded.Stations;

export const AlertKind: { readonly GUST: number; readonly SILENT: number } = loaded['stations.Alert.Kind'];
