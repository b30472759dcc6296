import { load, type Method } from 'rx-grpc';

export interface Frame {
  readonly number: number;
  readonly picture: Uint8Array;
}

interface CameraService {
  readonly Watch: Method<{ readonly policy: number }, Frame, false, true>;
}

const loaded = await load(new URL('../../protos/camera.proto', import.meta.url));

export const Camera: CameraService = loaded.Camera;

export const Policy: { readonly LATEST: number; readonly BUFFER: number; readonly DROP: number } = loaded.Policy;
